#include "tools/waystation/audit/tile_check.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/config/file.h"
#include "common/status/status.h"

namespace waystation::cli {
namespace {

namespace fs = std::filesystem;
using tlog::kTileWidth;
using tlog::TileId;

constexpr size_t kEntryLengthBytes = 2;
// More than any tile has, so that a file that grew is read and compared.
constexpr size_t kTileFileBytesMax = size_t{1} << 20;

absl::Status Lost(const TileId& id, std::string_view problem, std::string_view got = {},
                  std::string_view want = {}) {
  return absl::DataLossError(Problem(id.ToPath(), problem, got, want));
}

uint64_t EntryBytes(std::string_view entries) {
  return uint64_t{static_cast<uint8_t>(entries[0])} << 8 | static_cast<uint8_t>(entries[1]);
}

// How many bytes the first `count` entries have.
size_t BytesOfEntries(std::string_view entries, uint64_t count) {
  size_t at = 0;
  for (; count > 0 && at + kEntryLengthBytes <= entries.size(); --count) {
    at += kEntryLengthBytes + EntryBytes(entries.substr(at));
  }
  return std::min(at, entries.size());
}

std::string_view FirstOf(const TileId& id, std::string_view tile) {
  if (id.level != TileId::kEntries) return tile.substr(0, id.width * merkle::kHashBytes);
  return tile.substr(0, BytesOfEntries(tile, id.width));
}

// Which of the tile's leaves or hashes the byte belongs to.
uint64_t PlaceOf(const TileId& id, std::string_view tile, size_t byte) {
  if (id.level != TileId::kEntries) return byte / merkle::kHashBytes;
  uint64_t place = 0;
  for (size_t at = 0; at + kEntryLengthBytes <= tile.size(); ++place) {
    at += kEntryLengthBytes + EntryBytes(tile.substr(at));
    if (byte < at) break;
  }
  return place;
}

}  // namespace

absl::StatusOr<std::string> TileCheck::Read(const TileId& id) const {
  return config::ReadFile(absl::StrCat(directory_, "/", id.ToPath()), kTileFileBytesMax);
}

absl::Status TileCheck::Add(std::string_view leaf, const merkle::Digest& hash, uint64_t sequence) {
  sequences_.push_back(sequence);
  entries_.push_back(static_cast<char>(leaf.size() >> 8));
  entries_.push_back(static_cast<char>(leaf.size() & 0xff));
  entries_.append(leaf);
  absl::Status status;
  head_.Append(hash, [&](const TileId& id, std::string_view tile) {
    if (status.ok()) status = CheckFull(id, tile);
  });
  if (!status.ok() || head_.size() % kTileWidth != 0) return status;
  status = CheckFull({.level = TileId::kEntries, .index = head_.size() / kTileWidth - 1}, entries_);
  entries_.clear();
  return status;
}

absl::Status TileCheck::CheckFull(const TileId& id, std::string_view want) {
  absl::StatusOr<std::string> got = Read(id);
  if (absl::IsNotFound(got.status())) {
    if (head_.size() > published_size_) return absl::OkStatus();
    return Lost(id, "missing", "",
                absl::StrCat("a tile of the ", published_size_,
                             " leaves that "
                             "were published"));
  }
  WS_RETURN_IF_ERROR(got.status());
  return Compare(id, *got, want);
}

absl::Status TileCheck::Compare(const TileId& id, std::string_view got, std::string_view want) {
  ++compared_;
  if (got == want) return absl::OkStatus();
  const size_t common = std::min(got.size(), want.size());
  const auto differs = std::mismatch(got.begin(), got.begin() + common, want.begin()).first;
  const auto byte = static_cast<size_t>(differs - got.begin());
  if (byte == common) {
    return Lost(id, "wrong length", absl::StrCat(got.size(), " bytes"), absl::StrCat(want.size()));
  }
  return Lost(
      id, absl::StrCat("not what the journal makes at byte ", byte, ", ", RecordAt(id, want, byte)),
      absl::StrFormat("%02x", static_cast<uint8_t>(got[byte])),
      absl::StrFormat("%02x", static_cast<uint8_t>(want[byte])));
}

// "record 12", or "records 1 to 300" where a hash covers more than one leaf.
std::string TileCheck::RecordAt(const TileId& id, std::string_view want, size_t byte) const {
  const int shift = id.level == TileId::kEntries ? 0 : 8 * id.level;
  const uint64_t place = id.index * kTileWidth + PlaceOf(id, want, byte);
  const uint64_t first = std::min<uint64_t>(place << shift, sequences_.size() - 1);
  const uint64_t last = std::min<uint64_t>(((place + 1) << shift) - 1, sequences_.size() - 1);
  if (first == last) return absl::StrCat("record ", sequences_[first]);
  return absl::StrCat("records ", sequences_[first], " to ", sequences_[last]);
}

// What a tile must say; a narrower one is the beginning of the wide one, whose file
// was compared before.
absl::StatusOr<std::string> TileCheck::Wanted(const TileId& id) const {
  const bool entries = id.level == TileId::kEntries;
  const int level = entries ? 0 : id.level;
  const uint64_t hashes = level >= 8 ? 0 : head_.size() >> (8 * level);
  const uint64_t width = id.index < hashes / kTileWidth ? kTileWidth : hashes % kTileWidth;
  if (id.index > hashes / kTileWidth || id.width > width) {
    return Lost(id, "beyond the journal", absl::StrCat("a tile of ", id.width),
                absl::StrCat(head_.size(), " leaves"));
  }
  if (width < kTileWidth) {
    return std::string(FirstOf(id, entries ? std::string_view(entries_) : head_.Edge(level)));
  }
  WS_ASSIGN_OR_RETURN(std::string wide, Read({.level = id.level, .index = id.index}));
  return std::string(FirstOf(id, wide));
}

absl::Status TileCheck::CheckFile(const TileId& id) {
  WS_ASSIGN_OR_RETURN(std::string want, Wanted(id));
  if (id.width == kTileWidth) return absl::OkStatus();  // Compared when it was full.
  WS_ASSIGN_OR_RETURN(std::string got, Read(id));
  return Compare(id, got, want);
}

absl::Status TileCheck::Finish() {
  std::error_code error;
  if (!fs::is_directory(directory_ + "/tile", error)) return absl::OkStatus();
  fs::recursive_directory_iterator entry(directory_ + "/tile", error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->is_directory()) continue;
    const std::string path = entry->path().lexically_relative(directory_).generic_string();
    absl::StatusOr<TileId> id = TileId::FromPath(path);
    if (!id.ok()) return absl::DataLossError(Problem(Quoted(path), "no tile"));
    WS_RETURN_IF_ERROR(CheckFile(*id));
  }
  if (error) return absl::UnavailableError(Problem(directory_, "not listed", error.message()));
  return absl::OkStatus();
}

}  // namespace waystation::cli
