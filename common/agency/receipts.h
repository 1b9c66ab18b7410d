#ifndef WAYSTATION_COMMON_AGENCY_RECEIPTS_H_
#define WAYSTATION_COMMON_AGENCY_RECEIPTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/agency/case.h"
#include "common/agency/store.h"
#include "waystation/bus/v1/message.pb.h"

// Tables `inbox` and `receipt_batch`: what came, and the receipts for it as they
// were signed. Private to the runtime.

namespace waystation::agency {

// What became of our receipt.
enum class Ack : int64_t { kSent = 0, kOnRecord = 1, kRefused = 2 };

struct InboxRow {
  std::string message_id;
  std::string envelope_hash;
  std::string referral_id;
  Transition transition;
  bus::v1::DeliveryOutcome outcome;
  uint32_t attempt = 1;
  Ack ack = Ack::kSent;
  std::string problem;  // Why it is quarantined; "" when it was applied.
  int64_t batch_id = 0;
  std::string source;  // Who sent it; not read by `FindReceived`.
};

absl::StatusOr<std::optional<InboxRow>> FindReceived(Transaction& db, std::string_view message_id);

// Stores a signed batch; returns its id.
absl::StatusOr<int64_t> AddBatch(Transaction& db, const bus::v1::ReceiptBatch& batch);
// Inserts, or replaces the receipt of a message whose first was refused.
absl::Status SaveReceived(Transaction& db, const InboxRow& row, absl::Time now);
absl::Status SetAck(Transaction& db, std::string_view message_id, Ack ack);

// Batches as they were signed, byte for byte.
absl::StatusOr<std::string> BatchBytes(Transaction& db, int64_t batch_id);

// A receipt that a message of ours waits for, and that no result has come for.
struct ClosedGate {
  std::string message_id;
  std::string referral_id;
  absl::Time committed;
};
absl::StatusOr<std::vector<ClosedGate>> ClosedGates(Transaction& db);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_RECEIPTS_H_
