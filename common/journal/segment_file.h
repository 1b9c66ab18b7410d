#ifndef WAYSTATION_COMMON_JOURNAL_SEGMENT_FILE_H_
#define WAYSTATION_COMMON_JOURNAL_SEGMENT_FILE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/journal/file_ops.h"
#include "common/journal/sector.h"

namespace waystation::journal {

inline constexpr uint64_t kSegmentBytesMin = 4096;
inline constexpr uint64_t kSegmentBytesMax = uint64_t{1} << 31;

// What the first sector of a segment says.
struct SegmentHeader {
  JournalId journal_id{};
  uint64_t number = 0;  // 1 is the first.
  uint64_t bytes = 0;   // Of the whole file.
};

// "segment-00000000000000000001.wsj" for 1.
std::string SegmentName(uint64_t number);

// The number of a segment's file name; nothing for any other name.
std::optional<uint64_t> ParseSegmentName(std::string_view name);

// The one DATA_LOSS text: where, then what.
absl::Status DataLoss(uint64_t segment, uint64_t block_number, uint64_t byte_offset,
                      std::string_view problem);

// A failed system call, from errno. RESOURCE_EXHAUSTED when the disk is full,
// else UNAVAILABLE.
absl::Status SystemProblem(std::string_view thing, std::string_view call);

// What a process does with a journal's files. To read never makes, locks or
// changes one.
enum class Access { kReadWrite, kReadOnly };

// An open file.
//
// Thread-safe: reads and writes name their place.
class File {
 public:
  static absl::StatusOr<std::unique_ptr<File>> Open(FileOps& ops, const std::string& path,
                                                    int flags);

  // Opens an existing file for writes past the page cache, in whole sectors from
  // memory that is aligned to one; where the file system has no such way, for
  // writes through it. Errors: as Open.
  static absl::StatusOr<std::unique_ptr<File>> OpenForSectors(FileOps& ops,
                                                              const std::string& path);

  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  absl::StatusOr<uint64_t> Size() const;
  // Errors: DATA_LOSS the file ends before; UNAVAILABLE.
  absl::Status ReadAt(uint64_t offset, char* out, size_t size) const;
  absl::Status WriteAt(uint64_t offset, std::string_view bytes) const;
  absl::Status SyncData() const;
  absl::Status SyncAll() const;

 private:
  File(FileOps& ops, std::string path, int fd);

  FileOps& ops_;
  const std::string path_;
  const int fd_;
};

// An open segment whose first sector was verified.
//
// Thread-safe.
class Segment {
 public:
  // Errors: NOT_FOUND no such file; DATA_LOSS the first sector or the length
  // is wrong, or it is another segment's file; FAILED_PRECONDITION a later
  // format version.
  static absl::StatusOr<std::shared_ptr<const Segment>> Open(FileOps& ops,
                                                             const std::string& directory,
                                                             uint64_t number,
                                                             Access access = Access::kReadWrite);

  Segment(SegmentHeader header, std::unique_ptr<File> file);

  const SegmentHeader& header() const { return header_; }
  const File& file() const { return *file_; }
  const SectorSeal& seal() const { return seal_; }
  uint64_t sectors() const { return header_.bytes / kSectorBytes; }

 private:
  const SegmentHeader header_;
  const std::unique_ptr<File> file_;
  const SectorSeal seal_;
};

// Makes a segment full of zeros behind its first sector, durable in the
// directory when this returns. It comes into being whole under its name.
// Errors: RESOURCE_EXHAUSTED the disk is full, and nothing is left behind;
// UNAVAILABLE.
absl::Status CreateSegment(FileOps& ops, const std::string& directory, const SegmentHeader& header);

// Makes the directory's own entries durable.
absl::Status SyncDirectory(FileOps& ops, const std::string& directory);

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_SEGMENT_FILE_H_
