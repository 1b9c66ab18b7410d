#ifndef WAYSTATION_SERVICES_BROKER_CORE_DELIVERY_QUEUE_H_
#define WAYSTATION_SERVICES_BROKER_CORE_DELIVERY_QUEUE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "common/crypto/sha256.h"
#include "services/broker/core/ledger.h"
#include "waystation/bus/v1/policy.pb.h"

namespace waystation::broker {

using MessageId = std::array<uint8_t, 16>;  // The UUID of Header.id.

// The milliseconds since the Unix epoch that a UUIDv7 begins with (RFC 9562 5.7).
inline uint64_t IdMillis(const MessageId& id) {
  uint64_t millis = 0;
  for (int i = 0; i < 6; ++i) millis = millis << 8 | id[static_cast<size_t>(i)];
  return millis;
}

// Where a message stands in one queue.
enum class Stage {
  kBlocked,  // Another message of its ordering key is before it.
  kWaiting,  // Until due_us: not_before, or a backoff.
  kReady,
  kLeased,  // Until due_us, or a receipt.
  kDead,    // A dead letter.
};

// One message in one queue. Times are journal time in microseconds.
struct QueuedMessage {
  uint64_t sequence = 0;  // Of the accepted record.
  MessageId id{};
  crypto::Digest envelope_hash{};
  std::string ordering_key;              // Sender and key; "" is none.
  std::optional<ReferralId> request_of;  // Set on a REQUEST in its target's queue.
  bool is_case = false;
  int64_t accept_us = 0;
  int64_t not_before_us = 0;
  int64_t expire_us = 0;  // 0 is never.
  uint32_t bytes = 0;
  uint32_t attempt = 0;
  Stage stage = Stage::kReady;
  int64_t due_us = 0;
  std::string last_reason;
  uint32_t attempt_most = 0;  // As `attempt`, but not begun anew by a redrive.
  uint64_t place = 0;         // In the line of its key: the record that put it there.
};

// What a receiver may take.
struct Credit {
  uint32_t messages = 0;
  uint64_t bytes = 0;
};

// The durable queue of one identity, as the record says. At least once, exact
// attempts, one in flight for each ordering key, other keys flow.
//
// Pure: no clock, no disk; `Pick...` look, the others follow a record.
// Single-threaded: the sequencer.
class DeliveryQueue {
 public:
  // --- Look.

  // Messages to lease now, at most `credit` and `count_max`: those whose wait is
  // over, earliest first, then the others in accept order.
  std::vector<uint64_t> PickLease(Credit credit, size_t count_max, int64_t now_us) const;
  // Leases whose deadline is at or before `now_us`.
  std::vector<uint64_t> PickOverdueLeases(int64_t now_us, size_t count_max) const;
  // Messages past expire_us that are not leased.
  std::vector<uint64_t> PickExpired(int64_t now_us, size_t count_max) const;
  // When the next lease ends or message expires, or a waiting one becomes due
  // after `now_us` (one that is due waits for a receiver, not for time);
  // INT64_MAX when nothing will happen by time alone.
  int64_t NextDueUs(int64_t now_us) const;

  const QueuedMessage* Find(uint64_t sequence) const;
  const QueuedMessage* FindById(const MessageId& id) const;

  // --- Follow the record.

  void Add(QueuedMessage message, int64_t now_us);
  void Lease(uint64_t sequence, int64_t deadline_us);
  void Extend(uint64_t sequence, int64_t deadline_us);
  // `retry_us` 0 makes it a dead letter.
  void GiveBack(uint64_t sequence, std::string_view reason, int64_t retry_us, int64_t now_us);
  // To the end of its key's line; `place` is the record's sequence.
  void Redrive(uint64_t sequence, uint64_t place, int64_t now_us);
  // Delivered or expired: it leaves the queue.
  void Remove(uint64_t sequence, int64_t now_us);
  // A new epoch: nobody holds a lease.
  void ReturnLeases(int64_t now_us);
  // Puts back what a snapshot held.
  void Restore(QueuedMessage message);

  size_t size() const { return messages_.size(); }
  uint64_t leased() const { return leased_; }
  uint64_t dead() const { return dead_; }
  uint64_t waiting() const { return messages_.size() - leased_ - dead_; }
  // Accept time of the oldest message without receipt, dead letters included;
  // 0 when the queue is empty.
  int64_t OldestAcceptUs() const;
  // In sequence order.
  const absl::btree_map<uint64_t, std::unique_ptr<QueuedMessage>>& messages() const {
    return messages_;
  }

 private:
  QueuedMessage& At(uint64_t sequence);
  void Enter(QueuedMessage& message, Stage stage, int64_t due_us);
  void Leave(QueuedMessage& message);
  void EnterDue(QueuedMessage& message, int64_t due_us, int64_t now_us);
  // Puts the message at the end of its key's line; false when others are before it.
  bool JoinLine(const QueuedMessage& message);
  // Takes the message from its key's line and lets the next one through.
  void ReleaseKey(const QueuedMessage& message, int64_t now_us);

  absl::btree_map<uint64_t, std::unique_ptr<QueuedMessage>> messages_;
  absl::flat_hash_map<MessageId, uint64_t> by_id_;
  absl::btree_set<uint64_t> ready_;
  absl::btree_set<std::pair<int64_t, uint64_t>> waiting_;
  absl::btree_set<std::pair<int64_t, uint64_t>> leases_;
  absl::btree_set<std::pair<int64_t, uint64_t>> expiries_;  // Of those not leased.
  // By ordering key: (place, sequence). The first is the one that is not blocked.
  absl::flat_hash_map<std::string, absl::btree_set<std::pair<uint64_t, uint64_t>>> lines_;
  uint64_t leased_ = 0;
  uint64_t dead_ = 0;
};

// When a message that failed at `attempt` may be tried again: doubling from the
// policy's least to its most, shortened by up to a fifth so that receivers do not
// come back in step. The spread comes from the id, so that replay agrees.
int64_t RetryUs(const bus::v1::DeliveryPolicy& policy, const QueuedMessage& message,
                int64_t now_us);

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_CORE_DELIVERY_QUEUE_H_
