#ifndef WAYSTATION_COMMON_AGENCY_OUTBOX_H_
#define WAYSTATION_COMMON_AGENCY_OUTBOX_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/agency/case.h"
#include "common/agency/store.h"
#include "waystation/bus/v1/message.pb.h"

// Table `outbox`: final bytes on their way to the bus. Private to the runtime
// but for `OutboxOf`.

namespace waystation::agency {

// A message that is being queued.
struct OutboxDraft {
  std::string message_id;
  std::string envelope_hash;
  std::string referral_id;  // Empty of a memo.
  Transition transition;
  uint64_t expected_version = 0;
  std::string message;         // Serialized SignedMessage.
  std::string content;         // Serialized CaseContent; empty of a memo.
  std::string after_ack_of;    // "" at once.
  std::string builds_on;       // Queued message whose success it counts on; "" none.
  std::string recipient = {};  // Identity, of a memo.
  std::string linked_to = {};  // Of a request: the referral it forwards or replaces; "" none.
};
absl::Status Queue(Transaction& db, const OutboxDraft& draft, absl::Time now);
// As column `linked_to` holds it: nothing for "".
inline Value LinkValue(const std::string& referral_id) {
  return referral_id.empty() ? Value() : Value(Blob{referral_id});
}

// A message that is due to be sent.
struct Outgoing {
  std::string message_id;
  std::string message;
};
// The first waiting message of each referral whose receipt gate is open, oldest
// first, at most `limit`; behind them the first memos. A request and the steps of the
// referral that it is linked to wait for each other, in the order in which they were
// queued: the bus takes the request only where those before it have brought the
// referral, and those after it might end it.
absl::StatusOr<std::vector<Outgoing>> NextToSend(Transaction& db, int limit);
// Where a round through what is sent again has come.
struct AgainCursor {
  int64_t kept_sequence = 0;
  int64_t position = 0;
};
// What is sent again behind `cursor`, in the order of the former receipts, at most
// `limit`; moves the cursor, and to the beginning after the last.
absl::StatusOr<std::vector<Outgoing>> NextToSendAgain(Transaction& db, int limit,
                                                      AgainCursor* cursor);

// A message as it was queued, with its content opened.
struct OutboxRow {
  std::string message_id;
  std::string referral_id;
  Transition transition;
  uint64_t expected_version = 0;
  std::string message;
  std::string content;
  bool again = false;  // The bus had it before; see custody.h.
};
inline bool IsMemo(const OutboxRow& row) { return row.referral_id.empty(); }
// Errors: NOT_FOUND there is none that waits under this id.
absl::StatusOr<OutboxRow> GetWaiting(Transaction& db, std::string_view message_id);

absl::Status MarkKept(Transaction& db, std::string_view message_id,
                      const bus::v1::SignedReceipt& receipt);
absl::Status MarkRefused(Transaction& db, std::string_view message_id, const absl::Status& refusal);
// Waiting messages that count on this one.
absl::StatusOr<std::vector<std::string>> BuiltOn(Transaction& db, std::string_view message_id);

// What became of one outgoing message; for status pages and tests.
struct OutboxEntry {
  std::string message_id;
  Transition transition;
  std::string state;           // "waiting", "kept", "refused"
  std::string refusal_reason;  // "" unless refused.
  std::string refusal_text;
};
// Every outgoing message of a referral, oldest first.
absl::StatusOr<std::vector<OutboxEntry>> OutboxOf(Transaction& db, std::string_view referral_id);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_OUTBOX_H_
