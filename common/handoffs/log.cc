#include "common/handoffs/log.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/crypto/sha256.h"
#include "common/evidence/message.h"
#include "common/evidence/receipt.h"
#include "common/handoffs/times.h"
#include "common/status/status.h"

namespace waystation::handoffs {
namespace {

std::optional<CaseStep> StepOf(const bus::v1::Header& header,
                               const journal::v1::Accepted& accepted) {
  if (!header.has_referral()) return std::nullopt;
  const bus::v1::ReferralHeader& referral = header.referral();
  CaseStep step{referral.referral_id(), referral.transition(), accepted.parent_referral_id(),
                accepted.replaces_referral_id(), std::nullopt};
  if (referral.has_due_time()) step.due = ToTime(referral.due_time());
  return step;
}

bus::v1::ReceiptBatch BatchOf(const journal::v1::Delivered& delivered) {
  bus::v1::ReceiptBatch batch;
  batch.set_statement(delivered.statement());
  batch.set_signature(delivered.signature());
  batch.set_certificate_sha256(delivered.certificate_sha256());
  *batch.mutable_receipts() = delivered.receipts();
  return batch;
}

}  // namespace

absl::Status HandoffLog::Take(const journal::v1::Record& record) {
  if (record.sequence() <= last_sequence_) {
    return absl::DataLossError(Problem("record", "its sequence does not grow",
                                       absl::StrCat(record.sequence()),
                                       absl::StrCat("more than ", last_sequence_)));
  }
  if (record.has_accepted()) WS_RETURN_IF_ERROR(TakeAccepted(record));
  if (record.has_delivered()) TakeDelivered(record);
  if (record.has_expired()) TakeExpired(record);
  TakeQueueMoves(record);
  last_sequence_ = record.sequence();
  last_time_ = absl::FromUnixMicros(record.time_us());
  return absl::OkStatus();
}

void HandoffLog::TakeQueueMoves(const journal::v1::Record& record) {
  for (uint64_t sequence : record.leased().sequences()) {
    Delivery* delivery = Find(sequence, record.leased().queue());
    if (delivery == nullptr) continue;
    ++delivery->leases;
    if (!delivery->first_leased) delivery->first_leased = absl::FromUnixMicros(record.time_us());
  }
  const journal::v1::GivenBack& back = record.given_back();
  for (int i = 0; i < std::min(back.sequences_size(), back.retry_us_size()); ++i) {
    Delivery* delivery = Find(back.sequences(i), back.queue());
    if (delivery != nullptr && back.retry_us(i) == 0) delivery->dead_letter = true;
  }
  for (uint64_t sequence : record.redriven().sequences()) {
    Delivery* delivery = Find(sequence, record.redriven().queue());
    if (delivery == nullptr) continue;
    delivery->dead_letter = false;
    ++delivery->redriven;
  }
}

void HandoffLog::TakeExpired(const journal::v1::Record& record) {
  const journal::v1::Expired& expired = record.expired();
  if (expired.queue().empty()) {
    Handoff* request = FindHandoff(expired.sequence());
    if (request != nullptr) request->referral_expired = absl::FromUnixMicros(record.time_us());
    return;
  }
  Delivery* delivery = Find(expired.sequence(), expired.queue());
  if (delivery != nullptr) delivery->expired = true;
}

absl::Status HandoffLog::TakeAccepted(const journal::v1::Record& record) {
  const journal::v1::Accepted& accepted = record.accepted();
  bus::v1::Header header;
  if (!header.ParseFromString(accepted.header())) {
    return absl::DataLossError(
        Problem("record", "its header cannot be read", absl::StrCat(record.sequence())));
  }
  Handoff& handoff = handoffs_[header.id()];
  const absl::Time time = absl::FromUnixMicros(record.time_us());
  const crypto::Digest hash = evidence::EnvelopeHash(accepted.header());
  handoff.acceptances.push_back({record.sequence(), time, std::string(crypto::AsBytes(hash)),
                                 accepted.envelope_hash(), time < last_time_});
  by_sequence_[record.sequence()] = header.id();
  if (handoff.acceptances.size() > 1) return absl::OkStatus();
  handoff.message_id = header.id();
  handoff.sender = header.source();
  handoff.recipients.assign(header.recipients().begin(), header.recipients().end());
  handoff.ordering_key = header.ordering_key();
  handoff.step = StepOf(header, accepted);
  for (const std::string& recipient : handoff.recipients) handoff.deliveries[recipient];
  return absl::OkStatus();
}

Handoff* HandoffLog::FindHandoff(uint64_t accepted_sequence) {
  auto id = by_sequence_.find(accepted_sequence);
  return id == by_sequence_.end() ? nullptr : &handoffs_.find(id->second)->second;
}

Delivery* HandoffLog::Find(uint64_t accepted_sequence, std::string_view queue) {
  Handoff* handoff = FindHandoff(accepted_sequence);
  if (handoff == nullptr) return nullptr;
  auto delivery = handoff->deliveries.find(queue);
  return delivery == handoff->deliveries.end() ? nullptr : &delivery->second;
}

void HandoffLog::TakeDelivered(const journal::v1::Record& record) {
  const journal::v1::Delivered& delivered = record.delivered();
  std::string problem;
  if (judge_ != nullptr) {
    absl::Status held =
        judge_(BatchOf(delivered), delivered.queue(), absl::FromUnixMicros(record.time_us()));
    if (!held.ok()) problem = std::string(held.message());
  }
  for (int i = 0; i < delivered.receipts_size(); ++i) {
    // 0: a receipt that was sent again and changed nothing.
    if (i < delivered.sequences_size() && delivered.sequences(i) == 0) continue;
    TakeReceipt(record, i, problem);
  }
}

void HandoffLog::TakeReceipt(const journal::v1::Record& record, int index,
                             const std::string& problem) {
  const journal::v1::Delivered& delivered = record.delivered();
  absl::StatusOr<bus::v1::DeliveryReceipt> receipt =
      evidence::ParseDeliveryReceipt(delivered.receipts(index));
  const uint64_t acknowledges = index < delivered.sequences_size() ? delivered.sequences(index) : 0;
  LoggedReceipt logged;
  logged.recipient = delivered.queue();
  logged.sequence = record.sequence();
  logged.recorded = absl::FromUnixMicros(record.time_us());
  logged.acknowledges = acknowledges;
  logged.problem = problem;
  std::string id;
  if (receipt.ok()) {
    id = receipt->message_id();
    logged.envelope_hash = receipt->envelope_hash();
    logged.outcome = receipt->outcome();
    logged.attempt = receipt->attempt();
    logged.time = ToTime(receipt->time());
    if (receipt->recipient() != delivered.queue()) {
      logged.problem = Problem("recipient", "another than the queue's",
                               Quoted(receipt->recipient()), Quoted(delivered.queue()));
    }
  } else {
    // Unreadable, it can only be told by the record that it is said to acknowledge.
    auto found = by_sequence_.find(acknowledges);
    if (found == by_sequence_.end()) return;
    id = found->second;
    logged.problem = std::string(receipt.status().message());
  }
  Handoff& handoff = handoffs_[id];
  handoff.message_id = id;
  handoff.deliveries[logged.recipient].receipts.push_back(std::move(logged));
}

}  // namespace waystation::handoffs
