#include "services/broker/edge/tail_stream.h"

#include <thread>
#include <utility>

#include "common/rpc/status_grpc.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

// How soon an ending stream notices while nothing is new.
constexpr absl::Duration kPoll = absl::Milliseconds(500);
constexpr int kRecordsPerResponse = 512;

}  // namespace

void TailStream::Begin() {
  self_ = shared_from_this();
  std::thread([self = self_] { self->Run(); }).detach();
}

void TailStream::End() {
  std::lock_guard<std::mutex> lock(mutex_);
  ending_ = true;
  changed_.notify_all();
}

bool TailStream::ending() {
  std::lock_guard<std::mutex> lock(mutex_);
  return ending_;
}

void TailStream::Run() {
  absl::Status status;
  while (status.ok() && !ending()) {
    if (!journal_.WaitFor(next_, kPoll)) continue;
    status =
        journal_.ReadBlocks(next_, [&](const journal::Block& block) { return WriteBlock(block); });
  }
  Finish(rpc::ToGrpcStatus(status.ok() ? absl::UnavailableError("tail: ended") : status));
}

absl::Status TailStream::WriteBlock(const journal::Block& block) {
  operations::v1::TailRecordsResponse response;
  for (size_t i = 0; i < block.records.size(); ++i) {
    if (block.first_sequence + i < next_) continue;
    response.add_records(block.records[i].data(), block.records[i].size());
    bool last = i + 1 == block.records.size();
    if (!last && response.records_size() < kRecordsPerResponse) continue;
    if (!Write(std::exchange(response, {}))) return absl::CancelledError("tail: ended");
  }
  next_ = block.first_sequence + block.records.size();
  return absl::OkStatus();
}

bool TailStream::Write(operations::v1::TailRecordsResponse response) {
  response_ = std::move(response);
  std::unique_lock<std::mutex> lock(mutex_);
  if (ending_) return false;
  writing_ = true;
  StartWrite(&response_);
  changed_.wait(lock, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return !writing_; });
  return !ending_;
}

void TailStream::OnWriteDone(bool ok) {
  std::lock_guard<std::mutex> lock(mutex_);
  writing_ = false;
  if (!ok) ending_ = true;
  changed_.notify_all();
}

}  // namespace waystation::broker
