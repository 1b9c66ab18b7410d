#ifndef WAYSTATION_SERVICES_INS_DECISIONS_H_
#define WAYSTATION_SERVICES_INS_DECISIONS_H_

#include "absl/status/status.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/ids/random.h"
#include "waystation/ins/v1/ins_service.pb.h"

// A decision takes two officials: the first proposes, nothing is sent; the second
// confirms, and only then the answer goes out. Both functions are rpcs of
// InsService, whose errors they have; open to the adjudicating unit alone.
//
// Single-threaded: the transaction.

namespace waystation::ins {

absl::Status ProposeDecision(const agency::Officer& officer,
                             const v1::ProposeDecisionRequest& request, const RandomSource& random,
                             agency::Tx& tx, v1::ProposeDecisionResponse& response);

absl::Status ConfirmDecision(const agency::Officer& officer,
                             const v1::ConfirmDecisionRequest& request, const RandomSource& random,
                             agency::Tx& tx, v1::ConfirmDecisionResponse& response);

}  // namespace waystation::ins

#endif  // WAYSTATION_SERVICES_INS_DECISIONS_H_
