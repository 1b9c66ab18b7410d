#include "common/journal/segment_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/journal/little_endian.h"
#include "common/status/status.h"

namespace waystation::journal {
namespace {

// What O_DIRECT asks of offset, size and memory on every disk in use.
constexpr size_t kDirectAlignment = 4096;
constexpr size_t kDirectBytes = size_t{256} << 10;

constexpr std::string_view kMagic = "WSSG";
constexpr uint32_t kFormatVersion = 1;
constexpr std::string_view kNamePrefix = "segment-";
constexpr std::string_view kNameSuffix = ".wsj";
constexpr size_t kNameDigits = 20;
constexpr size_t kFillBytes = size_t{1} << 20;
constexpr int kFileMode = 0600;

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  std::string sector(kSectorBytes, '\0');
  char* at = sector.data() + kSectorCrcBytes;
  kMagic.copy(at, kMagic.size());
  StoreU32(at + 4, kFormatVersion);
  std::copy(header.journal_id.begin(), header.journal_id.end(), at + 8);
  StoreU64(at + 24, header.number);
  StoreU64(at + 32, header.bytes);
  SectorSeal(header.journal_id, header.number).Close(sector.data(), 1, 0);
  return sector;
}

absl::StatusOr<SegmentHeader> DecodeSegmentHeader(uint64_t number, const std::string& sector) {
  const char* at = sector.data() + kSectorCrcBytes;
  SegmentHeader header;
  std::copy(at + 8, at + 24, header.journal_id.begin());
  header.number = LoadU64(at + 24);
  header.bytes = LoadU64(at + 32);
  if (!SectorSeal(header.journal_id, header.number).Verifies(sector.data(), 0, 0)) {
    return DataLoss(number, 0, 0, "sector checksum does not match");
  }
  if (std::string_view(at, 4) != kMagic) return DataLoss(number, 0, 4, "is no segment");
  if (const uint32_t version = LoadU32(at + 4); version != kFormatVersion) {
    return absl::FailedPreconditionError(
        Problem(SegmentName(number), "format version not known to this release",
                absl::StrCat(version), absl::StrCat(kFormatVersion)));
  }
  if (header.number != number) {
    return DataLoss(number, 0, 28, absl::StrCat("is the file of segment ", header.number));
  }
  return header;
}

absl::Status FillWithZeros(const File& file, uint64_t from, uint64_t end) {
  const std::string zeros(std::min<uint64_t>(kFillBytes, end - from), '\0');
  while (from < end) {
    const auto piece = static_cast<size_t>(std::min<uint64_t>(zeros.size(), end - from));
    WS_RETURN_IF_ERROR(file.WriteAt(from, std::string_view(zeros).substr(0, piece)));
    from += piece;
  }
  return absl::OkStatus();
}

// Zeros past the page cache: the same bytes are written once more when blocks
// come, and copying them through memory took a sixth of a busy broker's time.
// False when the file system has no such way; nothing is lost then but time.
absl::StatusOr<bool> FillPastCache(FileOps& ops, const std::string& path, uint64_t begin,
                                   uint64_t end) {
  alignas(kDirectAlignment) static constexpr char kZeros[kDirectBytes] = {};
  auto file = File::Open(ops, path, O_WRONLY | O_DIRECT);
  if (!file.ok()) return false;
  for (uint64_t offset = begin; offset < end; offset += kDirectBytes) {
    const size_t size = std::min<uint64_t>(kDirectBytes, end - offset);
    WS_RETURN_IF_ERROR((*file)->WriteAt(offset, std::string_view(kZeros, size)));
  }
  return true;
}

// Whether the file takes writes past the page cache at every sector.
bool TakesDirectSectors(const std::string& path) {
  struct statx info {};
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_DIOALIGN, &info) != 0) return false;
  auto fits = [](uint32_t alignment) { return alignment > 0 && kSectorBytes % alignment == 0; };
  return fits(info.stx_dio_mem_align) && fits(info.stx_dio_offset_align);
}

absl::Status WriteNewSegment(FileOps& ops, const std::string& path, const SegmentHeader& header) {
  WS_ASSIGN_OR_RETURN(auto file, File::Open(ops, path, O_WRONLY | O_CREAT | O_TRUNC));
  WS_RETURN_IF_ERROR(file->WriteAt(0, EncodeSegmentHeader(header)));
  const uint64_t begin = std::min<uint64_t>(kDirectAlignment, header.bytes);
  const uint64_t end = std::max(begin, header.bytes / kDirectAlignment * kDirectAlignment);
  WS_RETURN_IF_ERROR(FillWithZeros(*file, kSectorBytes, begin));
  WS_ASSIGN_OR_RETURN(const bool filled, FillPastCache(ops, path, begin, end));
  WS_RETURN_IF_ERROR(FillWithZeros(*file, filled ? end : begin, header.bytes));
  return file->SyncAll();
}

}  // namespace

std::string SegmentName(uint64_t number) { return absl::StrFormat("segment-%020d.wsj", number); }

std::optional<uint64_t> ParseSegmentName(std::string_view name) {
  if (name.size() != kNamePrefix.size() + kNameDigits + kNameSuffix.size()) return std::nullopt;
  uint64_t number = 0;
  const std::string_view digits = name.substr(kNamePrefix.size(), kNameDigits);
  if (!absl::SimpleAtoi(Absl(digits), &number)) return std::nullopt;
  if (SegmentName(number) != name) return std::nullopt;
  return number;
}

