#ifndef WAYSTATION_TOOLS_WAYSTATION_AUDIT_TILE_CHECK_H_
#define WAYSTATION_TOOLS_WAYSTATION_AUDIT_TILE_CHECK_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/merkle/tree.h"
#include "common/tlog/tile.h"

namespace waystation::cli {

// Holds the files of an audit log (c2sp.org/tlog-tiles) against leaves that were
// made anew from the journal, byte for byte. Reads only.
//
//   TileCheck tiles("/bus/broker/audit-log", published_size);
//   for (leaf : leaves) WS_RETURN_IF_ERROR(tiles.Add(leaf, hash, sequence));
//   WS_RETURN_IF_ERROR(tiles.Finish());
//
// Full tiles of the first `published_size` leaves must be there; any other tile, wide
// or partial, old or new, must only say the truth. Errors: DATA_LOSS naming the file,
// the byte, and the record behind it.
// Memory: 8 bytes for each leaf, and the right edge.
// Thread-compatible.
class TileCheck {
 public:
  TileCheck(std::string directory, uint64_t published_size)
      : directory_(std::move(directory)), published_size_(published_size) {}

  // The next leaf, of record `sequence`.
  absl::Status Add(std::string_view leaf, const merkle::Digest& hash, uint64_t sequence);
  // Every file that no leaf completed.
  absl::Status Finish();

  // Files compared so far.
  uint64_t compared() const { return compared_; }

 private:
  absl::Status CheckFull(const tlog::TileId& id, std::string_view want);
  absl::Status CheckFile(const tlog::TileId& id);
  absl::Status Compare(const tlog::TileId& id, std::string_view got, std::string_view want);
  absl::StatusOr<std::string> Wanted(const tlog::TileId& id) const;
  absl::StatusOr<std::string> Read(const tlog::TileId& id) const;
  std::string RecordAt(const tlog::TileId& id, std::string_view want, size_t byte) const;

  const std::string directory_;
  const uint64_t published_size_;
  tlog::TreeHead head_;
  std::string entries_;  // Of the bundle at the right edge.
  std::vector<uint64_t> sequences_;
  uint64_t compared_ = 0;
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_AUDIT_TILE_CHECK_H_
