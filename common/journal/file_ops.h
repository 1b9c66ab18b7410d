#ifndef WAYSTATION_COMMON_JOURNAL_FILE_OPS_H_
#define WAYSTATION_COMMON_JOURNAL_FILE_OPS_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace waystation::journal {

// The system calls that the journal's durability rests on, one to one, so that
// a test can fail the n-th of them. Every call returns what the system call
// returns and sets errno.
//
// Thread-safe.
class FileOps {
 public:
  virtual ~FileOps() = default;

  virtual int Open(const std::string& path, int flags, int mode);
  virtual int Close(int fd);
  virtual ssize_t Pread(int fd, void* buffer, size_t size, int64_t offset);
  virtual ssize_t Pwrite(int fd, const void* buffer, size_t size, int64_t offset);
  virtual int Fdatasync(int fd);
  virtual int Fsync(int fd);
  // renameat2(2) that never replaces a file: no slip of ours may end a segment.
  virtual int Rename(const std::string& from, const std::string& to);
  virtual int Unlink(const std::string& path);

  // The real calls. Lives for ever.
  static FileOps& System();
};

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_FILE_OPS_H_
