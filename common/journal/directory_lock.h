#ifndef WAYSTATION_COMMON_JOURNAL_DIRECTORY_LOCK_H_
#define WAYSTATION_COMMON_JOURNAL_DIRECTORY_LOCK_H_

#include <string>

#include "absl/status/statusor.h"

namespace waystation::journal {

// Holds a directory for one process with flock(2) on its file "lock". The
// kernel lets go when the process ends, however it ends.
//
// Thread-compatible.
class DirectoryLock {
 public:
  // Errors: FAILED_PRECONDITION another process holds it; UNAVAILABLE.
  static absl::StatusOr<DirectoryLock> Take(const std::string& directory);

  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_DIRECTORY_LOCK_H_
