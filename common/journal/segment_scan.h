#ifndef WAYSTATION_COMMON_JOURNAL_SEGMENT_SCAN_H_
#define WAYSTATION_COMMON_JOURNAL_SEGMENT_SCAN_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/journal/journal.h"

namespace waystation::journal {

// Where a folder's journal ends, as it was read.
struct ScannedEnd {
  Head head;
  // A block was begun behind it and is not whole: cut off by a crash, or being
  // written just now. Opening the journal would cut it.
  bool torn = false;
};

// Reads and verifies every byte of the journal in `directory`, which may be a
// broker's own while that runs, or a copy: takes no lock, writes nothing, repairs
// nothing. Calls `callback` for each block in order, from the first; stops at the
// callback's first error and returns it. Thread-safe.
// Errors: NOT_FOUND no journal there; DATA_LOSS names file, block and byte;
// FAILED_PRECONDITION a later format version; UNAVAILABLE a system call failed.
absl::StatusOr<ScannedEnd> ScanDirectory(const std::string& directory,
                                         const Journal::BlockCallback& callback);

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_SEGMENT_SCAN_H_
