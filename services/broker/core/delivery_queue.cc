#include "services/broker/core/delivery_queue.h"

#include <algorithm>
#include <limits>

#include "common/status/status.h"

namespace waystation::broker {

std::vector<uint64_t> DeliveryQueue::PickLease(Credit credit, size_t count_max,
                                               int64_t now_us) const {
  std::vector<uint64_t> picked;
  size_t count = std::min<size_t>(credit.messages, count_max);
  uint64_t bytes_left = credit.bytes;
  auto take = [&](uint64_t sequence) {
    const QueuedMessage& message = *messages_.at(sequence);
    if (message.expire_us != 0 && message.expire_us <= now_us) return true;
    // One message larger than the whole credit still goes, alone.
    if (message.bytes > bytes_left && !picked.empty()) return false;
    bytes_left -= std::min<uint64_t>(bytes_left, message.bytes);
    picked.push_back(sequence);
    return true;
  };
  if (bytes_left == 0) return picked;
  for (auto it = waiting_.begin(); it != waiting_.end() && picked.size() < count; ++it) {
    if (it->first > now_us) break;
    if (!take(it->second)) return picked;
  }
  for (auto it = ready_.begin(); it != ready_.end() && picked.size() < count; ++it) {
    if (!take(*it)) return picked;
  }
  return picked;
}

std::vector<uint64_t> DeliveryQueue::PickOverdueLeases(int64_t now_us, size_t count_max) const {
  std::vector<uint64_t> overdue;
  for (auto it = leases_.begin(); it != leases_.end() && overdue.size() < count_max; ++it) {
    if (it->first > now_us) break;
    overdue.push_back(it->second);
  }
  return overdue;
}

std::vector<uint64_t> DeliveryQueue::PickExpired(int64_t now_us, size_t count_max) const {
  std::vector<uint64_t> expired;
  for (auto it = expiries_.begin(); it != expiries_.end() && expired.size() < count_max; ++it) {
    if (it->first > now_us) break;
    expired.push_back(it->second);
  }
  return expired;
}

int64_t DeliveryQueue::NextDueUs(int64_t now_us) const {
  int64_t next = std::numeric_limits<int64_t>::max();
  if (!leases_.empty()) next = std::min(next, leases_.begin()->first);
  if (!expiries_.empty()) next = std::min(next, expiries_.begin()->first);
  auto waiting = waiting_.upper_bound({now_us, std::numeric_limits<uint64_t>::max()});
  if (waiting != waiting_.end()) next = std::min(next, waiting->first);
  return next;
}

const QueuedMessage* DeliveryQueue::Find(uint64_t sequence) const {
  auto it = messages_.find(sequence);
  return it == messages_.end() ? nullptr : it->second.get();
}

const QueuedMessage* DeliveryQueue::FindById(const MessageId& id) const {
  auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : Find(it->second);
}

int64_t DeliveryQueue::OldestAcceptUs() const {
  return messages_.empty() ? 0 : messages_.begin()->second->accept_us;
}

QueuedMessage& DeliveryQueue::At(uint64_t sequence) {
  auto it = messages_.find(sequence);
  WS_CHECK(it != messages_.end());
  return *it->second;
}

void DeliveryQueue::Enter(QueuedMessage& message, Stage stage, int64_t due_us) {
  message.stage = stage;
  message.due_us = due_us;
  // A leased message that is past its expiry waits for the lease, not for time.
  if (message.expire_us != 0 && stage != Stage::kLeased) {
    expiries_.emplace(message.expire_us, message.sequence);
  }
  switch (stage) {
    case Stage::kReady:
      ready_.insert(message.sequence);
      break;
    case Stage::kWaiting:
      waiting_.emplace(due_us, message.sequence);
      break;
    case Stage::kLeased:
      leases_.emplace(due_us, message.sequence);
      ++leased_;
      break;
    case Stage::kDead:
      ++dead_;
      break;
    case Stage::kBlocked:
      break;
  }
}

void DeliveryQueue::Leave(QueuedMessage& message) {
  if (message.expire_us != 0) expiries_.erase({message.expire_us, message.sequence});
  switch (message.stage) {
    case Stage::kReady:
      ready_.erase(message.sequence);
      break;
    case Stage::kWaiting:
      waiting_.erase({message.due_us, message.sequence});
      break;
    case Stage::kLeased:
      leases_.erase({message.due_us, message.sequence});
      --leased_;
      break;
    case Stage::kDead:
      --dead_;
      break;
    case Stage::kBlocked:
      break;
  }
}

void DeliveryQueue::EnterDue(QueuedMessage& message, int64_t due_us, int64_t now_us) {
  bool later = due_us > now_us;
  Enter(message, later ? Stage::kWaiting : Stage::kReady, later ? due_us : 0);
}

void DeliveryQueue::Add(QueuedMessage message, int64_t now_us) {
  uint64_t sequence = message.sequence;
  auto owned = std::make_unique<QueuedMessage>(std::move(message));
  QueuedMessage& added = *owned;
  by_id_[added.id] = sequence;
  messages_.emplace_hint(messages_.end(), sequence, std::move(owned));
  added.place = sequence;
  if (!JoinLine(added)) return Enter(added, Stage::kBlocked, 0);
  EnterDue(added, added.not_before_us, now_us);
}

void DeliveryQueue::Lease(uint64_t sequence, int64_t deadline_us) {
  QueuedMessage& message = At(sequence);
  Leave(message);
  ++message.attempt;
  message.attempt_most = std::max(message.attempt_most, message.attempt);
  Enter(message, Stage::kLeased, deadline_us);
}

void DeliveryQueue::Extend(uint64_t sequence, int64_t deadline_us) {
  QueuedMessage& message = At(sequence);
  Leave(message);
  Enter(message, Stage::kLeased, deadline_us);
}

void DeliveryQueue::GiveBack(uint64_t sequence, std::string_view reason, int64_t retry_us,
                             int64_t now_us) {
  QueuedMessage& message = At(sequence);
  Leave(message);
  message.last_reason = reason;
  if (retry_us != 0) return EnterDue(message, retry_us, now_us);
  Enter(message, Stage::kDead, 0);
  ReleaseKey(message, now_us);
}

void DeliveryQueue::Redrive(uint64_t sequence, uint64_t place, int64_t now_us) {
  QueuedMessage& message = At(sequence);
  Leave(message);
  message.attempt = 0;
  message.place = place;
  if (!JoinLine(message)) return Enter(message, Stage::kBlocked, 0);
  EnterDue(message, now_us, now_us);
}

void DeliveryQueue::Remove(uint64_t sequence, int64_t now_us) {
  auto it = messages_.find(sequence);
  WS_CHECK(it != messages_.end());
  std::unique_ptr<QueuedMessage> message = std::move(it->second);
  Leave(*message);
  messages_.erase(it);
  by_id_.erase(message->id);
  if (message->stage != Stage::kDead) ReleaseKey(*message, now_us);
}

bool DeliveryQueue::JoinLine(const QueuedMessage& message) {
  if (message.ordering_key.empty()) return true;
  auto& line = lines_[message.ordering_key];
  line.emplace(message.place, message.sequence);
  return line.size() == 1;
}

void DeliveryQueue::ReleaseKey(const QueuedMessage& message, int64_t now_us) {
  if (message.ordering_key.empty()) return;
  auto line = lines_.find(message.ordering_key);
  WS_CHECK(line != lines_.end());
  bool was_first = line->second.begin()->second == message.sequence;
  line->second.erase({message.place, message.sequence});
  if (line->second.empty()) {
    lines_.erase(line);
  } else if (was_first) {
    QueuedMessage& next = At(line->second.begin()->second);
    Leave(next);
    EnterDue(next, next.not_before_us, now_us);
  }
}

void DeliveryQueue::ReturnLeases(int64_t now_us) {
  while (!leases_.empty()) {
    QueuedMessage& message = At(leases_.begin()->second);
    Leave(message);
    EnterDue(message, now_us, now_us);
  }
}

void DeliveryQueue::Restore(QueuedMessage message) {
  auto owned = std::make_unique<QueuedMessage>(std::move(message));
  QueuedMessage& restored = *owned;
  by_id_[restored.id] = restored.sequence;
  messages_[restored.sequence] = std::move(owned);
  if (restored.stage != Stage::kDead) JoinLine(restored);
  Enter(restored, restored.stage, restored.due_us);
}

int64_t RetryUs(const bus::v1::DeliveryPolicy& policy, const QueuedMessage& message,
                int64_t now_us) {
  int64_t wait_us = int64_t{policy.backoff_min_ms()} * 1000;
  int64_t most_us = int64_t{policy.backoff_max_ms()} * 1000;
  for (uint32_t i = 1; i < message.attempt && wait_us < most_us; ++i) wait_us *= 2;
  wait_us = std::min(wait_us, most_us);
  // The last bytes of a UUIDv7 are random.
  int64_t spread = (message.id[15] * 256 + message.id[14] + message.attempt * 7919) % 1000;
  return now_us + wait_us - wait_us / 5 * spread / 1000;
}

}  // namespace waystation::broker
