#ifndef WAYSTATION_COMMON_AGENCY_FINDINGS_H_
#define WAYSTATION_COMMON_AGENCY_FINDINGS_H_

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/case.h"
#include "common/agency/store.h"
#include "waystation/audit/v1/finding.pb.h"

// Table `told_finding`: what the auditor told this agency of findings that it is a party
// to, each by its newest revision.

namespace waystation::agency {

// Takes a notice; an older revision than the one that is there does nothing. Private
// to the runtime. Errors: PERMISSION_DENIED (NOT_THE_AUDITOR) another sender;
// INVALID_ARGUMENT (MEMO_MALFORMED).
absl::Status TakeFinding(const MemoMessage& memo, std::string_view auditor, Transaction& db);

// Open findings, the one to act on first first, at most `limit`. Errors: DATA_LOSS.
absl::StatusOr<std::vector<audit::v1::Finding>> OpenFindings(Transaction& db, int limit);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_FINDINGS_H_
