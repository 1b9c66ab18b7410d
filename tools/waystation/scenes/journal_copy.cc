#include "tools/waystation/scenes/journal_copy.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/status.h"
#include "tools/waystation/files.h"

namespace waystation::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSegmentSuffix = ".wsj";
// Far enough from the end to be inside the newest block, whose end is padded.
constexpr uint64_t kBytesBeforeEnd = 64;
constexpr size_t kChunkBytes = size_t{1} << 16;
// A broker writes while it is copied when the bus is at work.
constexpr int kCopies = 20;
constexpr std::string_view kLogKeyLine = "audit_log_key_path: \"";
constexpr char kLogKeyName[] = "/audit-log-key.pem";

absl::Status Failed(const std::string& path, std::string_view problem, int error) {
  return absl::FailedPreconditionError(Problem(path, problem, std::strerror(error)));
}

// Segments of a journal folder in the order of writing.
absl::StatusOr<std::vector<fs::path>> Segments(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (std::string_view(it->path().native()).ends_with(kSegmentSuffix))
      found.push_back(it->path());
  }
  if (error) return Failed(folder.string(), "cannot be listed", error.value());
  if (found.empty()) {
    return absl::FailedPreconditionError(
        Problem(folder.string(), "no journal", "no segment", "the folder of a broker's journal"));
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Where what is written ends: segments are filled up with zeros.
uint64_t WrittenEnd(const fs::path& segment) {
  std::ifstream in(segment, std::ios::binary);
  std::string chunk(kChunkBytes, '\0');
  uint64_t at = 0;
  uint64_t end = 0;
  while (in.read(chunk.data(), static_cast<std::streamsize>(chunk.size())), in.gcount() > 0) {
    const size_t got = static_cast<size_t>(in.gcount());
    const size_t last = chunk.find_last_not_of('\0', got - 1);
    if (last != std::string::npos) end = at + last + 1;
    at += got;
  }
  return end;
}

std::string JournalOf(const std::string& data_dir) { return data_dir + "/broker/journal"; }
std::string ConfigOf(const std::string& data_dir) { return data_dir + "/broker/config.textproto"; }

// The line of the configuration with other words for what the copy has of its own.
std::string Adapted(std::string_view line, const std::string& dir) {
  for (const auto& [key, value] :
       {std::pair<std::string_view, std::string>("listen_address:", "127.0.0.1:0"),
        {"journal_dir:", dir + "/journal"},
        {"projection_dir:", dir + "/projection"},
        {"audit_log_dir:", dir + "/audit-log"},
        {"audit_log_key_path:", dir + kLogKeyName}}) {
    if (line.starts_with(key)) return absl::StrCat(Absl(key), " \"", value, "\"");
  }
  return std::string(line);
}

}  // namespace

bool JournalCopy::CanCopy(const std::string& data_dir) {
  std::error_code error;
  return !data_dir.empty() && fs::is_directory(JournalOf(data_dir), error) &&
         fs::is_regular_file(ConfigOf(data_dir), error);
}

absl::StatusOr<JournalCopy> JournalCopy::Make(const std::string& data_dir) {
  const char* tmp = std::getenv("TMPDIR");
  std::string dir =
      absl::StrCat(tmp == nullptr || *tmp == '\0' ? "/tmp" : tmp, "/waystation-journal-XXXXXX");
  if (mkdtemp(dir.data()) == nullptr) return Failed(dir, "folder cannot be made", errno);
  JournalCopy copy(dir);
  WS_RETURN_IF_ERROR(MakeFolder(dir + "/projection"));
  WS_RETURN_IF_ERROR(MakeFolder(dir + "/audit-log"));
  WS_RETURN_IF_ERROR(copy.CopyFiles(data_dir));
  WS_RETURN_IF_ERROR(copy.WriteConfig(data_dir));
  WS_RETURN_IF_ERROR(copy.FindNewestByte());
  return copy;
}

JournalCopy::~JournalCopy() {
  std::error_code error;
  if (!dir_.empty()) fs::remove_all(dir_, error);
}

JournalCopy::JournalCopy(JournalCopy&& other) noexcept
    : dir_(std::exchange(other.dir_, "")), segment_(std::move(other.segment_)), at_(other.at_) {}

// A block that was half written when it was copied is no block: then again.
absl::Status JournalCopy::CopyFiles(const std::string& data_dir) {
  const fs::path from = JournalOf(data_dir);
  const fs::path to = dir_ + "/journal";
  for (int i = 0; i < kCopies; ++i) {
    std::error_code error;
    WS_ASSIGN_OR_RETURN(std::vector<fs::path> before, Segments(from));
    const uint64_t end = WrittenEnd(before.back());
    fs::remove_all(to, error);
    fs::copy(from, to, fs::copy_options::recursive, error);
    if (error) return Failed(from.string(), "cannot be copied", error.value());
    WS_ASSIGN_OR_RETURN(std::vector<fs::path> after, Segments(from));
    if (after == before && WrittenEnd(after.back()) == end) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(Problem(from.string(), "changed with every copy",
                                               absl::StrCat(kCopies, " copies"),
                                               "a bus that rests for a moment"));
}

// Beside its key a broker keeps what it signed last: that of the bus is not for
// the copy's broker to write.
absl::Status JournalCopy::CopyLogKey(std::string_view line) const {
  if (!line.starts_with(kLogKeyLine) || !line.ends_with('"')) return absl::OkStatus();
  line.remove_prefix(kLogKeyLine.size());
  line.remove_suffix(1);
  WS_ASSIGN_OR_RETURN(std::string key, ReadWholeFile(std::string(line)));
  return WriteFile(dir_ + kLogKeyName, key, FileMode::kPrivate);
}

absl::Status JournalCopy::WriteConfig(const std::string& data_dir) {
  WS_ASSIGN_OR_RETURN(std::string text, ReadWholeFile(ConfigOf(data_dir)));
  std::string out;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    WS_RETURN_IF_ERROR(CopyLogKey(Std(line)));
    absl::StrAppend(&out, Adapted(Std(line), dir_), "\n");
  }
  return WriteFile(ConfigPath(), out, FileMode::kPrivate);
}

absl::Status JournalCopy::FindNewestByte() {
  WS_ASSIGN_OR_RETURN(std::vector<fs::path> segments, Segments(dir_ + "/journal"));
  // A segment that was only just begun holds no block yet.
  for (auto it = segments.rbegin(); it != segments.rend(); ++it) {
    const uint64_t end = WrittenEnd(*it);
    if (end <= 4096) continue;
    segment_ = it->filename().string();
    at_ = end - kBytesBeforeEnd;
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(Problem(dir_, "no block in the journal", "", "one"));
}

absl::Status JournalCopy::FlipNewestByte() {
  const std::string path = absl::StrCat(dir_, "/journal/", segment_);
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(at_));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(at_));
  file.put(static_cast<char>(byte ^ 1));
  file.flush();
  return file ? absl::OkStatus() : Failed(path, "cannot be altered", EIO);
}

}  // namespace waystation::cli
