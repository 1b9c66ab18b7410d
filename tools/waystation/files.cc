#include "tools/waystation/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/config/file.h"
#include "common/status/status.h"
#include "google/protobuf/text_format.h"

namespace waystation::cli {
namespace {

constexpr size_t kFileBytesMax = 4 * 1024 * 1024;
constexpr size_t kLastLineBytesMax = 512;

absl::Status Failed(const std::string& path, std::string_view problem, int error) {
  const std::string text = Problem(path, problem, std::strerror(error));
  return error == EACCES || error == EPERM || error == EROFS ? absl::PermissionDeniedError(text)
                                                             : absl::FailedPreconditionError(text);
}

absl::Status WriteAll(int fd, const std::string& path, std::string_view content) {
  while (!content.empty()) {
    const ssize_t wrote = write(fd, content.data(), content.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return Failed(path, "cannot be written", errno);
    content.remove_prefix(wrote);
  }
  return fsync(fd) == 0 ? absl::OkStatus() : Failed(path, "cannot be synced", errno);
}

}  // namespace

absl::Status MakeFolder(const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return absl::OkStatus();
  WS_RETURN_IF_ERROR(MakeFolder(std::filesystem::path(path).parent_path()));
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  return Failed(path, "folder cannot be made", errno);
}

absl::Status WriteFile(const std::string& path, std::string_view content, FileMode mode) {
  WS_RETURN_IF_ERROR(MakeFolder(std::filesystem::path(path).parent_path()));
  const std::string beside = absl::StrCat(path, ".new-", getpid());
  // A left-over of a killed process keeps its old mode; it must not lend it to a key.
  unlink(beside.c_str());
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                      mode == FileMode::kPrivate ? 0600 : 0644);
  if (fd < 0) return Failed(beside, "cannot be made", errno);
  absl::Status status = WriteAll(fd, beside, content);
  close(fd);
  if (status.ok() && rename(beside.c_str(), path.c_str()) != 0) {
    status = Failed(path, "cannot be replaced", errno);
  }
  if (!status.ok()) unlink(beside.c_str());
  return status;
}

absl::Status WriteNewFile(const std::string& path, std::string_view content, FileMode mode,
                          bool force) {
  std::error_code error;
  if (!force && std::filesystem::exists(path, error)) {
    return absl::AlreadyExistsError(
        Problem(path, "exists already, nothing was changed", "", "another path, or --force"));
  }
  return WriteFile(path, content, mode);
}

absl::Status WriteTextProto(const std::string& path, std::string_view comment,
                            const google::protobuf::Message& message, FileMode mode) {
  std::string text;
  if (!google::protobuf::TextFormat::PrintToString(message, &text)) {
    return absl::InternalError(Problem(path, "message cannot be printed"));
  }
  return WriteFile(path, absl::StrCat("# ", Absl(comment), "\n", text), mode);
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  return config::ReadFile(path, kFileBytesMax);
}

std::string LastLine(const std::string& path) {
  std::ifstream file(path);
  std::string line, last;
  while (std::getline(file, line)) {
    if (!line.empty()) last = line.substr(0, kLastLineBytesMax);
  }
  return last;
}

}  // namespace waystation::cli
