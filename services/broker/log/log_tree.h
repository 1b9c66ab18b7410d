#ifndef WAYSTATION_SERVICES_BROKER_LOG_LOG_TREE_H_
#define WAYSTATION_SERVICES_BROKER_LOG_LOG_TREE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/merkle/tree.h"
#include "common/tlog/tile.h"
#include "services/broker/log/tile_store.h"

namespace waystation::broker {

// The audit log's tree as it grows: full tiles are files, the right edge is in
// memory, and both read as one. What is read from a file is held against the tile above
// it, up to the edge in memory: a tile that was damaged gives no proof, only its name.
//
//   LogTree tree = ...;
//   WS_RETURN_IF_ERROR(tree.Append(leaves));
//   merkle::Digest root = tree.Root();
//   WS_ASSIGN_OR_RETURN(std::string proof, tree.ConsistencyProof(old_size, tree.size()));
//
// Memory: at most 255 hashes for each level, and 255 leaves.
// Does not own the store. Thread-safe: one appends, many read.
class LogTree {
 public:
  explicit LogTree(TileStore& store) : store_(store) {}

  // Takes up the tree of the store's position and returns that. Nothing when there
  // is none, or the tiles do not lead to its root: the tree is then empty.
  std::optional<LogPosition> TakeUp();
  // Begins again without leaves; tiles on disk are written over.
  void Clear();

  // Errors: UNAVAILABLE a tile cannot be written; the tree is then not to be used.
  absl::Status Append(std::span<const std::string> leaves);
  // Keeps the tree on disk up to here; not once a tile is damaged, so that the next start
  // has the journal give it back. Errors: UNAVAILABLE.
  absl::Status Keep(uint64_t next_sequence, const merkle::Digest& block_hash);

  uint64_t size() const;
  merkle::Digest Root() const;
  // Whether a read has found a tile damaged or gone since the last Clear().
  bool damaged() const { return damaged_; }

  // A tile of the tree's first `size` leaves, as wide as asked. Errors: NOT_FOUND
  // (UNKNOWN_TILE) beyond them; UNAVAILABLE; DATA_LOSS names the tile and its leaves.
  absl::StatusOr<std::string> ReadTile(const tlog::TileId& id, uint64_t size) const;
  // The bytes of leaf `index`. Errors: as ReadTile.
  absl::StatusOr<std::string> LeafAt(uint64_t index) const;

  // As in tlog::TileTree; sizes are at most size(). Errors: as ReadTile.
  absl::StatusOr<merkle::Digest> RootAt(uint64_t size) const;
  absl::StatusOr<std::string> InclusionProof(uint64_t index, uint64_t size) const;
  absl::StatusOr<std::string> ConsistencyProof(uint64_t old_size, uint64_t size) const;

 private:
  tlog::TileTree Tiles(uint64_t size) const;
  absl::Status AppendOne(std::string_view leaf, const merkle::Digest& hash)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Writes the partial tiles and returns the position that they belong to.
  absl::StatusOr<LogPosition> WriteEdge(uint64_t next_sequence, const merkle::Digest& block_hash);
  // The tile if it is of the right edge.
  std::optional<std::string> FromEdge(const tlog::TileId& id) const;
  // A full tile of the store that fits the tree.
  absl::StatusOr<std::string> ReadFull(const tlog::TileId& id) const;
  // What the tree has of a full tile: of an entry bundle its leaf hashes, else the hash in
  // the level above.
  absl::StatusOr<std::string> HashesAbove(const tlog::TileId& id) const;
  absl::Status Damaged(const tlog::TileId& id, std::string_view problem) const;

  TileStore& store_;
  mutable std::atomic<bool> damaged_ = false;
  mutable std::mutex mutex_;
  tlog::TreeHead head_ ABSL_GUARDED_BY(mutex_);
  std::string entries_ ABSL_GUARDED_BY(mutex_);  // Of the partial bundle.
};

// The first `width` entries of a bundle, or nothing when it has fewer.
std::optional<std::string_view> FirstEntries(std::string_view bundle, uint64_t width);

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_LOG_LOG_TREE_H_
