#ifndef WAYSTATION_SERVICES_AUDIT_FINDING_ROWS_H_
#define WAYSTATION_SERVICES_AUDIT_FINDING_ROWS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/agency/store.h"
#include "waystation/audit/v1/finding.pb.h"

// Findings as rows of the store: sealed, with what is asked for beside them. A
// finding's position is that of its last opening, so a list in its order does not
// move while it is read. Thread-safe functions.

namespace waystation::audit {

struct FindingQuery;

const agency::Schema& FindingSchema();

// An empty finding when there is none. Errors: DATA_LOSS.
absl::StatusOr<v1::Finding> LoadFinding(agency::Transaction& tx, const std::string& id);

// The same for who may see it; an empty `seen_by` sees all. Errors: NOT_FOUND
// (FINDING_UNKNOWN) none, or not for `seen_by`; DATA_LOSS.
absl::StatusOr<v1::Finding> LoadSeenFinding(agency::Transaction& tx, const std::string& id,
                                            const std::string& seen_by);

// Writes it with the next revision, and the next position when it was opened.
absl::Status SaveFinding(agency::Transaction& tx, v1::Finding* finding);

// Findings with their positions, newest first. Errors: DATA_LOSS.
absl::StatusOr<std::vector<std::pair<int64_t, v1::Finding>>> QueryFindings(
    agency::Transaction& tx, const FindingQuery& query);

// Findings that opened, opened again or ended since their parties were told last, at
// most `limit`. Errors: DATA_LOSS.
absl::StatusOr<std::vector<v1::Finding>> UntoldFindings(agency::Transaction& tx, int limit);
// Its parties were told of it as it is here.
absl::Status MarkTold(agency::Transaction& tx, const v1::Finding& finding);

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_FINDING_ROWS_H_
