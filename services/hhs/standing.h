#ifndef WAYSTATION_SERVICES_HHS_STANDING_H_
#define WAYSTATION_SERVICES_HHS_STANDING_H_

#include "absl/status/status.h"
#include "common/agency/case.h"
#include "waystation/hhs/v1/hhs_service.pb.h"

namespace waystation::hhs {

// Tells the auditor how far the certification is that each notice on the case made
// due; nothing of a case that no notice is on. `shown` is the case as `Show` gives
// it. Single-threaded: the transaction.
absl::Status ReportStanding(const v1::CertificationCase& shown, agency::Tx& tx);

}  // namespace waystation::hhs

#endif  // WAYSTATION_SERVICES_HHS_STANDING_H_
