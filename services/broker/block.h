#ifndef WAYSTATION_SERVICES_BROKER_BLOCK_H_
#define WAYSTATION_SERVICES_BROKER_BLOCK_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "common/evidence/signer.h"
#include "common/journal/journal.h"
#include "services/broker/commands.h"
#include "services/broker/core/state.h"
#include "services/broker/log/log_block.h"
#include "services/broker/salts.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::broker {

// An accepted message on its way to the journal and to its receivers.
struct AcceptedMessage {
  std::shared_ptr<AdmittedMessage> admitted;
  uint64_t sequence = 0;
  int64_t accept_us = 0;
  std::string custody_receipt;  // Leaf bytes.
};

// What a publisher is told of one message.
struct AcceptedPlace {
  size_t index = 0;  // Among the block's accepted messages.
};
struct DuplicateOf {
  uint64_t sequence = 0;
  std::string message_id;
};
using PublishOutcome = std::variant<AcceptedPlace, DuplicateOf, RefusedMessage>;

struct PublishReply {
  std::shared_ptr<PublishSink> sink;
  std::vector<PublishOutcome> outcomes;
};

struct Grant {
  uint64_t sequence = 0;
  uint32_t attempt = 0;
};

struct LeaseGrant {
  std::shared_ptr<PullSession> session;
  std::vector<Grant> grants;
  uint64_t bytes = 0;  // Headers and payloads of all.
  int64_t deadline_us = 0;
};

// What a receiver is told of one receipt, nack or deadline change.
struct Ack {
  MessageId id{};
  absl::Status status;
  // Set when a receipt is for a message that is not in the queue: whether it ever
  // was is on the record of this sequence, and only who was to have it is told
  // `status`.
  uint64_t past_sequence = 0;
};

struct AckReply {
  std::shared_ptr<PullSession> session;
  std::vector<Ack> acks;
};

// One group commit in the making: records, and what to tell whom once they are
// durable. Nothing of it is told before.
//
// The sequencer fills it, the journal keeps it, the dispatcher tells it; each
// has it alone. Thread-compatible.
class Block {
 public:
  // `salts` must outlive the filling of the block.
  Block(int64_t time_us, Salts& salts) : time_us_(time_us), salts_(salts) {}

  int64_t time_us() const { return time_us_; }
  bool empty() const { return records_.empty(); }
  // No more commands belong into it.
  bool full() const;

  // A record to fill; `Follow` must come next.
  journal::v1::Record* NewRecord();
  // Stamps and salts the last record and lets the state follow it. A record that was
  // decided on this state and does not apply is a broken invariant.
  void Follow(State& state, const bus::v1::Header* header = nullptr);

  // Takes an accepted message whose record was just followed.
  void AddAccepted(std::shared_ptr<AdmittedMessage> admitted, std::string_view bus_id);
  uint32_t next_payload_index() const { return static_cast<uint32_t>(accepted.size()); }

  // Signs the custody receipts of all accepted messages: at most 1,024.
  // Errors: INTERNAL OpenSSL failed.
  absl::Status SignCustody(const evidence::Signer& signer, absl::Time now, State& state);

  // Serializes the records and appends them. Errors: as the journal says.
  journal::AppendOutcome Append(journal::Journal& journal, uint64_t epoch);

  // Hands out what the audit log wants, once, after a committed Append.
  LogBlock TakeLogBlock() { return std::move(log_block_); }

  // Appends the answer to an accepted message to its publisher's frame. After
  // SignCustody.
  void AppendResult(size_t index, std::string* frame) const;

  const std::vector<journal::v1::Record*>& records() const { return records_; }
  const bus::v1::Header* HeaderOf(size_t record_index) const { return headers_[record_index]; }

  std::vector<AcceptedMessage> accepted;
  std::vector<PublishReply> publishes;
  std::vector<LeaseGrant> leases;
  std::vector<AckReply> acks;
  std::vector<std::function<void()>> callbacks;
  Changes changes;
  std::vector<Referral> referrals;  // Those that changed, as they stand.
  std::string snapshot;             // Serialized; empty in most blocks.

 private:
  // Serializes the record, and notes for the audit log what its signed evidence
  // hashes to: the custody receipts were hashed for their signature already.
  void AddLogItem(const journal::v1::Record& record);

  int64_t time_us_;
  Salts& salts_;
  size_t bytes_ = 0;
  // On the heap and not in an arena: decisions are moved in, not copied.
  std::deque<journal::v1::Record> storage_;
  std::vector<journal::v1::Record*> records_;
  std::vector<const bus::v1::Header*> headers_;  // One for each record; null or accepted's.
  std::optional<evidence::SignedBatch> custody_;
  std::vector<crypto::Digest> custody_leaves_;  // Of the accepted messages.
  size_t custody_leaves_logged_ = 0;
  LogBlock log_block_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_BLOCK_H_
