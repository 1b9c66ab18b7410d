#include "services/broker/dispatcher.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "common/ids/uuid.h"
#include "common/limits/limits.h"
#include "common/log/log.h"
#include "common/status/status.h"
#include "services/broker/core/decide.h"

namespace waystation::broker {
namespace {

constexpr size_t kBlocksWaitingMax = 4;

// What one result takes as a rule, and one delivery beside header and payload:
// guesses that spare a frame from growing.
constexpr size_t kResultBytes = 768;
constexpr size_t kDeliveryBytes = 640;

size_t BytesOf(const AdmittedMessage& message) {
  return message.payload.size() + message.header_bytes.size() + 1024;
}

}  // namespace

Dispatcher::Dispatcher(Projection& projection, BlockReader& reader, RefusalLog& refusals,
                       std::string bus_id, std::atomic<uint64_t>& projected)
    : projection_(projection),
      reader_(reader),
      refusals_(refusals),
      bus_id_(std::move(bus_id)),
      projected_(projected),
      thread_([this] { Run(); }) {}

Dispatcher::~Dispatcher() { Stop(); }

void Dispatcher::Put(std::unique_ptr<Block> block) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    room_.wait(lock, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return blocks_.size() < kBlocksWaitingMax || stopping_;
    });
    blocks_.push_back(std::move(block));
  }
  wake_.notify_one();
}

void Dispatcher::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  room_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  absl::Status flushed = projection_.Flush(/*wait=*/true);
  if (!flushed.ok()) log::Warning("broker", "projection_flush", {{"status", flushed.ToString()}});
}

std::unique_ptr<Block> Dispatcher::Take() {
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait(lock, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_ || !blocks_.empty(); });
  if (blocks_.empty()) return nullptr;
  std::unique_ptr<Block> block = std::move(blocks_.front());
  blocks_.pop_front();
  room_.notify_one();
  return block;
}

void Dispatcher::Run() {
  while (std::unique_ptr<Block> block = Take()) Follow(*block);
}

void Dispatcher::Follow(Block& block) {
  Project(block);
  Remember(block);
  AnswerPublishers(block);
  for (const LeaseGrant& grant : block.leases) Deliver(grant);
  AnswerReceivers(block);
  for (const auto& callback : block.callbacks) callback();
  Release(block);
}

void Dispatcher::Project(const Block& block) {
  // The last block of a clean stop is a snapshot and may hold no record.
  if (block.empty() && block.snapshot.empty()) return;
  std::vector<ProjectedRecord> records;
  records.reserve(block.records().size());
  for (size_t i = 0; i < block.records().size(); ++i) {
    records.push_back({.record = block.records()[i], .header = block.HeaderOf(i)});
  }
  absl::Status applied = projection_.Apply(records, block.changes, block.referrals, block.snapshot);
  // Without the index a duplicate of any age could be taken again.
  if (!applied.ok()) Fatal(applied.ToString());
  if (!block.empty()) {
    projected_.store(block.records().back()->sequence(), std::memory_order_release);
  }
  if (block.snapshot.empty()) return;
  absl::Status flushed = projection_.Flush(/*wait=*/false);
  if (!flushed.ok()) log::Warning("broker", "projection_flush", {{"status", flushed.ToString()}});
}

void Dispatcher::Remember(const Block& block) {
  for (const AcceptedMessage& message : block.accepted) {
    size_t bytes = BytesOf(*message.admitted);
    if (cached_bytes_ + bytes > kDeliveryCacheBytesMax) continue;
    cached_bytes_ += bytes;
    cache_[message.sequence] = {.admitted = message.admitted,
                                .accept_us = message.accept_us,
                                .receivers_left = message.admitted->header.recipients_size()};
  }
}

void Dispatcher::AnswerPublishers(Block& block) {
  for (PublishReply& reply : block.publishes) {
    Frame frame{.bytes = {}, .messages = reply.outcomes.size()};
    frame.bytes.reserve(frame.messages * kResultBytes);
    for (const PublishOutcome& outcome : reply.outcomes) {
      AppendOutcome(block, outcome, &frame.bytes);
    }
    reply.sink->OnPublished(std::move(frame));
  }
}

void Dispatcher::AppendOutcome(const Block& block, const PublishOutcome& outcome,
                               std::string* frame) {
  if (const auto* accepted = std::get_if<AcceptedPlace>(&outcome)) {
    return block.AppendResult(accepted->index, frame);
  }
  if (const auto* refused = std::get_if<RefusedMessage>(&outcome)) {
    return AppendRefusal(refused->message_id, refused->status, frame);
  }
  const auto& duplicate = std::get<DuplicateOf>(outcome);
  absl::StatusOr<bus::v1::SignedReceipt> receipt =
      reader_.CustodyReceiptAt(duplicate.sequence, bus_id_);
  // The message is on the record, but its proof cannot be read: the journal is
  // damaged, and to go on would be to guess.
  if (!receipt.ok()) Fatal(receipt.status().ToString());
  AppendDuplicate(duplicate.message_id, receipt->SerializeAsString(), frame);
}

