#include "common/journal/fake_journal.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/journal/block_codec.h"
#include "common/journal/crc32c.h"
#include "common/status/status.h"

namespace waystation::journal {
namespace {

constexpr char kDead[] = "journal: stopped for good";

}  // namespace

void FakeJournal::FailAppend(uint64_t n, Failure failure) {
  std::lock_guard lock(mutex_);
  failures_[n] = failure;
}

void FakeJournal::Reopen() {
  std::lock_guard lock(mutex_);
  dead_ = false;
}

Head FakeJournal::head() const {
  std::lock_guard lock(mutex_);
  return head_;
}

AppendOutcome FakeJournal::Append(const BlockToAppend& block) {
  std::lock_guard lock(mutex_);
  append_calls_++;
  if (dead_) return {.status = absl::UnavailableError(kDead)};
  auto failure = failures_.find(append_calls_);
  return failure == failures_.end() ? AppendLocked(block) : FailLocked(block, failure->second);
}

AppendOutcome FakeJournal::AppendLocked(const BlockToAppend& block) {
  if (absl::Status limits = CheckLimits(block); !limits.ok()) {
    return {.result = AppendResult::kRefused, .status = limits};
  }
  if (absl::Status fence = CheckFence(block, head_); !fence.ok()) {
    return {.result = AppendResult::kFenced, .status = fence};
  }
  const Block& kept = Keep(block);
  return {.result = AppendResult::kCommitted,
          .block_number = kept.number,
          .block_hash = kept.hash,
          .payloads = kept.payloads};
}

AppendOutcome FakeJournal::FailLocked(const BlockToAppend& block, Failure failure) {
  switch (failure) {
    case Failure::kFenced:
      return {.result = AppendResult::kFenced, .status = absl::AbortedError("journal: fenced")};
    case Failure::kRefused:
      return {.result = AppendResult::kRefused,
              .status = absl::ResourceExhaustedError("journal: disk full")};
    case Failure::kUnknownKept:
      AppendLocked(block);
      break;
    case Failure::kUnknownLost:
      break;
  }
  dead_ = true;
  changed_.notify_all();
  return {.status = absl::UnavailableError(kDead)};
}

const Block& FakeJournal::Keep(const BlockToAppend& block) {
  BlockHeader header = DescribeBlock(block, head_);
  header.hash = HashBlock(header, block.records);
  auto stored = std::make_shared<Stored>();
  stored->records.assign(block.records.begin(), block.records.end());
  stored->payloads.assign(block.payloads.begin(), block.payloads.end());
  stored->block = {.number = header.number,
                   .first_sequence = header.first_sequence,
                   .epoch = header.epoch,
                   .time = absl::FromUnixMicros(header.unix_us),
                   .previous_hash = header.previous_hash,
                   .hash = header.hash,
                   .records = {stored->records.begin(), stored->records.end()}};
  for (size_t i = 0; i < stored->payloads.size(); i++) {
    stored->block.payloads.push_back({.block_number = header.number,
                                      .segment = 1,
                                      .offset = static_cast<uint32_t>(i),
                                      .size = static_cast<uint32_t>(stored->payloads[i].size()),
                                      .crc32c = Crc32c(stored->payloads[i])});
  }
  head_ = header.head();
  blocks_.push_back(std::move(stored));
  changed_.notify_all();
  return blocks_.back()->block;
}

absl::Status FakeJournal::ReadBlocks(uint64_t from_sequence, const BlockCallback& callback) {
  std::vector<std::shared_ptr<const Stored>> blocks;
  {
    std::lock_guard lock(mutex_);
    if (dead_) return absl::UnavailableError(kDead);
    if (from_sequence > head_.next_sequence) {
      return absl::OutOfRangeError(Problem("sequence", "past the end", absl::StrCat(from_sequence),
                                           absl::StrCat("at most ", head_.next_sequence)));
    }
    blocks = blocks_;
  }
  for (const auto& stored : blocks) {
    const Block& block = stored->block;
    const uint64_t records = block.records.empty() ? 1 : block.records.size();
    if (block.first_sequence + records <= from_sequence) continue;
    WS_RETURN_IF_ERROR(callback(block));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> FakeJournal::ReadPayload(const PayloadLocator& locator) {
  std::lock_guard lock(mutex_);
  if (dead_) return absl::UnavailableError(kDead);
  if (locator.block_number >= 1 && locator.block_number <= blocks_.size()) {
    const Stored& stored = *blocks_[locator.block_number - 1];
    const bool there = locator.offset < stored.payloads.size();
    if (there && stored.block.payloads[locator.offset] == locator) {
      return stored.payloads[locator.offset];
    }
  }
  return absl::DataLossError(
      absl::StrCat("journal: block ", locator.block_number, ": locator points at no payload"));
}

bool FakeJournal::WaitFor(uint64_t sequence, absl::Duration timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoNanoseconds(timeout),
                    [&] { return dead_ || head_.next_sequence > sequence; });
  return !dead_ && head_.next_sequence > sequence;
}

}  // namespace waystation::journal
