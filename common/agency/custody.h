#ifndef WAYSTATION_COMMON_AGENCY_CUSTODY_H_
#define WAYSTATION_COMMON_AGENCY_CUSTODY_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/agency/bus.h"
#include "common/agency/outbox.h"
#include "common/agency/store.h"

// Whether the bus still has what it gave custody receipts for. It has not when its
// journal was lost and came back from an older copy: then each sender sends again
// what is gone, the same bytes that it never threw away. Private to the runtime.

namespace waystation::agency {

// Asks for the message that the bus kept last. When that is gone, or has another
// receipt, asks for every one, and lets those that are gone wait to be sent again.
// Returns how many those are. Blocks for at most `timeout` for each kOutcomesAskedMax
// messages. Errors: the bus's and the store's; nothing is changed then.
absl::StatusOr<uint64_t> SendAgainWhatIsGone(Store& store, Bus& bus, absl::Duration timeout);

// A message that is sent again was refused for good, e.g. because its certificate ran
// out since: it stays kept under its former receipt, with the reason.
absl::Status GiveUpAgain(Transaction& db, std::string_view message_id, const absl::Status& refusal);

// Whether the bus refuses a step for where it has the referral.
bool IsOutOfStep(const absl::Status& refusal);

// Whether the bus has less of the referral than it has told us or brought us: it is
// behind, and what it refuses for that it may take later. `ledger` is its answer to
// where the referral stands. Errors: the store's.
absl::StatusOr<bool> IsBehind(Transaction& db, std::string_view referral_id,
                              const absl::StatusOr<bus::v1::Referral>& ledger);

// The referral that decides whether a message is in step: a linked request's parent or
// predecessor, else its own.
std::string DecidingReferral(const OutboxRow& row);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_CUSTODY_H_
