#include "common/journal/segment_preparer.h"

#include <algorithm>
#include <utility>

namespace waystation::journal {

SegmentPreparer::SegmentPreparer(FileOps& ops, std::string directory, const SegmentHeader& header)
    : ops_(ops),
      directory_(std::move(directory)),
      header_(header),
      last_made_(header.number),
      wanted_(header.number),
      thread_([this] { Run(); }) {}

SegmentPreparer::~SegmentPreparer() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SegmentPreparer::Request(uint64_t number) {
  {
    std::lock_guard lock(mutex_);
    wanted_ = std::max(wanted_, number);
  }
  changed_.notify_all();
}

absl::Status SegmentPreparer::Wait(uint64_t number) {
  std::unique_lock lock(mutex_);
  if (last_made_ >= number) return absl::OkStatus();
  wanted_ = std::max(wanted_, number);
  if (absl::IsResourceExhausted(failure_)) failure_ = absl::OkStatus();
  changed_.notify_all();
  changed_.wait(lock, [&] { return last_made_ >= number || !failure_.ok(); });
  return last_made_ >= number ? absl::OkStatus() : failure_;
}

void SegmentPreparer::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stop_ || (wanted_ > last_made_ && failure_.ok()); });
    if (stop_) return;
    SegmentHeader next = header_;
    next.number = last_made_ + 1;
    lock.unlock();
    absl::Status made = CreateSegment(ops_, directory_, next);
    lock.lock();
    if (made.ok()) last_made_ = next.number;
    failure_ = made;
    changed_.notify_all();
  }
}

}  // namespace waystation::journal
