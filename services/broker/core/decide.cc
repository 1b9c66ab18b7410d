#include "services/broker/core/decide.h"

#include <algorithm>
#include <string>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/ids/uuid.h"
#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

std::string TimeText(int64_t time_us) {
  return absl::FormatTime(absl::FromUnixMicros(time_us), absl::UTCTimeZone());
}

absl::Status CheckQueues(const State& state, const bus::v1::Header& header, size_t messages_max) {
  for (const std::string& recipient : header.recipients()) {
    const DeliveryQueue* queue = state.FindQueue(recipient);
    if (queue == nullptr) {
      return Refusal(absl::StatusCode::kNotFound, "UNKNOWN_RECIPIENT",
                     Problem("recipient", "not in the directory", Quoted(recipient),
                             "an identity of the directory"));
    }
    if (queue->size() >= messages_max) {
      return Refusal(
          absl::StatusCode::kResourceExhausted, "OVERLOADED",
          Problem("queue " + Quoted(recipient), "full", absl::StrCat(queue->size(), " messages"),
                  absl::StrCat("fewer than ", messages_max)));
    }
  }
  return absl::OkStatus();
}

absl::Status UnknownMessage(const MessageId& id) {
  return Refusal(
      absl::StatusCode::kNotFound, "UNKNOWN_MESSAGE",
      Problem("message", "not in this queue", FormatUuid(id), "the id of a present delivery"));
}

absl::Status StaleAttempt(uint32_t got, uint32_t want) {
  return Refusal(absl::StatusCode::kFailedPrecondition, "STALE_ATTEMPT",
                 Problem("delivery", "wrong attempt", absl::StrCat(got), absl::StrCat(want)));
}

// The present lease of a message, if `attempt` is the present one.
absl::StatusOr<const QueuedMessage*> PresentLease(const State& state, const std::string& queue,
                                                  const MessageId& id, uint32_t attempt) {
  const DeliveryQueue* found = state.FindQueue(queue);
  const QueuedMessage* message = found == nullptr ? nullptr : found->FindById(id);
  if (message == nullptr) return UnknownMessage(id);
  if (message->stage != Stage::kLeased || message->attempt != attempt) {
    return StaleAttempt(attempt, message->attempt);
  }
  return message;
}

// Adds one message to a given-back record; a dead letter when its attempts are
// used up.
void AddGivenBack(const State& state, const QueuedMessage& message, int64_t retry_us,
                  journal::v1::GivenBack* given_back) {
  bool used_up = message.attempt >= state.policy()->delivery().attempts_max();
  given_back->add_sequences(message.sequence);
  given_back->add_retry_us(used_up ? 0 : retry_us);
}

absl::StatusOr<uint64_t> JudgeReceipt(const DeliveryQueue* queue, const ReceiptView& receipt) {
  const QueuedMessage* message = queue == nullptr ? nullptr : queue->FindById(receipt.id);
  if (message == nullptr) return 0;
  if (message->envelope_hash != receipt.envelope_hash) {
    return OfAnotherEnvelope(receipt.envelope_hash);
  }
  // A receipt is resent verbatim, so an older attempt is as good, also one from
  // before a redrive; one that was never made is a forgery or a fault.
  if (receipt.attempt == 0 || receipt.attempt > message->attempt_most) {
    return StaleAttempt(receipt.attempt, message->attempt_most);
  }
  return message->sequence;
}

}  // namespace

absl::Status NeverHeld(const MessageId& id) {
  return Refusal(absl::StatusCode::kNotFound, "UNKNOWN_MESSAGE",
                 Problem("delivery receipt", "the bus never had this message", FormatUuid(id),
                         "the id of a delivery to the caller"));
}

absl::Status OfAnotherEnvelope(const crypto::Digest& envelope_hash) {
  return Refusal(
      absl::StatusCode::kInvalidArgument, "RECEIPT_MISMATCH",
      Problem("delivery receipt", "envelope_hash is not the message's",
              crypto::Hex(crypto::AsBytes(envelope_hash)), "that of the message as delivered"));
}

