#ifndef WAYSTATION_COMMON_HANDOFFS_LOG_H_
#define WAYSTATION_COMMON_HANDOFFS_LOG_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/journal/v1/record.pb.h"
#include "waystation/types/v1/referral.pb.h"

namespace waystation::handoffs {

// The step of a referral that a message takes, as its header says.
struct CaseStep {
  std::string referral_id;
  types::v1::Transition transition = types::v1::TRANSITION_UNSPECIFIED;
  std::string parent_referral_id;    // As opened for the broker; "" none.
  std::string replaces_referral_id;  // Likewise.
  std::optional<absl::Time> due;     // Header.referral.due_time.
};

// One acceptance of a message. An honest log has one for each message.
struct Acceptance {
  uint64_t sequence = 0;
  absl::Time time;
  std::string envelope_hash;           // Of the header that the record holds.
  std::string recorded_hash;           // As the record says; the same, or it lies.
  bool before_the_one_before = false;  // Journal time went back.
};

// A delivery receipt that is on the log.
struct LoggedReceipt {
  std::string recipient;
  std::string envelope_hash;
  bus::v1::DeliveryOutcome outcome = bus::v1::DELIVERY_OUTCOME_UNSPECIFIED;
  uint32_t attempt = 0;
  absl::Time time;            // By the receiver's clock.
  uint64_t sequence = 0;      // Record that holds it.
  absl::Time recorded;        // Journal time of that.
  uint64_t acknowledges = 0;  // Sequence of the accepted record, as the log says.
  std::string problem;        // Why it proves nothing; "" when it verifies.
};

// What became of a message in one recipient's queue.
struct Delivery {
  uint32_t leases = 0;
  std::optional<absl::Time> first_leased;
  std::vector<LoggedReceipt> receipts;  // Honest: at most one.
  bool expired = false;
  bool dead_letter = false;  // Now.
  uint32_t redriven = 0;
};

// A message as the log has it.
struct Handoff {
  std::string message_id;
  std::string sender;
  std::vector<std::string> recipients;
  std::string ordering_key;  // "" no order.
  std::optional<CaseStep> step;
  std::vector<Acceptance> acceptances;  // Empty: the log has receipts for it alone.
  std::map<std::string, Delivery, std::less<>> deliveries;  // By recipient.
  // When the referral expired that it requested.
  std::optional<absl::Time> referral_expired;
};

// The handoffs of a journal: a fold over its records. Of receipts it asks `judge`
// whether they hold; with none it believes them.
//
//   HandoffLog log(judge);
//   for (...) WS_RETURN_IF_ERROR(log.Take(record));
//
// Records may be left out: what is not there is not known. Their order must be
// that of the journal.
// Single-threaded: who folds; const use is safe from any thread.
class HandoffLog {
 public:
  // Whether the batch proves that `signer` gave these receipts; `at` is the time
  // of the record.
  using Judge = std::function<absl::Status(const bus::v1::ReceiptBatch& batch,
                                           std::string_view signer, absl::Time at)>;

  explicit HandoffLog(Judge judge = nullptr) : judge_(std::move(judge)) {}

  // Errors: DATA_LOSS an accepted record whose header cannot be read, or a
  // sequence that does not grow.
  absl::Status Take(const journal::v1::Record& record);

  // By message id.
  const std::map<std::string, Handoff, std::less<>>& handoffs() const { return handoffs_; }
  uint64_t last_sequence() const { return last_sequence_; }
  absl::Time last_time() const { return last_time_; }

 private:
  absl::Status TakeAccepted(const journal::v1::Record& record);
  void TakeDelivered(const journal::v1::Record& record);
  void TakeReceipt(const journal::v1::Record& record, int index, const std::string& problem);
  Handoff* FindHandoff(uint64_t accepted_sequence);
  Delivery* Find(uint64_t accepted_sequence, std::string_view queue);
  void TakeQueueMoves(const journal::v1::Record& record);
  void TakeExpired(const journal::v1::Record& record);

  Judge judge_;
  std::map<std::string, Handoff, std::less<>> handoffs_;
  // Message id of each accepted record.
  std::map<uint64_t, std::string> by_sequence_;
  uint64_t last_sequence_ = 0;
  absl::Time last_time_ = absl::InfinitePast();
};

}  // namespace waystation::handoffs

#endif  // WAYSTATION_COMMON_HANDOFFS_LOG_H_
