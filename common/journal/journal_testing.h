#ifndef WAYSTATION_COMMON_JOURNAL_JOURNAL_TESTING_H_
#define WAYSTATION_COMMON_JOURNAL_JOURNAL_TESTING_H_

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "common/journal/file_ops.h"
#include "common/journal/journal.h"
#include "common/journal/segment_journal.h"

namespace waystation::journal {

// A new empty directory, removed at the end.
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

using Files = std::map<std::string, std::string>;

// The segments of a directory, by name.
Files ReadSegments(const std::string& directory);

// Makes the directory hold exactly these segments.
void WriteSegments(const std::string& directory, const Files& files);

// A block that owns its bytes.
struct OwnedBlock {
  uint64_t epoch = 1;
  absl::Time time = absl::FromUnixSeconds(1'700'000'000);
  std::vector<std::string> records;
  std::vector<std::string> payloads;
};

// Appends at the journal's head.
AppendOutcome AppendOwned(Journal& journal, const OwnedBlock& block);

// A block of up to `records_max` records and two payloads, of up to
// `bytes_max` bytes each.
OwnedBlock RandomBlock(std::mt19937_64& random, size_t records_max, size_t bytes_max);

// All blocks from `from_sequence` on, with their payloads read.
absl::StatusOr<std::vector<OwnedBlock>> ReadOwned(Journal& journal, uint64_t from_sequence = 0);

bool operator==(const OwnedBlock& a, const OwnedBlock& b);

// Passes calls on, or fails them as `hook` says: it gets the call's name and
// the file's path, and returns an errno, or 0 to let the call through.
//
// Thread-safe when the hook is.
class HookedFileOps : public FileOps {
 public:
  using Hook = std::function<int(std::string_view call, const std::string& path)>;

  explicit HookedFileOps(Hook hook) : hook_(std::move(hook)) {}

  int Open(const std::string& path, int flags, int mode) override;
  int Close(int fd) override;
  ssize_t Pread(int fd, void* buffer, size_t size, int64_t offset) override;
  ssize_t Pwrite(int fd, const void* buffer, size_t size, int64_t offset) override;
  int Fdatasync(int fd) override;
  int Fsync(int fd) override;
  int Rename(const std::string& from, const std::string& to) override;
  int Unlink(const std::string& path) override;

 protected:
  std::string PathOf(int fd);

 private:
  bool Fails(std::string_view call, const std::string& path);

  const Hook hook_;
  std::mutex mutex_;
  std::map<int, std::string> paths_;
};

// A disk that loses power: sectors of segments written since the last sync may
// each be there or not.
//
// Thread-safe.
class PowerLossFileOps : public HookedFileOps {
 public:
  PowerLossFileOps();

  // Makes every later sync of a segment fail, with its sectors left unsynced.
  void FailSyncs() { fail_syncs_ = true; }

  // Takes a random part of the unsynced sectors back to what they were, and
  // works again. No file is open.
  void LosePower(std::mt19937_64& random);

  ssize_t Pwrite(int fd, const void* buffer, size_t size, int64_t offset) override;
  int Fdatasync(int fd) override;

 private:
  std::atomic<bool> fail_syncs_ = false;
  std::mutex unsynced_mutex_;
  std::map<std::string, std::map<int64_t, std::string>> unsynced_;  // Sectors as they were.
};

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_JOURNAL_TESTING_H_
