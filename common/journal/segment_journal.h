#ifndef WAYSTATION_COMMON_JOURNAL_SEGMENT_JOURNAL_H_
#define WAYSTATION_COMMON_JOURNAL_SEGMENT_JOURNAL_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "absl/base/thread_annotations.h"
#include "common/ids/random.h"
#include "common/journal/block_index.h"
#include "common/journal/directory_lock.h"
#include "common/journal/file_ops.h"
#include "common/journal/journal.h"
#include "common/journal/recovery.h"
#include "common/journal/segment_preparer.h"
#include "common/journal/segment_store.h"

namespace waystation::journal {

// The journal in segment files of one directory on one machine.
//
//   SegmentJournal::Options options{.directory = config.journal_directory()};
//   WS_ASSIGN_OR_RETURN(auto journal, SegmentJournal::Open(options));
//
// One write past the page cache and one fdatasync per block, into space that was
// zero-filled before. After any failed write or sync the journal is dead: that append is
// kUnknown and every later call fails, for ever; nothing is retried, because
// the kernel may have dropped what it failed to write. Opening cuts a torn
// last block and stops with DATA_LOSS at any other bad byte, having changed
// nothing (README, "Recovery"). One process at a time owns the directory.
//
// Thread-safe. Appends wait for each other; reads run beside them.
class SegmentJournal : public Journal {
 public:
  struct Options {
    std::string directory;
    // Size of segments to be made: a multiple of 512, 4 KiB to 2 GiB. Existing
    // segments keep theirs. A block must fit in one segment.
    uint64_t segment_bytes = uint64_t{64} << 20;
    // Refuse to make a new journal: a broker whose directory is empty has lost
    // its disk, it is not a new broker.
    bool must_exist = false;
    // Blocks before this one are followed by their headers alone at opening;
    // 0 verifies every byte.
    uint64_t verify_from_block = 0;
    FileOps* file_ops = nullptr;  // Not owned; nullptr: the real calls.
    RandomSource random = SystemRandom;
  };

  using Progress = std::function<void(uint64_t block, uint64_t last_block)>;

  // Opens or makes the journal and recovers its end.
  // Errors: INVALID_ARGUMENT options; NOT_FOUND must_exist and there is none;
  // FAILED_PRECONDITION another process holds the directory, or a later
  // release wrote it; DATA_LOSS names file, block and byte; RESOURCE_EXHAUSTED
  // no space for a segment; UNAVAILABLE a system call failed.
  static absl::StatusOr<std::unique_ptr<SegmentJournal>> Open(Options options);

  // Reads and verifies every byte of every committed block again, beside
  // running appends. `progress` may be empty.
  // Errors: as ReadBlocks.
  absl::Status VerifyAll(const Progress& progress);

  Head head() const override;
  AppendOutcome Append(const BlockToAppend& block) override;
  absl::Status ReadBlocks(uint64_t from_sequence, const BlockCallback& callback) override;
  absl::StatusOr<std::string> ReadPayload(const PayloadLocator& locator) override;
  bool WaitFor(uint64_t sequence, absl::Duration timeout) override;

 private:
  SegmentJournal(DirectoryLock lock, std::unique_ptr<SegmentStore> store);

  absl::Status Recover(const Options& options, uint64_t segments);
  absl::Status Repair(const Recovered& recovered);
  absl::Status StartPreparer(uint64_t segment_bytes, uint64_t segments);
  absl::Status EnterSegment(std::shared_ptr<const Segment> segment)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(append_mutex_);
  absl::Status MakeRoom(uint64_t sectors) ABSL_EXCLUSIVE_LOCKS_REQUIRED(append_mutex_);
  AppendOutcome Write(const BlockToAppend& block, BlockHeader header)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(append_mutex_);
  absl::Status WriteDurably(std::string_view sectors) ABSL_EXCLUSIVE_LOCKS_REQUIRED(append_mutex_);
  void Publish(const BlockPlace& place, const BlockHeader& header);
  AppendOutcome Die(const absl::Status& cause);
  absl::Status CheckAlive() const;

  const DirectoryLock lock_;
  const std::unique_ptr<SegmentStore> store_;
  std::atomic<bool> dead_ = false;

  std::mutex append_mutex_;  // Before state_mutex_.
  BlockEncoder encoder_ ABSL_GUARDED_BY(append_mutex_);
  BlockPlace tail_ ABSL_GUARDED_BY(append_mutex_);
  std::shared_ptr<const Segment> tail_segment_ ABSL_GUARDED_BY(append_mutex_);
  std::unique_ptr<File> tail_file_ ABSL_GUARDED_BY(append_mutex_);

  mutable std::mutex state_mutex_;
  std::condition_variable state_changed_;
  Head head_ ABSL_GUARDED_BY(state_mutex_);
  BlockIndex index_ ABSL_GUARDED_BY(state_mutex_);

  std::unique_ptr<SegmentPreparer> preparer_;  // Last: its thread ends first.
};

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_SEGMENT_JOURNAL_H_
