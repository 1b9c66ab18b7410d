#include "services/broker/log/log_tree.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

using merkle::Digest;
using tlog::kTileWidth;
using tlog::TileId;

constexpr size_t kLeafBytesMax = 0xffff;  // Its length is 16 bits in a bundle.

absl::Status UnknownTile(const TileId& id) {
  return Refusal(absl::StatusCode::kNotFound, "UNKNOWN_TILE",
                 Problem("tile", "beyond the log", id.ToPath(), "a tile of the newest checkpoint"));
}

void AppendEntry(std::string_view leaf, std::string* bundle) {
  bundle->push_back(static_cast<char>(leaf.size() >> 8));
  bundle->push_back(static_cast<char>(leaf.size() & 0xff));
  bundle->append(leaf);
}

// Takes one entry from the front; nothing when there is no whole one.
std::optional<std::string_view> TakeEntry(std::string_view* rest) {
  if (rest->size() < 2) return std::nullopt;
  const size_t size = static_cast<size_t>(static_cast<unsigned char>((*rest)[0])) << 8 |
                      static_cast<unsigned char>((*rest)[1]);
  if (rest->size() < 2 + size) return std::nullopt;
  std::string_view entry = rest->substr(2, size);
  rest->remove_prefix(2 + size);
  return entry;
}

// The leaf hashes of a bundle; of what follows its last whole entry, nothing.
std::string LeafHashesOf(std::string_view bundle) {
  std::string hashes;
  while (std::optional<std::string_view> entry = TakeEntry(&bundle)) {
    hashes.append(crypto::AsBytes(merkle::LeafHash(*entry)));
  }
  if (!bundle.empty()) hashes.clear();
  return hashes;
}

// "0 to 255": the leaves that a full tile is about.
std::string LeavesOf(const TileId& id) {
  const int shift = 8 * (std::max(id.level, 0) + 1);
  return absl::StrCat(id.index << shift, " to ", ((id.index + 1) << shift) - 1);
}

// Hashes of the level that a tree of `size` has; an entry bundle's are the leaves.
uint64_t HashesAt(int level, uint64_t size) {
  const int shift = std::max(level, 0) * 8;
  return shift >= 64 ? 0 : size >> shift;
}

}  // namespace

std::optional<std::string_view> FirstEntries(std::string_view bundle, uint64_t width) {
  std::string_view rest = bundle;
  for (uint64_t i = 0; i < width; ++i) {
    if (!TakeEntry(&rest).has_value()) return std::nullopt;
  }
  return bundle.substr(0, bundle.size() - rest.size());
}

std::optional<LogPosition> LogTree::TakeUp() {
  std::optional<LogPosition> position = store_.ReadPosition();
  if (!position.has_value()) return std::nullopt;
  auto read = [this](const TileId& id) { return store_.Read(id); };
  absl::StatusOr<tlog::TreeHead> head = tlog::TreeHead::Load(position->leaves, read);
  if (!head.ok() || head->Root() != position->root) return std::nullopt;
  std::string entries;
  if (const uint64_t width = position->leaves % kTileWidth; width != 0) {
    absl::StatusOr<std::string> bundle = store_.Read(
        {.level = TileId::kEntries, .index = position->leaves / kTileWidth, .width = width});
    if (!bundle.ok() || LeafHashesOf(*bundle) != head->Edge(0)) return std::nullopt;
    entries = *std::move(bundle);
  }
  std::lock_guard<std::mutex> lock(mutex_);
  head_ = *std::move(head);
  entries_ = std::move(entries);
  return position;
}

void LogTree::Clear() {
  std::lock_guard<std::mutex> lock(mutex_);
  head_ = {};
  entries_.clear();
  damaged_ = false;
}

absl::Status LogTree::Append(std::span<const std::string> leaves) {
  std::vector<Digest> hashes;
  hashes.reserve(leaves.size());
  for (const std::string& leaf : leaves) hashes.push_back(merkle::LeafHash(leaf));
  std::lock_guard<std::mutex> lock(mutex_);
  for (size_t i = 0; i < leaves.size(); ++i) WS_RETURN_IF_ERROR(AppendOne(leaves[i], hashes[i]));
  return absl::OkStatus();
}

absl::Status LogTree::AppendOne(std::string_view leaf, const Digest& hash) {
  WS_CHECK(leaf.size() <= kLeafBytesMax);
  AppendEntry(leaf, &entries_);
  if ((head_.size() + 1) % kTileWidth == 0) {
    WS_RETURN_IF_ERROR(
        store_.Write({.level = TileId::kEntries, .index = head_.size() / kTileWidth}, entries_));
    entries_.clear();
  }
  absl::Status written;
  head_.Append(hash, [&](const TileId& id, std::string_view tile) {
    if (written.ok()) written = store_.Write(id, tile);
  });
  return written;
}

absl::Status LogTree::Keep(uint64_t next_sequence, const Digest& block_hash) {
  if (damaged_) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(const LogPosition position, WriteEdge(next_sequence, block_hash));
  // Readers do not wait for the disk.
  WS_RETURN_IF_ERROR(store_.WritePosition(position));
  return damaged_ ? store_.ForgetPosition() : absl::OkStatus();
}

