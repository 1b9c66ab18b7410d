#ifndef WAYSTATION_COMMON_JOURNAL_SEGMENT_STORE_H_
#define WAYSTATION_COMMON_JOURNAL_SEGMENT_STORE_H_

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "common/journal/segment_file.h"

namespace waystation::journal {

// The segments of one directory, opened when wanted and kept open while used
// lately, so that a journal of any length needs few file descriptors.
//
// Thread-safe.
class SegmentStore {
 public:
  // `ops` is not owned.
  SegmentStore(FileOps& ops, std::string directory, Access access = Access::kReadWrite);

  const std::string& directory() const { return directory_; }
  FileOps& ops() const { return ops_; }

  // Returns a segment, which stays open as long as the result is held.
  // Errors: as Segment::Open, and DATA_LOSS when it belongs to another journal.
  absl::StatusOr<std::shared_ptr<const Segment>> Get(uint64_t number);

  // How many segments there are, numbered from 1 without a gap.
  // Errors: DATA_LOSS names the first that is missing.
  absl::StatusOr<uint64_t> Count() const;

 private:
  using Open = std::pair<uint64_t, std::shared_ptr<const Segment>>;

  absl::Status CheckJournal(const Segment& segment) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  FileOps& ops_;
  const std::string directory_;
  const Access access_;
  std::mutex mutex_;
  bool id_known_ ABSL_GUARDED_BY(mutex_) = false;
  JournalId id_ ABSL_GUARDED_BY(mutex_){};
  std::list<Open> lately_used_ ABSL_GUARDED_BY(mutex_);  // The latest in front.
  std::unordered_map<uint64_t, std::list<Open>::iterator> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_SEGMENT_STORE_H_
