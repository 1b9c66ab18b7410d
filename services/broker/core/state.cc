#include "services/broker/core/state.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

absl::Status Broken(uint64_t sequence, std::string_view problem) {
  return absl::DataLossError(absl::StrCat("record ", sequence, ": ", Absl(problem)));
}

std::string OrderingKeyOf(const bus::v1::Header& header) {
  if (header.ordering_key().empty()) return "";
  // Keys of different senders are different lines.
  return absl::StrCat(header.source(), "\n", header.ordering_key());
}

std::optional<TransitionCommand> TransitionOfRecord(const journal::v1::Accepted& accepted,
                                                    const bus::v1::Header& header) {
  if (!header.has_referral()) return std::nullopt;
  return TransitionCommand{.header = &header,
                           .parent = ReferralIdFrom(accepted.parent_referral_id()),
                           .replaces = ReferralIdFrom(accepted.replaces_referral_id())};
}

std::optional<QueuedMessage> QueuedFrom(const journal::v1::Record& record,
                                        const bus::v1::Header& header) {
  std::optional<MessageId> id = ParseUuid(header.id());
  std::optional<crypto::Digest> hash = crypto::DigestFrom(record.accepted().envelope_hash());
  if (!id.has_value() || !hash.has_value()) return std::nullopt;
  QueuedMessage message;
  message.sequence = record.sequence();
  message.id = *id;
  message.envelope_hash = *hash;
  message.ordering_key = OrderingKeyOf(header);
  message.accept_us = record.time_us();
  message.not_before_us = header.has_not_before() ? Micros(header.not_before()) : 0;
  message.expire_us = header.has_expire_time() ? Micros(header.expire_time()) : 0;
  message.is_case = header.has_referral();
  message.bytes = static_cast<uint32_t>(record.accepted().header().size() + header.payload_size());
  return message;
}

}  // namespace

absl::Status State::Apply(const journal::v1::Record& record, const bus::v1::Header* header,
                          Changes* changes) {
  Changes unasked;
  if (record.sequence() != next_sequence()) {
    return Broken(record.sequence(), absl::StrCat("out of sequence, want ", next_sequence()));
  }
  if (record.time_us() < last_time_us_) return Broken(record.sequence(), "time went back");
  WS_RETURN_IF_ERROR(ApplyKind(record, header, changes != nullptr ? *changes : unasked));
  WS_RETURN_IF_ERROR(ApplyLeaf(record));
  last_sequence_ = record.sequence();
  last_time_us_ = record.time_us();
  return absl::OkStatus();
}

absl::Status State::ApplyKind(const journal::v1::Record& record, const bus::v1::Header* header,
                              Changes& changes) {
  using journal::v1::Record;
  switch (record.kind_case()) {
    case Record::kGenesis:
      return ApplyGenesis(record.genesis());
    case Record::kEpochOpened:
      epoch_ = record.epoch_opened().epoch();
      for (auto& [identity, queue] : queues_) queue.ReturnLeases(record.time_us());
      return absl::OkStatus();
    case Record::kAccepted: {
      if (header != nullptr) return ApplyAccepted(record, *header, changes);
      bus::v1::Header parsed;
      if (!parsed.ParseFromString(record.accepted().header())) {
        return Broken(record.sequence(), "header does not parse");
      }
      return ApplyAccepted(record, parsed, changes);
    }
    case Record::kLeased:
      return ApplyLeased(record.leased());
    case Record::kDelivered:
      return ApplyDelivered(record, changes);
    case Record::kGivenBack:
      return ApplyGivenBack(record.given_back(), record.time_us());
    case Record::kLeaseExtended: {
      const auto& extended = record.lease_extended();
      WS_ASSIGN_OR_RETURN(DeliveryQueue * queue, QueueOf(extended.queue(), extended.sequence()));
      queue->Extend(extended.sequence(), extended.deadline_us());
      return absl::OkStatus();
    }
    case Record::kExpired:
      return ApplyExpired(record, changes);
    case Record::kRedriven:
      return ApplyRedriven(record);
    case Record::kCheckpointSigned:
      return ApplyCheckpoint(record);
    case Record::kRefused:
    case Record::kCustodySigned:
      return absl::OkStatus();
    case Record::KIND_NOT_SET:
      break;
  }
  return Broken(record.sequence(), "kind is unknown, want a record of this format level");
}

