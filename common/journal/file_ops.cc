#include "common/journal/file_ops.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace waystation::journal {

int FileOps::Open(const std::string& path, int flags, int mode) {
  return open(path.c_str(), flags | O_CLOEXEC, mode);
}

int FileOps::Close(int fd) { return close(fd); }

ssize_t FileOps::Pread(int fd, void* buffer, size_t size, int64_t offset) {
  return pread(fd, buffer, size, offset);
}

ssize_t FileOps::Pwrite(int fd, const void* buffer, size_t size, int64_t offset) {
  return pwrite(fd, buffer, size, offset);
}

int FileOps::Fdatasync(int fd) { return fdatasync(fd); }

int FileOps::Fsync(int fd) { return fsync(fd); }

int FileOps::Rename(const std::string& from, const std::string& to) {
  return renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
}

int FileOps::Unlink(const std::string& path) { return unlink(path.c_str()); }

FileOps& FileOps::System() {
  static FileOps system;
  return system;
}

}  // namespace waystation::journal
