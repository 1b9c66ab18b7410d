#ifndef WAYSTATION_COMMON_JOURNAL_SEGMENT_PREPARER_H_
#define WAYSTATION_COMMON_JOURNAL_SEGMENT_PREPARER_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "common/journal/segment_file.h"

namespace waystation::journal {

// Makes segments ahead of the writer on a thread of its own, so that no append
// waits for 64 MiB of zeros.
//
//   preparer.Request(5);
//   ...
//   WS_RETURN_IF_ERROR(preparer.Wait(5));
//
// A full disk is tried again by the next `Wait`. Any other failure stays: what
// the disk holds is then not known.
//
// Thread-safe.
class SegmentPreparer {
 public:
  // `header` is that of the segments to make; its number is the last that
  // exists. `ops` is not owned.
  SegmentPreparer(FileOps& ops, std::string directory, const SegmentHeader& header);
  ~SegmentPreparer();

  // Begins to make all segments up to `number`, if they are not there.
  void Request(uint64_t number);

  // Waits until all segments up to `number` are durable.
  // Errors: RESOURCE_EXHAUSTED the disk is full; UNAVAILABLE.
  absl::Status Wait(uint64_t number);

 private:
  void Run();

  FileOps& ops_;
  const std::string directory_;
  const SegmentHeader header_;

  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t last_made_ ABSL_GUARDED_BY(mutex_);
  uint64_t wanted_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses the others.
};

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_SEGMENT_PREPARER_H_
