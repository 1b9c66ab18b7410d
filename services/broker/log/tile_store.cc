#include "services/broker/log/tile_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/config/file.h"
#include "common/status/status.h"
#include "common/tlog/note.h"

namespace waystation::broker {
namespace {

namespace fs = std::filesystem;

// An entry bundle holds at most 256 leaves of at most 64 KiB.
constexpr size_t kTileFileBytesMax = size_t{256} * 64 * 1024;
constexpr size_t kPositionBytesMax = 1024;
constexpr std::string_view kPositionHead = "waystation audit log position 1";

absl::Status FromErrno(const std::string& path) {
  return absl::UnavailableError(Problem(path, std::strerror(errno)));
}

absl::Status WriteBytes(const std::string& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return FromErrno(path);
  absl::Status status;
  while (status.ok() && !bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) status = FromErrno(path);
    if (wrote > 0) bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  ::close(fd);
  return status;
}

// One sync for some hundred tiles: each by itself would be a commit of the file
// system's own journal.
absl::Status SyncFileSystemOf(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FromErrno(path);
  absl::Status status = ::syncfs(fd) == 0 ? absl::OkStatus() : FromErrno(path);
  ::close(fd);
  return status;
}

std::optional<merkle::Digest> DigestFromHex(std::string_view hex) {
  if (hex.size() != 2 * merkle::kHashBytes) return std::nullopt;
  return crypto::DigestFrom(absl::HexStringToBytes(Absl(hex)));
}

}  // namespace

std::string TileStore::PathOf(std::string_view name) const {
  return absl::StrCat(directory_, "/", Absl(name));
}

absl::Status TileStore::Write(const tlog::TileId& id, std::string_view bytes) {
  const std::string path = PathOf(id.ToPath());
  WS_RETURN_IF_ERROR(MakeFolder(fs::path(path).parent_path().string()));
  return WriteBytes(path, bytes);
}

absl::Status TileStore::MakeFolder(const std::string& folder) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!folders_.insert(folder).second) return absl::OkStatus();
  std::error_code error;
  fs::create_directories(folder, error);
  return error ? absl::UnavailableError(Problem(folder, error.message())) : absl::OkStatus();
}

absl::StatusOr<std::string> TileStore::Read(const tlog::TileId& id) const {
  absl::StatusOr<std::string> bytes = config::ReadFile(PathOf(id.ToPath()), kTileFileBytesMax);
  // A bad sector, or what is no tile by its size.
  if (absl::IsInvalidArgument(bytes.status())) return absl::DataLossError(bytes.status().message());
  return bytes;
}

absl::Status TileStore::WriteCheckpoint(std::string_view note) {
  // Durably: who compares it with the journal takes one that is behind for a rollback.
  return config::WriteFileDurably(PathOf("checkpoint"), note);
}

std::optional<std::string> TileStore::ReadCheckpoint() const {
  absl::StatusOr<std::string> note = config::ReadFile(PathOf("checkpoint"), tlog::kNoteBytesMax);
  if (!note.ok()) return std::nullopt;
  return *std::move(note);
}

absl::Status TileStore::WritePosition(const LogPosition& position) {
  WS_RETURN_IF_ERROR(SyncFileSystemOf(directory_));
  const std::string text = absl::StrCat(
      Absl(kPositionHead), "\n", position.leaves, "\n", crypto::Hex(crypto::AsBytes(position.root)),
      "\n", position.next_sequence, "\n", crypto::Hex(crypto::AsBytes(position.block_hash)), "\n");
  return config::WriteFileDurably(PathOf("position"), text);
}

std::optional<LogPosition> TileStore::ReadPosition() const {
  absl::StatusOr<std::string> text = config::ReadFile(PathOf("position"), kPositionBytesMax);
  if (!text.ok()) return std::nullopt;
  const std::vector<std::string> lines = absl::StrSplit(*text, '\n');
  LogPosition position;
  if (lines.size() != 6 || lines[0] != kPositionHead ||
      !absl::SimpleAtoi(lines[1], &position.leaves) ||
      !absl::SimpleAtoi(lines[3], &position.next_sequence)) {
    return std::nullopt;
  }
  std::optional<merkle::Digest> root = DigestFromHex(lines[2]);
  std::optional<merkle::Digest> block = DigestFromHex(lines[4]);
  if (!root.has_value() || !block.has_value()) return std::nullopt;
  position.root = *root;
  position.block_hash = *block;
  return position;
}

absl::Status TileStore::ForgetPosition() {
  const std::string path = PathOf("position");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return FromErrno(path);
  return SyncFileSystemOf(directory_);
}

}  // namespace waystation::broker
