#ifndef WAYSTATION_SERVICES_DOL_CALL_VIEW_H_
#define WAYSTATION_SERVICES_DOL_CALL_VIEW_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/agency/case.h"
#include "services/dol/record.pb.h"

// A call as the line's staff see it. Single-threaded: the transaction.

namespace waystation::dol {

// The required fields that a plan lacks, e.g. "way, hours".
std::string MissingIn(const types::v1::SafeContactPlan& plan);

// Whether the plan lacks none: only then may anybody call.
inline bool InForce(const types::v1::SafeContactPlan& plan) { return MissingIn(plan).empty(); }

// The latest referral of a call by a procedure, null when there is none. An
// earlier one has ended without help.
const v1::CallReferral* Latest(const v1::Call& call, std::string_view procedure);

// Whether the person is treated as a child today. Errors: as agency::ToAge.
absl::StatusOr<bool> IsChild(const v1::Call& call, agency::Tx& tx);

// The call with its links, how its referrals stand, and who holds the next move.
absl::StatusOr<v1::Call> ShowCall(const record::StoredCall& stored, agency::Tx& tx);

// The same without what was said, for lists.
absl::StatusOr<v1::Call> ShowInList(const record::StoredCall& stored, agency::Tx& tx);

}  // namespace waystation::dol

#endif  // WAYSTATION_SERVICES_DOL_CALL_VIEW_H_
