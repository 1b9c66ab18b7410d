#include "common/journal/journal_testing.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/journal/sector.h"
#include "common/status/status.h"

namespace waystation::journal {
namespace {

std::string RandomBytes(std::mt19937_64& random, size_t bytes_max) {
  std::string bytes(random() % (bytes_max + 1), '\0');
  // Now and then all zeros, which recovery must not take for unwritten.
  if (random() % 8 == 0) return bytes;
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

bool IsSegment(const std::string& path) { return path.ends_with(".wsj"); }

}  // namespace

TempDirectory::TempDirectory() {
  const char* base = std::getenv("TEST_TMPDIR");
  path_ = std::string(base != nullptr ? base : "/tmp") + "/journal-XXXXXX";
  WS_CHECK(mkdtemp(path_.data()) != nullptr);
}

TempDirectory::~TempDirectory() { std::filesystem::remove_all(path_); }

Files ReadSegments(const std::string& directory) {
  Files files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (!IsSegment(entry.path().string())) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().filename().string()] =
        std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return files;
}

void WriteSegments(const std::string& directory, const Files& files) {
  const Files present = ReadSegments(directory);
  for (const auto& [name, bytes] : present) {
    if (!files.contains(name)) std::filesystem::remove(std::filesystem::path(directory) / name);
  }
  for (const auto& [name, bytes] : files) {
    if (auto same = present.find(name); same != present.end() && same->second == bytes) continue;
    std::ofstream out(std::filesystem::path(directory) / name, std::ios::binary | std::ios::trunc);
    out << bytes;
    WS_CHECK(out.good());
  }
}

AppendOutcome AppendOwned(Journal& journal, const OwnedBlock& block) {
  std::vector<std::string_view> records(block.records.begin(), block.records.end());
  std::vector<std::string_view> payloads(block.payloads.begin(), block.payloads.end());
  return journal.Append({.expected_sequence = journal.head().next_sequence,
                         .epoch = block.epoch,
                         .time = block.time,
                         .records = records,
                         .payloads = payloads});
}

OwnedBlock RandomBlock(std::mt19937_64& random, size_t records_max, size_t bytes_max) {
  OwnedBlock block;
  block.records.resize(random() % (records_max + 1));
  block.payloads.resize(random() % 3);
  for (std::string& record : block.records) record = RandomBytes(random, bytes_max);
  for (std::string& payload : block.payloads) payload = RandomBytes(random, bytes_max);
  return block;
}

absl::StatusOr<std::vector<OwnedBlock>> ReadOwned(Journal& journal, uint64_t from_sequence) {
  std::vector<OwnedBlock> blocks;
  WS_RETURN_IF_ERROR(journal.ReadBlocks(from_sequence, [&](const Block& block) -> absl::Status {
    OwnedBlock owned{.epoch = block.epoch,
                     .time = block.time,
                     .records = {block.records.begin(), block.records.end()},
                     .payloads = {}};
    for (const PayloadLocator& locator : block.payloads) {
      WS_ASSIGN_OR_RETURN(std::string payload, journal.ReadPayload(locator));
      owned.payloads.push_back(std::move(payload));
    }
    blocks.push_back(std::move(owned));
    return absl::OkStatus();
  }));
  return blocks;
}

bool operator==(const OwnedBlock& a, const OwnedBlock& b) {
  return a.epoch == b.epoch && a.time == b.time && a.records == b.records &&
         a.payloads == b.payloads;
}

bool HookedFileOps::Fails(std::string_view call, const std::string& path) {
  const int error = hook_(call, path);
  errno = error;
  return error != 0;
}

std::string HookedFileOps::PathOf(int fd) {
  std::lock_guard lock(mutex_);
  return paths_[fd];
}

int HookedFileOps::Open(const std::string& path, int flags, int mode) {
  if (Fails("open", path)) return -1;
  const int fd = FileOps::Open(path, flags, mode);
  if (fd < 0) return fd;
  std::lock_guard lock(mutex_);
  paths_[fd] = path;
  return fd;
}

int HookedFileOps::Close(int fd) { return FileOps::Close(fd); }

ssize_t HookedFileOps::Pread(int fd, void* buffer, size_t size, int64_t offset) {
  return Fails("pread", PathOf(fd)) ? -1 : FileOps::Pread(fd, buffer, size, offset);
}

ssize_t HookedFileOps::Pwrite(int fd, const void* buffer, size_t size, int64_t offset) {
  return Fails("pwrite", PathOf(fd)) ? -1 : FileOps::Pwrite(fd, buffer, size, offset);
}

int HookedFileOps::Fdatasync(int fd) {
  return Fails("fdatasync", PathOf(fd)) ? -1 : FileOps::Fdatasync(fd);
}

int HookedFileOps::Fsync(int fd) { return Fails("fsync", PathOf(fd)) ? -1 : FileOps::Fsync(fd); }

int HookedFileOps::Rename(const std::string& from, const std::string& to) {
  return Fails("rename", to) ? -1 : FileOps::Rename(from, to);
}

int HookedFileOps::Unlink(const std::string& path) {
  return Fails("unlink", path) ? -1 : FileOps::Unlink(path);
}

PowerLossFileOps::PowerLossFileOps()
    : HookedFileOps([](std::string_view, const std::string&) { return 0; }) {}

ssize_t PowerLossFileOps::Pwrite(int fd, const void* buffer, size_t size, int64_t offset) {
  const std::string path = PathOf(fd);
  if (IsSegment(path)) {
    std::lock_guard lock(unsynced_mutex_);
    // Not by `fd`, which may ask for aligned memory.
    const int before_fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    for (int64_t at = offset; at < offset + static_cast<int64_t>(size); at += kSectorBytes) {
      std::string before(kSectorBytes, '\0');
      WS_CHECK(pread(before_fd, before.data(), before.size(), at) == kSectorBytes);
      unsynced_[path].emplace(at, before);
    }
    close(before_fd);
  }
  return HookedFileOps::Pwrite(fd, buffer, size, offset);
}

int PowerLossFileOps::Fdatasync(int fd) {
  if (fail_syncs_) {
    errno = EIO;
    return -1;
  }
  std::lock_guard lock(unsynced_mutex_);
  unsynced_.erase(PathOf(fd));
  return 0;  // The real sync adds nothing but time to a simulated disk.
}

void PowerLossFileOps::LosePower(std::mt19937_64& random) {
  std::lock_guard lock(unsynced_mutex_);
  for (const auto& [path, sectors] : unsynced_) {
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const bool all = random() % 4 == 0;
    for (const auto& [offset, before] : sectors) {
      if (!all && random() % 2 == 0) continue;
      WS_CHECK(pwrite(fd, before.data(), before.size(), offset) == kSectorBytes);
    }
    close(fd);
  }
  unsynced_.clear();
  fail_syncs_ = false;
}

}  // namespace waystation::journal