absl::StatusOr<PublishDecision> DecidePublish(const State& state, const PublishCommand& command,
                                              const std::optional<KnownMessage>& known,
                                              int64_t now_us, journal::v1::Accepted* accepted) {
  const bus::v1::Header& header = *command.header;
  if (known.has_value()) {
    if (known->envelope_hash == command.envelope_hash) return PublishDecision::kDuplicate;
    return Refusal(
        absl::StatusCode::kAlreadyExists, "CONTENT_CHANGED",
        Problem("message " + Quoted(header.id()), "accepted before with another content",
                absl::StrCat("envelope hash ", crypto::Hex(crypto::AsBytes(command.envelope_hash))),
                "the same bytes"));
  }
  if (header.has_expire_time() && Micros(header.expire_time()) <= now_us) {
    return Refusal(absl::StatusCode::kFailedPrecondition, "ALREADY_EXPIRED",
                   Problem("message " + Quoted(header.id()), "expire_time has passed",
                           TimeText(Micros(header.expire_time())),
                           absl::StrCat("a time after ", TimeText(now_us))));
  }
  WS_RETURN_IF_ERROR(CheckQueues(state, header, command.queue_messages_max));
  if (header.has_referral()) {
    WS_RETURN_IF_ERROR(state.ledger().Check(
        {.header = &header, .parent = command.parent, .replaces = command.replaces}));
  }
  accepted->set_header(command.header_bytes.data(), command.header_bytes.size());
  accepted->set_signature(command.signature_bytes.data(), command.signature_bytes.size());
  accepted->set_envelope_hash(command.envelope_hash.data(), command.envelope_hash.size());
  accepted->set_certificate_sha256(command.certificate_sha256.data(),
                                   command.certificate_sha256.size());
  accepted->set_crl_number(command.crl_number);
  accepted->set_policy_version(state.policy()->version());
  if (command.parent) accepted->set_parent_referral_id(std::string(AsBytes(*command.parent)));
  if (command.replaces) accepted->set_replaces_referral_id(std::string(AsBytes(*command.replaces)));
  return PublishDecision::kAccept;
}

bool DecideLease(const State& state, const LeaseCommand& command, int64_t now_us,
                 journal::v1::Leased* leased) {
  const DeliveryQueue* queue = state.FindQueue(command.queue);
  if (queue == nullptr) return false;
  std::vector<uint64_t> picked = queue->PickLease(command.credit, command.count_max, now_us);
  if (picked.empty()) return false;
  leased->set_queue(command.queue);
  leased->mutable_sequences()->Add(picked.begin(), picked.end());
  leased->set_deadline_us(now_us + command.ack_deadline_us);
  leased->set_client_id(command.client_id);
  return true;
}

std::vector<absl::StatusOr<uint64_t>> DecideReceipts(const State& state, const std::string& queue,
                                                     std::span<const ReceiptView> receipts) {
  const DeliveryQueue* found = state.FindQueue(queue);
  std::vector<absl::StatusOr<uint64_t>> judged;
  judged.reserve(receipts.size());
  absl::flat_hash_set<uint64_t> acknowledged;
  for (const ReceiptView& receipt : receipts) {
    judged.push_back(JudgeReceipt(found, receipt));
    absl::StatusOr<uint64_t>& last = judged.back();
    // A receipt doubled within its batch acknowledges once.
    if (last.ok() && *last != 0 && !acknowledged.insert(*last).second) last = uint64_t{0};
  }
  return judged;
}

absl::Status DecideNack(const State& state, const std::string& queue, const NackCommand& command,
                        int64_t now_us, journal::v1::GivenBack* given_back) {
  WS_ASSIGN_OR_RETURN(const QueuedMessage* message,
                      PresentLease(state, queue, command.id, command.attempt));
  const int64_t delay_max_us = absl::ToInt64Microseconds(kRetryDelayMax);
  int64_t retry_us = command.retry_delay_us.has_value()
                         ? now_us + std::clamp<int64_t>(*command.retry_delay_us, 0, delay_max_us)
                         : RetryUs(state.policy()->delivery(), *message, now_us);
  given_back->set_queue(queue);
  given_back->set_reason(command.reason);
  AddGivenBack(state, *message, retry_us, given_back);
  return absl::OkStatus();
}