void Dispatcher::Deliver(const LeaseGrant& grant) {
  Frame frame{.bytes = {}, .messages = grant.grants.size()};
  frame.bytes.reserve(grant.bytes + frame.messages * kDeliveryBytes);
  for (const Grant& one : grant.grants) {
    absl::Status appended = AppendGrant(one, grant.deadline_us, &frame.bytes);
    if (appended.ok()) continue;
    log::Error("broker", "message_unreadable",
               {{"sequence", one.sequence}, {"status", appended.ToString()}});
    Fatal("journal: an accepted message cannot be read");
  }
  grant.session->OnFrame(std::move(frame));
}

absl::Status Dispatcher::AppendGrant(const Grant& grant, int64_t deadline_us, std::string* frame) {
  auto cached = cache_.find(grant.sequence);
  if (cached == cache_.end()) return AppendFromJournal(grant, deadline_us, frame);
  const AdmittedMessage& message = *cached->second.admitted;
  AppendDelivery({.header = message.header_bytes,
                  .signature = message.signature_bytes,
                  .payload = message.payload,
                  .attempt = grant.attempt,
                  .accept_us = cached->second.accept_us,
                  .deadline_us = deadline_us},
                 frame);
  if (cached->second.receivers_left > 1) return absl::OkStatus();
  // The last receiver has it; should it come back, the journal has it too.
  cached_bytes_ -= BytesOf(message);
  cache_.erase(cached);
  return absl::OkStatus();
}

absl::Status Dispatcher::AppendFromJournal(const Grant& grant, int64_t deadline_us,
                                           std::string* frame) {
  WS_ASSIGN_OR_RETURN(bus::v1::SignedMessage message, reader_.MessageAt(grant.sequence));
  WS_ASSIGN_OR_RETURN(journal::v1::Record record, reader_.RecordAt(grant.sequence));
  AppendDelivery({.header = message.header(),
                  .signature = record.accepted().signature(),
                  .payload = message.payload(),
                  .attempt = grant.attempt,
                  .accept_us = record.time_us(),
                  .deadline_us = deadline_us},
                 frame);
  return absl::OkStatus();
}

void Dispatcher::AnswerReceivers(Block& block) {
  // One frame for each stream.
  std::map<PullSession*, Frame> frames;
  for (const AckReply& reply : block.acks) {
    Frame& frame = frames[reply.session.get()];
    frame.messages += reply.acks.size();
    for (const Ack& ack : reply.acks) {
      absl::Status status = ack.status;
      if (ack.past_sequence != 0) {
        status = JudgePastReceipt(ack, reply.session->queue);
      }
      AppendAck(FormatUuid(ack.id), status, &frame.bytes);
    }
  }
  for (auto& [session, frame] : frames) session->OnFrame(std::move(frame));
}

absl::Status Dispatcher::JudgePastReceipt(const Ack& ack, const std::string& queue) {
  absl::StatusOr<journal::v1::Record> record = reader_.RecordAt(ack.past_sequence);
  bus::v1::Header header;
  if (!record.ok() || !header.ParseFromString(record->accepted().header())) {
    Fatal("journal: an accepted message cannot be read: " + record.status().ToString());
  }
  const auto& recipients = header.recipients();
  const bool was_to_have_it =
      std::find(recipients.begin(), recipients.end(), queue) != recipients.end();
  // To another the same words as for a message that nobody sent, whatever the
  // receipt says of it: it is not the caller's.
  absl::Status judged = was_to_have_it ? ack.status : NeverHeld(ack.id);
  if (!judged.ok()) refusals_.Add(queue, "receipt", judged);
  return judged;
}

void Dispatcher::Release(const Block& block) {
  for (const journal::v1::Record* record : block.records()) {
    if (record->has_delivered()) {
      for (uint64_t sequence : record->delivered().sequences()) ReleaseOne(sequence);
    }
    if (record->has_expired() && !record->expired().queue().empty()) {
      ReleaseOne(record->expired().sequence());
    }
  }
}

void Dispatcher::ReleaseOne(uint64_t sequence) {
  auto cached = cache_.find(sequence);
  if (cached == cache_.end() || --cached->second.receivers_left > 0) return;
  cached_bytes_ -= BytesOf(*cached->second.admitted);
  cache_.erase(cached);
}

}  // namespace waystation::broker
