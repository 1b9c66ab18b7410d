#include "services/broker/dispatcher.h"

#include <map>
#include <utility>
#include <vector>

#include "common/limits/limits.h"
#include "common/log/log.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

constexpr size_t kBlocksWaitingMax = 4;

void SetTime(int64_t time_us, google::protobuf::Timestamp* out) {
  out->set_seconds(time_us / 1'000'000);
  out->set_nanos(static_cast<int>(time_us % 1'000'000 * 1'000));
}

size_t BytesOf(const AdmittedMessage& message) {
  return message.message.payload().size() + message.message.header().size() + 1024;
}

}  // namespace

Dispatcher::Dispatcher(Projection& projection, BlockReader& reader, std::string bus_id,
                       std::atomic<uint64_t>& projected)
    : projection_(projection),
      reader_(reader),
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
  if (block.empty()) return;
  std::vector<ProjectedRecord> records;
  records.reserve(block.records().size());
  for (size_t i = 0; i < block.records().size(); ++i) {
    records.push_back({.record = block.records()[i], .header = block.HeaderOf(i)});
  }
  absl::Status applied = projection_.Apply(records, block.changes, block.referrals, block.snapshot);
  // Without the index a duplicate of any age could be taken again.
  if (!applied.ok()) Fatal(applied.ToString());
  projected_.store(block.records().back()->sequence(), std::memory_order_release);
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
    std::vector<bus::v1::PublishResult> results;
    results.reserve(reply.outcomes.size());
    for (const PublishOutcome& outcome : reply.outcomes) {
      results.push_back(ResultOf(block, outcome));
    }
    reply.sink->OnPublished(std::move(results));
  }
}

bus::v1::PublishResult Dispatcher::ResultOf(const Block& block, const PublishOutcome& outcome) {
  bus::v1::PublishResult result;
  if (const auto* accepted = std::get_if<AcceptedPlace>(&outcome)) {
    result.set_message_id(block.accepted[accepted->index].admitted->header.id());
    block.FillReceipt(accepted->index, result.mutable_receipt());
    return result;
  }
  if (const auto* refused = std::get_if<RefusedMessage>(&outcome)) {
    result.set_message_id(refused->message_id);
    *result.mutable_refusal() = rpc::ToRpcStatus(refused->status);
    return result;
  }
  const auto& duplicate = std::get<DuplicateOf>(outcome);
  result.set_message_id(duplicate.message_id);
  absl::StatusOr<bus::v1::SignedReceipt> receipt =
      reader_.CustodyReceiptAt(duplicate.sequence, bus_id_);
  // The message is on the record, but its proof cannot be read: the journal is
  // damaged, and to go on would be to guess.
  if (!receipt.ok()) Fatal(receipt.status().ToString());
  *result.mutable_receipt() = *std::move(receipt);
  result.set_duplicate(true);
  return result;
}

void Dispatcher::Deliver(const LeaseGrant& grant) {
  bus::v1::StreamingPullResponse frame;
  for (const Grant& one : grant.grants) {
    if (!FillDelivery(one, grant.deadline_us, frame.add_deliveries())) {
      Fatal("journal: an accepted message cannot be read");
    }
  }
  grant.session->OnFrame(std::move(frame));
}

bool Dispatcher::FillDelivery(const Grant& grant, int64_t deadline_us, bus::v1::Delivery* out) {
  out->set_attempt(grant.attempt);
  SetTime(deadline_us, out->mutable_ack_deadline_time());
  auto cached = cache_.find(grant.sequence);
  if (cached != cache_.end()) {
    SetTime(cached->second.accept_us, out->mutable_accept_time());
    if (cached->second.receivers_left > 1) {
      *out->mutable_message() = cached->second.admitted->message;
      return true;
    }
    // The last receiver takes it along; should it come back, the journal has it.
    cached_bytes_ -= BytesOf(*cached->second.admitted);
    *out->mutable_message() = std::move(cached->second.admitted->message);
    cache_.erase(cached);
    return true;
  }
  absl::StatusOr<bus::v1::SignedMessage> message = reader_.MessageAt(grant.sequence);
  absl::StatusOr<journal::v1::Record> record = reader_.RecordAt(grant.sequence);
  if (!message.ok() || !record.ok()) {
    log::Error("broker", "message_unreadable",
               {{"sequence", grant.sequence},
                {"status", (message.ok() ? record.status() : message.status()).ToString()}});
    return false;
  }
  *out->mutable_message() = *std::move(message);
  SetTime(record->time_us(), out->mutable_accept_time());
  return true;
}

void Dispatcher::AnswerReceivers(Block& block) {
  // One frame for each stream.
  std::map<PullSession*, bus::v1::StreamingPullResponse> frames;
  for (AckReply& ack : block.acks) {
    bus::v1::AckResult* result = frames[ack.session.get()].add_results();
    result->set_message_id(std::move(ack.message_id));
    if (!ack.status.ok()) *result->mutable_refusal() = rpc::ToRpcStatus(ack.status);
  }
  for (auto& [session, frame] : frames) session->OnFrame(std::move(frame));
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
