#ifndef WAYSTATION_SERVICES_DOL_REFERRING_H_
#define WAYSTATION_SERVICES_DOL_REFERRING_H_

#include "absl/status/status.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/casework/procedures.h"
#include "waystation/dol/v1/dol_service.pb.h"

// A call passed on: to DOJ for an investigation, or to HHS for a child without
// law enforcement. Single-threaded: the transaction.

namespace waystation::dol {

// What DOL takes and sends.
casework::Procedures MakeProcedures();

// The rpcs of DolService, whose errors they have.
absl::Status ReferCall(const casework::Procedures& procedures, const agency::Officer& officer,
                       const v1::ReferCallRequest& request, agency::Tx& tx,
                       v1::ReferCallResponse& response);
absl::Status ReferChild(const casework::Procedures& procedures, const agency::Officer& officer,
                        const v1::ReferChildRequest& request, agency::Tx& tx,
                        v1::ReferChildResponse& response);

}  // namespace waystation::dol

#endif  // WAYSTATION_SERVICES_DOL_REFERRING_H_