absl::Status State::ApplyGenesis(const journal::v1::Genesis& genesis) {
  if (has_genesis()) return Broken(next_sequence(), "a second genesis");
  if (genesis.format_level() > kFormatLevel) {
    return absl::FailedPreconditionError(absl::StrCat("journal format level: too new, got ",
                                                      genesis.format_level(), ", want at most ",
                                                      kFormatLevel));
  }
  if (genesis.bus_id().empty()) return Broken(next_sequence(), "genesis without bus id");
  bus_id_ = genesis.bus_id();
  directory_ = std::make_shared<bus::v1::Directory>(genesis.directory());
  policy_ = std::make_shared<bus::v1::Policy>(genesis.policy());
  for (const bus::v1::Identity& identity : directory_->identities()) {
    queues_.try_emplace(identity.identity());
  }
  return absl::OkStatus();
}

absl::Status State::ApplyAccepted(const journal::v1::Record& record, const bus::v1::Header& header,
                                  Changes& changes) {
  std::optional<QueuedMessage> message = QueuedFrom(record, header);
  if (!message.has_value()) return Broken(record.sequence(), "accepted record is malformed");
  latest_id_ms_ = std::max(latest_id_ms_, IdMillis(message->id));
  auto transition = TransitionOfRecord(record.accepted(), header);
  if (transition.has_value()) {
    if (!ledger_.ApplyMessage(*transition, record.sequence(), record.time_us())) {
      return Broken(record.sequence(), "no such referral step, want the referral restored first");
    }
    changes.referrals.push_back(
        {*ReferralIdFrom(header.referral().referral_id()), record.sequence()});
  }
  bool is_request =
      header.referral().transition() == types::v1::TRANSITION_REQUEST && header.has_referral();
  for (int i = 0; i < header.recipients_size(); ++i) {
    auto queue = queues_.find(header.recipients(i));
    if (queue == queues_.end()) return Broken(record.sequence(), "recipient has no queue");
    QueuedMessage copy = *message;
    if (is_request && i == 0) copy.request_of = ReferralIdFrom(header.referral().referral_id());
    queue->second.Add(std::move(copy), record.time_us());
  }
  return absl::OkStatus();
}

absl::Status State::ApplyLeased(const journal::v1::Leased& leased) {
  for (uint64_t sequence : leased.sequences()) {
    WS_ASSIGN_OR_RETURN(DeliveryQueue * queue, QueueOf(leased.queue(), sequence));
    queue->Lease(sequence, leased.deadline_us());
  }
  return absl::OkStatus();
}

absl::Status State::ApplyDelivered(const journal::v1::Record& record, Changes& changes) {
  const journal::v1::Delivered& delivered = record.delivered();
  for (int i = 0; i < delivered.sequences_size(); ++i) {
    uint64_t sequence = delivered.sequences(i);
    if (sequence == 0) continue;  // This receipt changed nothing.
    WS_ASSIGN_OR_RETURN(DeliveryQueue * queue, QueueOf(delivered.queue(), sequence));
    const QueuedMessage* message = queue->Find(sequence);
    std::optional<ReferralId> referral = message->request_of;
    if (message->is_case) {
      changes.case_deliveries.push_back({sequence, record.sequence(), static_cast<uint32_t>(i)});
    }
    queue->Remove(sequence, record.time_us());
    if (referral.has_value() &&
        ledger_.ApplyReceived(*referral, record.sequence(), record.time_us())) {
      changes.referrals.push_back({*referral, record.sequence()});
    }
  }
  return absl::OkStatus();
}

