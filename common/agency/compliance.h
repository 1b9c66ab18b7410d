#ifndef WAYSTATION_COMMON_AGENCY_COMPLIANCE_H_
#define WAYSTATION_COMMON_AGENCY_COMPLIANCE_H_

#include <string_view>

#include "absl/status/status.h"
#include "common/agency/case.h"
#include "waystation/audit/v1/compliance.pb.h"

// What an agency tells the auditor, because a rule of his must know it and no
// header says it. It goes with the effect or not at all, never hinders it, and
// goes nowhere on a bus that has no auditor.
//
// Single-threaded: the transaction.

namespace waystation::agency {

// Says how something stands now; `event.time` is filled in. Errors: of the store.
absl::Status Report(audit::v1::ComplianceEvent event, Tx& tx);

// What a referral that we open is for. The runtime calls it for each request.
absl::Status ReportProcedure(std::string_view referral_id, std::string_view procedure, Tx& tx);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_COMPLIANCE_H_
