#ifndef WAYSTATION_COMMON_TLOG_TILE_H_
#define WAYSTATION_COMMON_TLOG_TILE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/merkle/tree.h"

// The tree of a log cut into tiles of 256 hashes, as c2sp.org/tlog-tiles says:
// where a tile is found, how tiles are made, and every proof from them.

namespace waystation::tlog {

inline constexpr uint64_t kTileWidth = 256;
inline constexpr size_t kTileBytes = kTileWidth * merkle::kHashBytes;

// Which tile: its level, its place in the level, and how many hashes it has
// (256, or fewer at the right edge of a tree).
struct TileId {
  static constexpr int kEntries = -1;  // The level of an entry bundle.

  int level = 0;
  uint64_t index = 0;
  uint64_t width = kTileWidth;

  bool operator==(const TileId&) const = default;

  // "tile/0/x001/234", "tile/entries/000.p/7".
  std::string ToPath() const;
  // Errors: INVALID_ARGUMENT not such a path in its one form.
  static absl::StatusOr<TileId> FromPath(std::string_view path);
};

// All tiles of levels 0 and up in a tree of `size` leaves that its smaller
// prefix of `old_size` did not have, right edge included; full tiles first.
std::vector<TileId> TilesBetween(uint64_t old_size, uint64_t size);

// The root of a tile's hashes: of a full tile, its hash in the level above.
merkle::Digest TileRoot(std::string_view hashes);

// Returns the bytes of a hash tile. Called in no promised order.
using ReadTile = std::function<absl::StatusOr<std::string>(const TileId&)>;

// A tree that is read from tiles: roots and proofs of any size up to the size
// for which the tiles are there. Tiles that the reader keeps are read again and
// again, so a reader caches.
//
// Borrows nothing; keeps `read`. Thread-compatible.
class TileTree {
 public:
  // `size` is the tree whose right edge the tiles have.
  TileTree(uint64_t size, ReadTile read) : size_(size), read_(std::move(read)) {}

  uint64_t size() const { return size_; }

  // The root of the first `size` leaves. `size` above size() ends the process, as
  // it does in the functions below. Errors: the reader's; DATA_LOSS a tile of the
  // wrong length.
  absl::StatusOr<merkle::Digest> RootAt(uint64_t size) const;
  // The audit path of leaf `index` in the tree of `size`, lowest first.
  absl::StatusOr<std::string> InclusionProof(uint64_t index, uint64_t size) const;
  // The proof that `old_size` is a prefix of `size`; empty where `old_size` is 0
  // or `size`.
  absl::StatusOr<std::string> ConsistencyProof(uint64_t old_size, uint64_t size) const;
  // The hash of one leaf.
  absl::StatusOr<merkle::Digest> LeafAt(uint64_t index) const;

 private:
  absl::StatusOr<merkle::Digest> Complete(int level, uint64_t index) const;
  absl::StatusOr<merkle::Digest> Subtree(uint64_t begin, uint64_t end) const;
  absl::Status AppendSubtree(uint64_t begin, uint64_t end, std::string* out) const;

  const uint64_t size_;
  const ReadTile read_;
};

// The right edge of a tree that grows: leaf hashes go in, full tiles come out.
//
//   TreeHead head;
//   head.Append(leaf_hash, [&](const TileId& id, std::string_view tile) { ... });
//   merkle::Digest root = head.Root();
//
// Memory: at most 255 hashes for each level.
// Thread-compatible.
class TreeHead {
 public:
  using OnFullTile = std::function<void(const TileId&, std::string_view)>;

  uint64_t size() const { return size_; }
  merkle::Digest Root() const;
  // `on_full` gets each tile that the leaf completes, lowest first.
  void Append(const merkle::Digest& leaf_hash, const OnFullTile& on_full);
  // Calls `on_partial` for every partial tile of the present right edge.
  void ForEachPartial(const OnFullTile& on_partial) const;

  // The hashes of the level's partial tile; empty when there is none.
  std::string_view Edge(int level) const;

  // Takes up the right edge of a tree of `size` from its tiles. Errors: the
  // reader's; DATA_LOSS a tile of the wrong length.
  static absl::StatusOr<TreeHead> Load(uint64_t size, const ReadTile& read);

 private:
  uint64_t size_ = 0;
  std::vector<std::string> edge_;  // Hashes of the partial tile of each level.
};

}  // namespace waystation::tlog

#endif  // WAYSTATION_COMMON_TLOG_TILE_H_