absl::Status State::ApplyGivenBack(const journal::v1::GivenBack& given_back, int64_t now_us) {
  if (given_back.sequences_size() != given_back.retry_us_size()) {
    return Broken(next_sequence(), "given-back record is malformed");
  }
  for (int i = 0; i < given_back.sequences_size(); ++i) {
    WS_ASSIGN_OR_RETURN(DeliveryQueue * queue,
                        QueueOf(given_back.queue(), given_back.sequences(i)));
    queue->GiveBack(given_back.sequences(i), given_back.reason(), given_back.retry_us(i), now_us);
  }
  return absl::OkStatus();
}

absl::Status State::ApplyExpired(const journal::v1::Record& record, Changes& changes) {
  const journal::v1::Expired& expired = record.expired();
  if (expired.queue().empty()) {
    auto referral = ledger_.ApplyExpired(expired.sequence(), record.sequence(), record.time_us());
    if (referral.has_value()) changes.referrals.push_back({*referral, record.sequence()});
    return absl::OkStatus();
  }
  WS_ASSIGN_OR_RETURN(DeliveryQueue * queue, QueueOf(expired.queue(), expired.sequence()));
  queue->Remove(expired.sequence(), record.time_us());
  return absl::OkStatus();
}

absl::Status State::ApplyRedriven(const journal::v1::Record& record) {
  const journal::v1::Redriven& redriven = record.redriven();
  // Rising sequences: each once, and the line of a key agrees with its order.
  if (std::adjacent_find(redriven.sequences().begin(), redriven.sequences().end(),
                         std::greater_equal<>()) != redriven.sequences().end()) {
    return Broken(record.sequence(), "redriven record is malformed");
  }
  for (uint64_t sequence : redriven.sequences()) {
    WS_ASSIGN_OR_RETURN(DeliveryQueue * queue, QueueOf(redriven.queue(), sequence));
    queue->Redrive(sequence, record.sequence(), record.time_us());
  }
  return absl::OkStatus();
}

absl::Status State::ApplyCheckpoint(const journal::v1::Record& record) {
  const uint64_t size = record.checkpoint_signed().tree_size();
  if (size <= log_signed_size_ || size > log_leaves_) {
    return Broken(record.sequence(), absl::StrCat("checkpoint of ", size, " leaves, want above ",
                                                  log_signed_size_, " and at most ", log_leaves_));
  }
  log_signed_size_ = size;
  return absl::OkStatus();
}

// A record without a salt is of a former format level, or a checkpoint.
absl::Status State::ApplyLeaf(const journal::v1::Record& record) {
  if (record.salt().empty()) return absl::OkStatus();
  if (record.has_checkpoint_signed()) {
    return Broken(record.sequence(), "a checkpoint with a salt: it is no leaf of the log");
  }
  if (record.log_index() != log_leaves_) {
    return Broken(record.sequence(), absl::StrCat("leaf ", record.log_index(),
                                                  " of the audit log, want ", log_leaves_));
  }
  ++log_leaves_;
  return absl::OkStatus();
}

absl::StatusOr<DeliveryQueue*> State::QueueOf(const std::string& identity, uint64_t sequence) {
  auto queue = queues_.find(identity);
  if (queue == queues_.end()) return Broken(next_sequence(), "queue is unknown");
  if (queue->second.Find(sequence) == nullptr) {
    return Broken(next_sequence(), absl::StrCat("message ", sequence, " is not in the queue"));
  }
  return &queue->second;
}

const DeliveryQueue* State::FindQueue(const std::string& identity) const {
  auto queue = queues_.find(identity);
  return queue == queues_.end() ? nullptr : &queue->second;
}

int64_t State::NextDueUs(int64_t now_us) const {
  int64_t next = ledger_.NextExpiryUs();
  for (const auto& [identity, queue] : queues_) next = std::min(next, queue.NextDueUs(now_us));
  return next;
}

}  // namespace waystation::broker