absl::Status DecideExtend(const State& state, const std::string& queue, const MessageId& id,
                          uint32_t attempt, int64_t deadline_us,
                          journal::v1::LeaseExtended* extended) {
  WS_ASSIGN_OR_RETURN(const QueuedMessage* message, PresentLease(state, queue, id, attempt));
  extended->set_queue(queue);
  extended->set_sequence(message->sequence);
  extended->set_deadline_us(deadline_us);
  return absl::OkStatus();
}

bool DecideStreamClosed(const State& state, const std::string& queue,
                        std::span<const uint64_t> sequences, int64_t now_us,
                        journal::v1::GivenBack* given_back) {
  const DeliveryQueue* found = state.FindQueue(queue);
  if (found == nullptr) return false;
  absl::flat_hash_set<uint64_t> seen;
  for (uint64_t sequence : sequences) {
    const QueuedMessage* message = found->Find(sequence);
    if (message == nullptr || message->stage != Stage::kLeased) continue;
    if (!seen.insert(sequence).second) continue;
    AddGivenBack(state, *message, now_us, given_back);
  }
  given_back->set_queue(queue);
  given_back->set_reason("STREAM_CLOSED");
  return given_back->sequences_size() > 0;
}

std::vector<journal::v1::Record> DecideTick(const State& state, int64_t now_us, size_t count_max) {
  std::vector<journal::v1::Record> records;
  size_t left = count_max;
  for (const auto& [identity, queue] : state.queues()) {
    std::vector<uint64_t> overdue = queue.PickOverdueLeases(now_us, left);
    left -= overdue.size();
    if (!overdue.empty()) {
      journal::v1::GivenBack* given_back = records.emplace_back().mutable_given_back();
      given_back->set_queue(identity);
      given_back->set_reason("ACK_DEADLINE_PASSED");
      for (uint64_t sequence : overdue) {
        const QueuedMessage& message = *queue.Find(sequence);
        AddGivenBack(state, message, RetryUs(state.policy()->delivery(), message, now_us),
                     given_back);
      }
    }
    for (uint64_t sequence : queue.PickExpired(now_us, left)) {
      journal::v1::Expired* expired = records.emplace_back().mutable_expired();
      expired->set_queue(identity);
      expired->set_sequence(sequence);
      --left;
    }
  }
  for (uint64_t request_sequence : state.ledger().PickExpired(now_us, left)) {
    records.emplace_back().mutable_expired()->set_sequence(request_sequence);
  }
  return records;
}

absl::Status DecideRedrive(const State& state, const std::string& queue,
                           std::span<const MessageId> ids, std::string_view operator_identity,
                           journal::v1::Redriven* redriven) {
  const DeliveryQueue* found = state.FindQueue(queue);
  if (found == nullptr) {
    return Refusal(
        absl::StatusCode::kNotFound, "UNKNOWN_QUEUE",
        Problem("queue", "not in the directory", Quoted(queue), "an identity of the directory"));
  }
  redriven->set_queue(queue);
  redriven->set_operator_(std::string(operator_identity));
  // Each once and in accept order, whatever the operator asked twice.
  absl::btree_set<uint64_t> dead;
  for (const MessageId& id : ids) {
    const QueuedMessage* message = found->FindById(id);
    if (message == nullptr) return UnknownMessage(id);
    if (message->stage == Stage::kDead) dead.insert(message->sequence);
  }
  if (ids.empty() && found->dead() > 0) {
    for (const auto& [sequence, message] : found->messages()) {
      if (message->stage == Stage::kDead) dead.insert(sequence);
      if (dead.size() == kRecordSequencesMax) break;
    }
  }
  for (uint64_t sequence : dead) {
    if (static_cast<size_t>(redriven->sequences_size()) == kRecordSequencesMax) break;
    redriven->add_sequences(sequence);
  }
  return absl::OkStatus();
}

bool DecideCheckpoint(const State& state, const CheckpointCommand& command,
                      journal::v1::CheckpointSigned* signed_checkpoint) {
  WS_CHECK(command.tree_size <= state.log_leaves());
  if (command.tree_size <= state.log_signed_size()) return false;
  signed_checkpoint->set_tree_size(command.tree_size);
  signed_checkpoint->set_root_hash(std::string(crypto::AsBytes(command.root)));
  signed_checkpoint->set_note(command.note);
  return true;
}

}  // namespace waystation::broker