absl::Status DataLoss(uint64_t segment, uint64_t block_number, uint64_t byte_offset,
                      std::string_view problem) {
  std::string block = block_number == 0 ? "segment header" : absl::StrCat("block ", block_number);
  return absl::DataLossError(absl::StrCat(SegmentName(segment), ": ", block, ": byte offset ",
                                          byte_offset, ": ", Absl(problem)));
}

absl::Status SystemProblem(std::string_view thing, std::string_view call) {
  const int error = errno;
  const bool full = error == ENOSPC || error == EDQUOT;
  std::string text = Problem(thing, absl::StrCat(Absl(call), " failed"), std::strerror(error));
  return full ? absl::ResourceExhaustedError(text) : absl::UnavailableError(text);
}

absl::StatusOr<std::unique_ptr<File>> File::Open(FileOps& ops, const std::string& path, int flags) {
  const int fd = ops.Open(path, flags, kFileMode);
  if (fd >= 0) return std::unique_ptr<File>(new File(ops, path, fd));
  if (errno == ENOENT) return absl::NotFoundError(Problem(path, "missing"));
  return SystemProblem(path, "open");
}

absl::StatusOr<std::unique_ptr<File>> File::OpenForSectors(FileOps& ops, const std::string& path) {
  return Open(ops, path, O_RDWR | (TakesDirectSectors(path) ? O_DIRECT : 0));
}

File::File(FileOps& ops, std::string path, int fd) : ops_(ops), path_(std::move(path)), fd_(fd) {}

File::~File() { ops_.Close(fd_); }

absl::StatusOr<uint64_t> File::Size() const {
  struct stat info;
  if (fstat(fd_, &info) != 0) return SystemProblem(path_, "fstat");
  return static_cast<uint64_t>(info.st_size);
}

absl::Status File::ReadAt(uint64_t offset, char* out, size_t size) const {
  while (size > 0) {
    const ssize_t got = ops_.Pread(fd_, out, size, static_cast<int64_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemProblem(path_, "pread");
    if (got == 0) {
      return absl::DataLossError(Problem(path_, absl::StrCat("ends at byte offset ", offset)));
    }
    out += got;
    offset += static_cast<uint64_t>(got);
    size -= static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

absl::Status File::WriteAt(uint64_t offset, std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t put = ops_.Pwrite(fd_, bytes.data(), bytes.size(), static_cast<int64_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return SystemProblem(path_, "pwrite");
    offset += static_cast<uint64_t>(put);
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return absl::OkStatus();
}

absl::Status File::SyncData() const {
  return ops_.Fdatasync(fd_) == 0 ? absl::OkStatus() : SystemProblem(path_, "fdatasync");
}

absl::Status File::SyncAll() const {
  return ops_.Fsync(fd_) == 0 ? absl::OkStatus() : SystemProblem(path_, "fsync");
}

absl::StatusOr<std::shared_ptr<const Segment>> Segment::Open(FileOps& ops,
                                                             const std::string& directory,
                                                             uint64_t number, Access access) {
  const std::string path = absl::StrCat(directory, "/", SegmentName(number));
  WS_ASSIGN_OR_RETURN(auto file,
                      File::Open(ops, path, access == Access::kReadOnly ? O_RDONLY : O_RDWR));
  WS_ASSIGN_OR_RETURN(const uint64_t bytes, file->Size());
  if (bytes < kSectorBytes) return DataLoss(number, 0, bytes, "file is shortened");
  std::string sector(kSectorBytes, '\0');
  WS_RETURN_IF_ERROR(file->ReadAt(0, sector.data(), sector.size()));
  WS_ASSIGN_OR_RETURN(const SegmentHeader header, DecodeSegmentHeader(number, sector));
  if (header.bytes != bytes) {
    return DataLoss(
        number, 0, std::min(bytes, header.bytes),
        Problem("file length", "changed", absl::StrCat(bytes), absl::StrCat(header.bytes)));
  }
  return std::make_shared<const Segment>(header, std::move(file));
}

Segment::Segment(SegmentHeader header, std::unique_ptr<File> file)
    : header_(header), file_(std::move(file)), seal_(header.journal_id, header.number) {}

absl::Status CreateSegment(FileOps& ops, const std::string& directory,
                           const SegmentHeader& header) {
  const std::string path = absl::StrCat(directory, "/", SegmentName(header.number));
  const std::string unfinished = absl::StrCat(path, ".new");
  if (absl::Status written = WriteNewSegment(ops, unfinished, header); !written.ok()) {
    // It never was part of the journal, and it holds the last free bytes.
    ops.Unlink(unfinished);
    return written;
  }
  if (ops.Rename(unfinished, path) != 0) return SystemProblem(path, "rename");
  return SyncDirectory(ops, directory);
}

absl::Status SyncDirectory(FileOps& ops, const std::string& directory) {
  WS_ASSIGN_OR_RETURN(auto file, File::Open(ops, directory, O_RDONLY | O_DIRECTORY));
  return file->SyncAll();
}

}  // namespace waystation::journal