absl::StatusOr<LogPosition> LogTree::WriteEdge(uint64_t next_sequence, const Digest& block_hash) {
  std::lock_guard<std::mutex> lock(mutex_);
  absl::Status written;
  head_.ForEachPartial([&](const TileId& id, std::string_view tile) {
    if (written.ok()) written = store_.Write(id, tile);
  });
  WS_RETURN_IF_ERROR(written);
  if (const uint64_t width = head_.size() % kTileWidth; width != 0) {
    WS_RETURN_IF_ERROR(store_.Write(
        {.level = TileId::kEntries, .index = head_.size() / kTileWidth, .width = width}, entries_));
  }
  return LogPosition{.leaves = head_.size(),
                     .root = head_.Root(),
                     .next_sequence = next_sequence,
                     .block_hash = block_hash};
}

uint64_t LogTree::size() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return head_.size();
}

Digest LogTree::Root() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return head_.Root();
}

std::optional<std::string> LogTree::FromEdge(const TileId& id) const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (id.index != HashesAt(id.level, head_.size()) / kTileWidth) return std::nullopt;
  if (id.level != TileId::kEntries) return std::string(head_.Edge(id.level));
  return entries_;
}

absl::StatusOr<std::string> LogTree::ReadFull(const TileId& id) const {
  absl::StatusOr<std::string> tile = store_.Read(id);
  if (absl::IsNotFound(tile.status())) return Damaged(id, "is gone");
  if (absl::IsDataLoss(tile.status())) return Damaged(id, "cannot be read");
  if (!tile.ok()) return tile;
  WS_ASSIGN_OR_RETURN(const std::string want, HashesAbove(id));
  if (id.level == TileId::kEntries) {
    if (LeafHashesOf(*tile) != want) return Damaged(id, "does not fit the leaf hashes");
  } else if (tile->size() != tlog::kTileBytes || crypto::AsBytes(tlog::TileRoot(*tile)) != want) {
    return Damaged(id, "does not fit the tile above it");
  }
  return tile;
}

absl::StatusOr<std::string> LogTree::HashesAbove(const TileId& id) const {
  const bool entries = id.level == TileId::kEntries;
  const TileId above{.level = id.level + 1, .index = entries ? id.index : id.index / kTileWidth};
  std::optional<std::string> tile = FromEdge(above);
  if (!tile.has_value()) {
    WS_ASSIGN_OR_RETURN(tile, ReadFull(above));
  }
  if (entries) return *std::move(tile);
  return tile->substr(id.index % kTileWidth * merkle::kHashBytes, merkle::kHashBytes);
}

absl::Status LogTree::Damaged(const TileId& id, std::string_view problem) const {
  const std::string path = id.ToPath();
  const std::string leaves = LeavesOf(id);
  if (!damaged_.exchange(true)) {
    const absl::Status forgotten = store_.ForgetPosition();
    log::Error("broker", "tile_damaged",
               {{"tile", path},
                {"leaves", leaves},
                {"text", absl::StrCat(Absl(problem),
                                      "; the next start rebuilds the tiles from the "
                                      "journal")},
                {"status", forgotten.ToString()}});
  }
  return absl::DataLossError(Problem(absl::StrCat(path, ", leaves ", leaves), problem));
}

absl::StatusOr<std::string> LogTree::ReadTile(const TileId& id, uint64_t size) const {
  if (id.index * kTileWidth + id.width > HashesAt(id.level, size)) return UnknownTile(id);
  std::optional<std::string> tile = FromEdge(id);
  if (!tile.has_value()) {
    WS_ASSIGN_OR_RETURN(tile, ReadFull({.level = id.level, .index = id.index}));
  }
  if (id.level != TileId::kEntries) {
    if (tile->size() >= id.width * merkle::kHashBytes) {
      return tile->substr(0, id.width * merkle::kHashBytes);
    }
  } else if (auto entries = FirstEntries(*tile, id.width)) {
    return std::string(*entries);
  }
  return absl::DataLossError(Problem(id.ToPath(), "cut short", absl::StrCat(tile->size(), " bytes"),
                                     absl::StrCat(id.width, " entries")));
}

absl::StatusOr<std::string> LogTree::LeafAt(uint64_t index) const {
  WS_ASSIGN_OR_RETURN(std::string bundle, ReadTile({.level = TileId::kEntries,
                                                    .index = index / kTileWidth,
                                                    .width = index % kTileWidth + 1},
                                                   size()));
  std::string_view rest = bundle;
  std::optional<std::string_view> entry;
  for (uint64_t i = 0; i <= index % kTileWidth; ++i) entry = TakeEntry(&rest);
  return std::string(*entry);
}

tlog::TileTree LogTree::Tiles(uint64_t size) const {
  return tlog::TileTree(size, [this, size](const TileId& id) { return ReadTile(id, size); });
}

absl::StatusOr<Digest> LogTree::RootAt(uint64_t size) const { return Tiles(size).RootAt(size); }

absl::StatusOr<std::string> LogTree::InclusionProof(uint64_t index, uint64_t size) const {
  return Tiles(size).InclusionProof(index, size);
}

absl::StatusOr<std::string> LogTree::ConsistencyProof(uint64_t old_size, uint64_t size) const {
  return Tiles(size).ConsistencyProof(old_size, size);
}

}  // namespace waystation::broker
