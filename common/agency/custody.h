#ifndef WAYSTATION_COMMON_AGENCY_CUSTODY_H_
#define WAYSTATION_COMMON_AGENCY_CUSTODY_H_

#include <cstdint>
#include <string>
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

// What a look after the bus's custody has done so far.
struct CustodyLook {
  uint64_t gone = 0;  // Messages of this step that wait to be sent again.
  bool done = true;   // False: there is another step to take.
};

// One step of a look. The first asks for the message that the bus kept last: when that
// is gone or has another receipt, or the record has another audit log than when all
// was looked for, every kept message is asked for in further steps. What is done
// stays, also over a restart. Blocks for at most `timeout`. Errors: the bus's and the
// store's; nothing is changed then.
absl::StatusOr<CustodyLook> LookAfterCustody(Store& store, Bus& bus, absl::Duration timeout);

// A message that is sent again was refused for good, e.g. because its certificate ran
// out since: it stays kept under its former receipt, with the reason, and its referral
// says so; with it go the steps that followed it.
absl::Status GiveUpAgain(Transaction& db, const OutboxRow& row, const absl::Status& refusal);

// Whether the bus refuses a message only for what it does not have yet, and may take
// it later: it has not come to the version that a step follows, or has less of the
// referral that a request is linked to than it has told us or brought us. `ledger` is
// its answer to where `DecidingReferral` stands. Errors: the store's.
absl::StatusOr<bool> IsBehind(Transaction& db, const OutboxRow& row, const absl::Status& refusal,
                              const absl::StatusOr<bus::v1::Referral>& ledger);

// The referral that decides whether a message is in step: a linked request's parent or
// predecessor, else its own.
std::string DecidingReferral(const OutboxRow& row);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_CUSTODY_H_
