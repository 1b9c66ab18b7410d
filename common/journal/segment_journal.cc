#include "common/journal/segment_journal.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/journal/segment_reads.h"
#include "common/status/status.h"

namespace waystation::journal {
namespace {

absl::Status CheckOptions(const SegmentJournal::Options& options) {
  if (options.directory.empty()) return absl::InvalidArgumentError(Problem("directory", "empty"));
  if (options.segment_bytes % kSectorBytes == 0 && options.segment_bytes >= kSegmentBytesMin &&
      options.segment_bytes <= kSegmentBytesMax) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(Problem("segment_bytes", "out of range",
                                            absl::StrCat(options.segment_bytes),
                                            "a multiple of 512 from 4096 to 2147483648"));
}

absl::Status NoJournal(const std::string& directory) {
  return absl::NotFoundError(
      Problem(directory, "no journal here", "", "an existing one, as the options say"));
}

// Makes the directory and makes its name durable in the parent.
absl::Status EnsureDirectory(FileOps& ops, const SegmentJournal::Options& options) {
  std::error_code error;
  if (std::filesystem::is_directory(options.directory, error)) return absl::OkStatus();
  if (options.must_exist) return NoJournal(options.directory);
  if (!std::filesystem::create_directory(options.directory, error)) {
    return absl::UnavailableError(Problem(options.directory, "not made", error.message()));
  }
  const std::filesystem::path path = std::filesystem::absolute(options.directory, error);
  return SyncDirectory(ops, path.parent_path().string());
}

// Makes the first segment of a new journal.
absl::Status CreateFirstSegment(FileOps& ops, const SegmentJournal::Options& options) {
  if (options.must_exist) return NoJournal(options.directory);
  SegmentHeader header{.number = 1, .bytes = options.segment_bytes};
  options.random(header.journal_id.data(), header.journal_id.size());
  return CreateSegment(ops, options.directory, header);
}

AppendOutcome Refused(absl::Status status) {
  return {.result = AppendResult::kRefused, .status = std::move(status)};
}

}  // namespace

absl::StatusOr<std::unique_ptr<SegmentJournal>> SegmentJournal::Open(Options options) {
  WS_RETURN_IF_ERROR(CheckOptions(options));
  FileOps& ops = options.file_ops != nullptr ? *options.file_ops : FileOps::System();
  WS_RETURN_IF_ERROR(EnsureDirectory(ops, options));
  WS_ASSIGN_OR_RETURN(DirectoryLock lock, DirectoryLock::Take(options.directory));
  auto store = std::make_unique<SegmentStore>(ops, options.directory);
  WS_ASSIGN_OR_RETURN(uint64_t segments, store->Count());
  if (segments == 0) {
    WS_RETURN_IF_ERROR(CreateFirstSegment(ops, options));
    segments = 1;
  }
  std::unique_ptr<SegmentJournal> journal(new SegmentJournal(std::move(lock), std::move(store)));
  WS_RETURN_IF_ERROR(journal->Recover(options, segments));
  return journal;
}

SegmentJournal::SegmentJournal(DirectoryLock lock, std::unique_ptr<SegmentStore> store)
    : lock_(std::move(lock)), store_(std::move(store)) {}

absl::Status SegmentJournal::Recover(const Options& options, uint64_t segments) {
  Recovery recovery(
      *store_, segments, options.verify_from_block,
      [this](const BlockPlace& place, const BlockHeader& header) { Publish(place, header); });
  WS_ASSIGN_OR_RETURN(const Recovered recovered, recovery.Run());
  WS_RETURN_IF_ERROR(Repair(recovered));
  tail_ = recovered.tail;
  WS_ASSIGN_OR_RETURN(auto segment, store_->Get(tail_.segment));
  WS_RETURN_IF_ERROR(EnterSegment(std::move(segment)));
  return StartPreparer(options.segment_bytes, segments);
}

// Cuts a torn block, and writes the last block again as it is: it may have been
// read from the page cache of a kernel that failed to write it, and everything
// after this rests on it.
absl::Status SegmentJournal::Repair(const Recovered& recovered) {
  if (recovered.torn_sectors > 0) {
    WS_ASSIGN_OR_RETURN(auto segment, store_->Get(recovered.torn.segment));
    const std::string zeros(recovered.torn_sectors * kSectorBytes, '\0');
    const uint64_t offset = uint64_t{recovered.torn.sector} * kSectorBytes;
    WS_RETURN_IF_ERROR(segment->file().WriteAt(offset, zeros));
    WS_RETURN_IF_ERROR(segment->file().SyncData());
  }
  if (recovered.last_sectors > 0) {
    WS_ASSIGN_OR_RETURN(auto segment, store_->Get(recovered.last.segment));
    std::string block(recovered.last_sectors * kSectorBytes, '\0');
    const uint64_t offset = uint64_t{recovered.last.sector} * kSectorBytes;
    WS_RETURN_IF_ERROR(segment->file().ReadAt(offset, block.data(), block.size()));
    WS_RETURN_IF_ERROR(segment->file().WriteAt(offset, block));
    WS_RETURN_IF_ERROR(segment->file().SyncData());
  }
  return SyncDirectory(store_->ops(), store_->directory());
}

absl::Status SegmentJournal::StartPreparer(uint64_t segment_bytes, uint64_t segments) {
  const SegmentHeader last{
      .journal_id = tail_segment_->header().journal_id, .number = segments, .bytes = segment_bytes};
  preparer_ = std::make_unique<SegmentPreparer>(store_->ops(), store_->directory(), last);
  WS_RETURN_IF_ERROR(preparer_->Wait(uint64_t{tail_.segment} + 1));
  preparer_->Request(uint64_t{tail_.segment} + 2);
  return absl::OkStatus();
}

Head SegmentJournal::head() const {
  std::lock_guard lock(state_mutex_);
  return head_;
}

AppendOutcome SegmentJournal::Append(const BlockToAppend& block) {
  std::lock_guard lock(append_mutex_);
  if (absl::Status alive = CheckAlive(); !alive.ok()) return {.status = alive};
  if (absl::Status limits = CheckLimits(block); !limits.ok()) return Refused(limits);
  const Head before = head();
  if (absl::Status fence = CheckFence(block, before); !fence.ok()) {
    return {.result = AppendResult::kFenced, .status = fence};
  }
  const BlockHeader header = DescribeBlock(block, before);
  absl::Status room = MakeRoom(header.sectors());
  if (absl::IsUnavailable(room) || absl::IsDataLoss(room)) return Die(room);
  if (!room.ok()) return Refused(room);
  return Write(block, header);
}

absl::Status SegmentJournal::EnterSegment(std::shared_ptr<const Segment> segment) {
  const std::string name = SegmentName(segment->header().number);
  WS_ASSIGN_OR_RETURN(tail_file_, File::OpenForSectors(
                                      store_->ops(), absl::StrCat(store_->directory(), "/", name)));
  tail_segment_ = std::move(segment);
  return absl::OkStatus();
}

// Moves on to the next segment when the block does not fit in the rest of this
// one. The segment after the next is durable first (see Recovery).
absl::Status SegmentJournal::MakeRoom(uint64_t sectors) {
  if (sectors <= tail_segment_->sectors() - tail_.sector) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(auto next, store_->Get(uint64_t{tail_.segment} + 1));
  if (sectors > next->sectors() - 1) {
    return absl::InvalidArgumentError(Problem("block", "does not fit in a segment",
                                              absl::StrCat(sectors, " sectors"),
                                              absl::StrCat("at most ", next->sectors() - 1)));
  }
  WS_RETURN_IF_ERROR(preparer_->Wait(uint64_t{tail_.segment} + 2));
  WS_RETURN_IF_ERROR(EnterSegment(std::move(next)));
  tail_ = {.segment = tail_.segment + 1, .sector = 1};
  preparer_->Request(uint64_t{tail_.segment} + 2);
  return absl::OkStatus();
}

AppendOutcome SegmentJournal::Write(const BlockToAppend& block, BlockHeader header) {
  AppendOutcome outcome{.result = AppendResult::kCommitted, .block_number = header.number};
  const std::string_view sectors =
      encoder_.Encode(block, tail_, tail_segment_->seal(), header, outcome.payloads);
  if (absl::Status written = WriteDurably(sectors); !written.ok()) return Die(written);
  outcome.block_hash = header.hash;
  Publish(tail_, header);
  tail_.sector += static_cast<uint32_t>(header.sectors());
  return outcome;
}

absl::Status SegmentJournal::WriteDurably(std::string_view sectors) {
  const uint64_t offset = uint64_t{tail_.sector} * kSectorBytes;
  WS_RETURN_IF_ERROR(tail_file_->WriteAt(offset, sectors));
  return tail_file_->SyncData();
}

void SegmentJournal::Publish(const BlockPlace& place, const BlockHeader& header) {
  {
    std::lock_guard lock(state_mutex_);
    head_ = header.head();
    index_.Add(place, header.number, header.first_sequence);
  }
  state_changed_.notify_all();
}

AppendOutcome SegmentJournal::Die(const absl::Status& cause) {
  {
    std::lock_guard lock(state_mutex_);
    dead_ = true;
  }
  state_changed_.notify_all();
  return {.result = AppendResult::kUnknown,
          .status =
              absl::UnavailableError(absl::StrCat("journal: stopped for good: ", cause.message()))};
}

absl::Status SegmentJournal::CheckAlive() const {
  if (!dead_) return absl::OkStatus();
  return absl::UnavailableError(
      Problem("journal", "stopped for good after a failed write or sync"));
}

absl::Status SegmentJournal::ReadBlocks(uint64_t from_sequence, const BlockCallback& callback) {
  WS_RETURN_IF_ERROR(CheckAlive());
  Head end;
  BlockIndex::Entry start;
  {
    std::lock_guard lock(state_mutex_);
    end = head_;
    if (from_sequence > end.next_sequence) {
      return absl::OutOfRangeError(Problem("sequence", "past the end", absl::StrCat(from_sequence),
                                           absl::StrCat("at most ", end.next_sequence)));
    }
    if (end.block_number == 0) return absl::OkStatus();
    start = index_.Before(from_sequence);
  }
  return ReadRange(*store_, start, end, from_sequence, callback);
}

absl::Status SegmentJournal::VerifyAll(const Progress& progress) {
  const uint64_t last = head().block_number;
  return ReadBlocks(0, [&](const Block& block) {
    if (progress) progress(block.number, std::max(last, block.number));
    return absl::OkStatus();
  });
}

absl::StatusOr<std::string> SegmentJournal::ReadPayload(const PayloadLocator& locator) {
  WS_RETURN_IF_ERROR(CheckAlive());
  return journal::ReadPayload(*store_, head(), locator);
}

bool SegmentJournal::WaitFor(uint64_t sequence, absl::Duration timeout) {
  std::unique_lock lock(state_mutex_);
  state_changed_.wait_for(lock, absl::ToChronoNanoseconds(timeout),
                          [&] { return dead_ || head_.next_sequence > sequence; });
  return !dead_ && head_.next_sequence > sequence;
}

}  // namespace waystation::journal
