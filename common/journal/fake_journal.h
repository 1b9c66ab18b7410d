#ifndef WAYSTATION_COMMON_JOURNAL_FAKE_JOURNAL_H_
#define WAYSTATION_COMMON_JOURNAL_FAKE_JOURNAL_H_

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/journal/journal.h"

namespace waystation::journal {

// A journal in memory with the contract of the real ones, for tests.
//
//   FakeJournal journal;
//   journal.FailAppend(3, FakeJournal::Failure::kUnknownKept);
//
// Same chain hash as every other journal for the same blocks. Lost with the
// object.
//
// Thread-safe.
class FakeJournal : public Journal {
 public:
  enum class Failure {
    kFenced,       // As if another writer had been here.
    kRefused,      // As if the disk were full.
    kUnknownKept,  // Unknown, and in truth written. The journal is dead after it.
    kUnknownLost,  // Unknown, and in truth not written. The journal is dead after it.
  };

  FakeJournal() = default;

  // Makes the n-th call of Append from the beginning of the journal (1 is the
  // first) end in `failure`.
  void FailAppend(uint64_t n, Failure failure);

  // Makes a dead journal usable again, as opening it in a new process would.
  void Reopen();

  Head head() const override;
  AppendOutcome Append(const BlockToAppend& block) override;
  absl::Status ReadBlocks(uint64_t from_sequence, const BlockCallback& callback) override;
  absl::StatusOr<std::string> ReadPayload(const PayloadLocator& locator) override;
  bool WaitFor(uint64_t sequence, absl::Duration timeout) override;

 private:
  struct Stored {
    Block block;  // Its record views point into `records`.
    std::vector<std::string> records;
    std::vector<std::string> payloads;
  };

  AppendOutcome AppendLocked(const BlockToAppend& block) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  AppendOutcome FailLocked(const BlockToAppend& block, Failure failure)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const Block& Keep(const BlockToAppend& block) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Head head_ ABSL_GUARDED_BY(mutex_);
  bool dead_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t append_calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Failure> failures_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<const Stored>> blocks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_FAKE_JOURNAL_H_
