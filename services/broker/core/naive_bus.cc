#include "services/broker/core/naive_bus.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"

namespace waystation::broker {
namespace {

using types::v1::REFERRAL_STATE_EXPIRED;
using types::v1::REFERRAL_STATE_RECEIVED;
using types::v1::REFERRAL_STATE_REQUESTED;

bool Before(const NaiveMessage& message, int64_t now_us) {
  return message.expire_us == 0 || message.expire_us > now_us;
}

}  // namespace

NaiveBus::NaiveBus(const std::vector<std::string>& identities) {
  for (const std::string& identity : identities) queues[identity];
}

NaiveMessage* NaiveBus::Find(const std::string& queue, const MessageId& id) {
  auto found = queues.find(queue);
  if (found == queues.end()) return nullptr;
  for (NaiveMessage& message : found->second) {
    if (message.id == id) return &message;
  }
  return nullptr;
}

std::string NaiveBus::Publish(const PublishCommand& command, uint64_t sequence, int64_t now_us) {
  const bus::v1::Header& header = *command.header;
  MessageId id = *ParseUuid(header.id());
  if (auto known = known_.find(id); known != known_.end()) {
    return known->second == command.envelope_hash ? "OK again" : "ALREADY_EXISTS CONTENT_CHANGED";
  }
  if (header.has_expire_time() && MicrosOf(header.expire_time()) <= now_us) {
    return "FAILED_PRECONDITION ALREADY_EXPIRED";
  }
  for (const std::string& recipient : header.recipients()) {
    if (queues.count(recipient) == 0) return "NOT_FOUND UNKNOWN_RECIPIENT";
  }
  if (header.has_referral()) {
    if (std::string outcome = CheckStep(command); outcome != "OK") return outcome;
    TakeStep(command, sequence);
  }
  known_[id] = command.envelope_hash;
  for (int i = 0; i < header.recipients_size(); ++i) {
    NaiveMessage message;
    message.sequence = sequence;
    message.id = id;
    message.hash = command.envelope_hash;
    if (!header.ordering_key().empty()) {
      message.key = absl::StrCat(header.source(), " ", header.ordering_key());
    }
    if (i == 0 && header.referral().transition() == types::v1::TRANSITION_REQUEST) {
      message.request_of = ReferralIdFrom(header.referral().referral_id());
    }
    message.not_before_us = header.has_not_before() ? MicrosOf(header.not_before()) : 0;
    message.expire_us = header.has_expire_time() ? MicrosOf(header.expire_time()) : 0;
    message.bytes = command.header_bytes.size() + header.payload_size();
    message.blocked = true;  // Until Settle finds it first.
    queues[header.recipients(i)].push_back(message);
    Settle(header.recipients(i), now_us);
  }
  return "OK";
}

void NaiveBus::Settle(const std::string& queue, int64_t now_us) {
  std::vector<NaiveMessage>& line = queues[queue];
  for (auto it = line.begin(); it != line.end(); ++it) {
    if (!it->blocked) continue;
    it->blocked = !it->key.empty() && std::any_of(line.begin(), it, [&](const NaiveMessage& m) {
      return !m.dead && m.key == it->key;
    });
    if (!it->blocked) it->due_us = it->not_before_us > now_us ? it->not_before_us : 0;
  }
}

std::vector<uint64_t> NaiveBus::Lease(const LeaseCommand& command, int64_t now_us) {
  std::vector<NaiveMessage*> due;
  for (NaiveMessage& message : queues[command.queue]) {
    bool idle = !message.dead && !message.leased && !message.blocked;
    if (idle && message.due_us <= now_us && Before(message, now_us)) due.push_back(&message);
  }
  std::sort(due.begin(), due.end(), [](const NaiveMessage* a, const NaiveMessage* b) {
    bool never_waited_a = a->due_us == 0;
    bool never_waited_b = b->due_us == 0;
    return std::tie(never_waited_a, a->due_us, a->sequence) <
           std::tie(never_waited_b, b->due_us, b->sequence);
  });
  std::vector<uint64_t> leased;
  uint64_t bytes = 0;
  for (NaiveMessage* message : due) {
    if (leased.size() >= command.count_max || leased.size() >= command.credit.messages) break;
    if (command.credit.bytes == 0) break;
    if (!leased.empty() && bytes + message->bytes > command.credit.bytes) break;
    bytes += message->bytes;
    leased.push_back(message->sequence);
    message->leased = true;
    message->due_us = now_us + command.ack_deadline_us;
    message->attempt_most = std::max(message->attempt_most, ++message->attempt);
  }
  return leased;
}

void NaiveBus::Remove(const std::string& queue, uint64_t sequence, int64_t now_us) {
  std::erase_if(queues[queue], [&](const NaiveMessage& m) { return m.sequence == sequence; });
  Settle(queue, now_us);
}

std::vector<std::string> NaiveBus::Receipts(const std::string& queue,
                                            const std::vector<ReceiptView>& receipts,
                                            int64_t now_us) {
  std::vector<std::string> outcomes;
  std::vector<uint64_t> acknowledged;
  for (const ReceiptView& receipt : receipts) {
    const NaiveMessage* message = Find(queue, receipt.id);
    if (message == nullptr) {
      outcomes.emplace_back("OK 0");
    } else if (message->hash != receipt.envelope_hash) {
      outcomes.emplace_back("INVALID_ARGUMENT RECEIPT_MISMATCH");
    } else if (receipt.attempt < 1 || receipt.attempt > message->attempt_most) {
      outcomes.emplace_back("FAILED_PRECONDITION STALE_ATTEMPT");
    } else if (std::count(acknowledged.begin(), acknowledged.end(), message->sequence) > 0) {
      outcomes.emplace_back("OK 0");
    } else {
      acknowledged.push_back(message->sequence);
      outcomes.push_back(absl::StrCat("OK ", message->sequence));
    }
  }
  for (uint64_t sequence : acknowledged) {
    for (const NaiveMessage& message : queues[queue]) {
      if (message.sequence != sequence || !message.request_of) continue;
      NaiveReferral& referral = *FindReferral(*message.request_of);
      if (referral.state != REFERRAL_STATE_REQUESTED) continue;
      referral.state = REFERRAL_STATE_RECEIVED;
      ++referral.version;
    }
    Remove(queue, sequence, now_us);
  }
  return outcomes;
}

int64_t NaiveBus::Claimed(const std::string& queue, const NaiveMessage& message,
                          const ClaimedRetries& claimed, int64_t now_us) {
  if (message.attempt >= kAttemptsMax) return 0;
  int64_t wait_us = kBackoffMinUs;
  for (uint32_t i = 1; i < message.attempt; ++i) wait_us = std::min(wait_us * 2, kBackoffMaxUs);
  auto claim = claimed.find({queue, message.sequence});
  if (claim == claimed.end()) {
    complaints.push_back(absl::StrCat("no retry time for ", message.sequence));
    return now_us;
  }
  int64_t got_us = claim->second - now_us;
  if (got_us > wait_us || got_us < wait_us * 4 / 5) {
    complaints.push_back(absl::StrCat("retry of ", message.sequence, " after ", got_us, " us"));
  }
  return claim->second;
}

void NaiveBus::GiveBack(NaiveMessage& message, const std::string& reason, int64_t retry_us,
                        int64_t now_us) {
  message.leased = false;
  message.reason = reason;
  message.dead = message.attempt >= kAttemptsMax;
  message.due_us = !message.dead && retry_us > now_us ? retry_us : 0;
}

std::string NaiveBus::Nack(const std::string& queue, const NackCommand& command,
                           const ClaimedRetries& claimed, int64_t now_us) {
  NaiveMessage* message = Find(queue, command.id);
  if (message == nullptr) return "NOT_FOUND UNKNOWN_MESSAGE";
  if (!message->leased || message->attempt != command.attempt) {
    return "FAILED_PRECONDITION STALE_ATTEMPT";
  }
  int64_t retry_us = command.retry_delay_us
                         ? now_us + std::clamp<int64_t>(*command.retry_delay_us, 0, 3'600'000'000)
                         : Claimed(queue, *message, claimed, now_us);
  GiveBack(*message, command.reason, retry_us, now_us);
  Settle(queue, now_us);
  return "OK";
}

std::string NaiveBus::Extend(const std::string& queue, const MessageId& id, uint32_t attempt,
                             int64_t deadline_us) {
  NaiveMessage* message = Find(queue, id);
  if (message == nullptr) return "NOT_FOUND UNKNOWN_MESSAGE";
  if (!message->leased || message->attempt != attempt) return "FAILED_PRECONDITION STALE_ATTEMPT";
  message->due_us = deadline_us;
  return "OK";
}

void NaiveBus::StreamClosed(const std::string& queue, const std::vector<uint64_t>& sequences,
                            int64_t now_us) {
  for (NaiveMessage& message : queues[queue]) {
    bool held = std::count(sequences.begin(), sequences.end(), message.sequence) > 0;
    if (held && message.leased) GiveBack(message, "STREAM_CLOSED", now_us, now_us);
  }
  Settle(queue, now_us);
}

std::string NaiveBus::LateLeases(const std::string& queue, const ClaimedRetries& claimed,
                                 int64_t now_us, size_t& left) {
  std::vector<NaiveMessage*> late;
  for (NaiveMessage& message : queues[queue]) {
    if (message.leased && message.due_us <= now_us) late.push_back(&message);
  }
  std::sort(late.begin(), late.end(), [](const NaiveMessage* a, const NaiveMessage* b) {
    return std::tie(a->due_us, a->sequence) < std::tie(b->due_us, b->sequence);
  });
  if (late.size() > left) late.resize(left);
  left -= late.size();
  std::string text = "late " + queue;
  for (NaiveMessage* message : late) {
    absl::StrAppend(&text, " ", message->sequence);
    GiveBack(*message, "ACK_DEADLINE_PASSED", Claimed(queue, *message, claimed, now_us), now_us);
  }
  return late.empty() ? "" : text;
}

std::vector<std::string> NaiveBus::Tick(const ClaimedRetries& claimed, int64_t now_us,
                                        size_t count_max) {
  std::vector<std::string> facts;
  size_t left = count_max;
  for (auto& [queue, line] : queues) {
    std::vector<std::pair<int64_t, uint64_t>> gone;
    for (const NaiveMessage& message : line) {
      bool waits_for_lease = message.leased || Before(message, now_us);
      if (!waits_for_lease) gone.emplace_back(message.expire_us, message.sequence);
    }
    std::sort(gone.begin(), gone.end());
    std::string late = LateLeases(queue, claimed, now_us, left);
    if (!late.empty()) facts.push_back(late);
    if (gone.size() > left) gone.resize(left);
    left -= gone.size();
    Settle(queue, now_us);
    for (const auto& [expire_us, sequence] : gone) {
      facts.push_back(absl::StrCat("gone ", queue, " ", sequence));
      Remove(queue, sequence, now_us);
    }
  }
  std::vector<std::tuple<int64_t, uint64_t, NaiveReferral*>> expired;
  for (NaiveReferral& r : referrals) {
    bool untouched = r.state == REFERRAL_STATE_REQUESTED || r.state == REFERRAL_STATE_RECEIVED;
    if (untouched && r.expire_us != 0 && r.expire_us <= now_us) {
      expired.emplace_back(r.expire_us, r.request_sequence, &r);
    }
  }
  std::sort(expired.begin(), expired.end());
  if (expired.size() > left) expired.resize(left);
  for (auto& [expire_us, sequence, referral] : expired) {
    referral->state = REFERRAL_STATE_EXPIRED;
    ++referral->version;
    facts.push_back(absl::StrCat("expired ", sequence));
  }
  return facts;
}

void NaiveBus::EpochOpened() {
  for (auto& [queue, line] : queues) {
    for (NaiveMessage& message : line) {
      if (!message.leased) continue;
      message.leased = false;
      message.due_us = 0;
    }
  }
}

std::string NaiveBus::Redrive(const std::string& queue, const std::vector<MessageId>& ids) {
  if (queues.count(queue) == 0) return "NOT_FOUND UNKNOWN_QUEUE";
  for (const MessageId& id : ids) {
    if (Find(queue, id) == nullptr) return "NOT_FOUND UNKNOWN_MESSAGE";
  }
  std::vector<NaiveMessage>& line = queues[queue];
  std::vector<NaiveMessage> moved;
  for (const NaiveMessage& message : line) {
    bool asked = ids.empty() || std::count(ids.begin(), ids.end(), message.id) > 0;
    if (asked && message.dead) moved.push_back(message);
  }
  std::sort(moved.begin(), moved.end(),
            [](const NaiveMessage& a, const NaiveMessage& b) { return a.sequence < b.sequence; });
  for (NaiveMessage& message : moved) {
    std::erase_if(line, [&](const NaiveMessage& m) { return m.sequence == message.sequence; });
    message.dead = false;
    message.attempt = 0;
    message.due_us = 0;
    message.blocked =
        !message.key.empty() && std::any_of(line.begin(), line.end(), [&](const NaiveMessage& m) {
          return !m.dead && m.key == message.key;
        });
    line.push_back(message);
  }
  return "OK";
}

int64_t NaiveBus::NextDueUs(int64_t now_us) const {
  int64_t next = std::numeric_limits<int64_t>::max();
  for (const auto& [queue, line] : queues) {
    for (const NaiveMessage& message : line) {
      bool waits = !message.leased && !message.blocked && !message.dead && message.due_us > now_us;
      if (message.leased || waits) next = std::min(next, message.due_us);
      if (!message.leased && message.expire_us != 0) next = std::min(next, message.expire_us);
    }
  }
  for (const NaiveReferral& r : referrals) {
    bool untouched = r.state == REFERRAL_STATE_REQUESTED || r.state == REFERRAL_STATE_RECEIVED;
    if (untouched && r.expire_us != 0) next = std::min(next, r.expire_us);
  }
  return next;
}

}  // namespace waystation::broker
