#include "common/config/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/status/status.h"

namespace waystation::config {
namespace {

class OpenFile {
 public:
  // Not blocking, so that a FIFO in place of a file cannot hang a start.
  explicit OpenFile(const std::string& path, int flags = O_RDONLY | O_NONBLOCK)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, S_IRUSR | S_IWUSR)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

absl::Status FromErrno(const std::string& path, int error) {
  const std::string text = Problem(path, std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(text);
  if (error == EACCES || error == EPERM) return absl::PermissionDeniedError(text);
  return absl::InvalidArgumentError(text);
}

// Of a write: what is no lack of a folder or a right may be gone the next time.
absl::Status WriteFailed(const std::string& path, int error) {
  absl::Status status = FromErrno(path, error);
  return absl::IsInvalidArgument(status) ? absl::UnavailableError(status.message()) : status;
}

absl::Status WriteAndSync(const std::string& path, std::string_view bytes) {
  OpenFile file(path, O_WRONLY | O_CREAT | O_EXCL);
  if (file.fd() < 0) return WriteFailed(path, errno);
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(file.fd(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return WriteFailed(path, errno);
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return ::fsync(file.fd()) == 0 ? absl::OkStatus() : WriteFailed(path, errno);
}

// The new name is on the disk only when the folder is.
absl::Status SyncFolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  OpenFile opened(folder, O_RDONLY | O_DIRECTORY);
  if (opened.fd() < 0 || ::fsync(opened.fd()) != 0) return WriteFailed(folder, errno);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t bytes_max) {
  OpenFile file(path);
  struct stat info;
  if (file.fd() < 0 || ::fstat(file.fd(), &info) != 0) return FromErrno(path, errno);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(Problem(path, "not a regular file"));
  }
  // One byte more tells a file that is too large, also one that grows. Room is made
  // for what is there, not for what may be: zeroing the bound of a tile is 16 MiB.
  std::string bytes(std::min(static_cast<size_t>(info.st_size), bytes_max) + 1, '\0');
  size_t size = 0;
  while (true) {
    if (size == bytes.size()) {
      if (size > bytes_max) break;
      bytes.resize(std::min(2 * size, bytes_max + 1));
    }
    const ssize_t got = ::read(file.fd(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno(path, errno);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > bytes_max) {
    return absl::InvalidArgumentError(
        Problem(path, "too large", "", absl::StrCat("at most ", bytes_max, " bytes")));
  }
  bytes.resize(size);
  bytes.shrink_to_fit();
  return bytes;
}

absl::Status WriteFileDurably(const std::string& path, std::string_view bytes) {
  const std::string beside = path + ".new";
  // What a killed process left is no use, and might be open to others.
  ::unlink(beside.c_str());
  absl::Status written = WriteAndSync(beside, bytes);
  if (written.ok() && ::rename(beside.c_str(), path.c_str()) != 0) {
    written = WriteFailed(path, errno);
  }
  if (written.ok()) return SyncFolderOf(path);
  ::unlink(beside.c_str());
  return written;
}

}  // namespace waystation::config
