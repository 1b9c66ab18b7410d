#ifndef WAYSTATION_COMMON_CASEWORK_INCOMING_H_
#define WAYSTATION_COMMON_CASEWORK_INCOMING_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/case.h"
#include "common/casework/procedures.h"

// What comes from the bus. Single-threaded: the transaction.

namespace waystation::casework {

// Whether a message is casework's: a request with a body that a procedure of
// ours has, or a step on a referral of ours that casework filed.
absl::StatusOr<bool> IsOurs(const Procedures& procedures, const agency::CaseMessage& message,
                            agency::Tx& tx);

// Applies a message that came, as Handler::OnCase. A request that no procedure
// of ours takes, that lacks its form, or that a bar of the procedure stops goes
// back at once.
absl::Status OnCase(const Procedures& procedures, const agency::CaseMessage& message,
                    agency::Tx& tx);

// Undoes what a message of ours would have made true, as Handler::OnRefused. A
// change of scope that came too late for the referral's version goes out again
// from the present one: a withdrawal may not be lost.
absl::Status OnRefused(const Procedures& procedures, const agency::CaseMessage& message,
                       const absl::Status& refusal, agency::Tx& tx);

}  // namespace waystation::casework

#endif  // WAYSTATION_COMMON_CASEWORK_INCOMING_H_
