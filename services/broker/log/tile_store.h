#ifndef WAYSTATION_SERVICES_BROKER_LOG_TILE_STORE_H_
#define WAYSTATION_SERVICES_BROKER_LOG_TILE_STORE_H_

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/merkle/tree.h"
#include "common/tlog/tile.h"

namespace waystation::broker {

// Up to where the tiles on disk are whole, so that a start does not hash the
// whole journal again.
struct LogPosition {
  uint64_t leaves = 0;
  merkle::Digest root{};        // Of those leaves.
  uint64_t next_sequence = 0;   // Of the journal's first record after them.
  merkle::Digest block_hash{};  // Of the journal's block before that record.

  bool operator==(const LogPosition&) const = default;
};

// The audit log's tiles as files, laid out as c2sp.org/tlog-tiles says, so that any
// web server could serve them: `tile/<level>/<index>`, `tile/entries/<index>`,
// `checkpoint`. Full tiles are written once; the partial ones of the right edge only
// with a position, as what a start goes on from.
//
// All of it is a fold over the journal: nothing is synced before a position says so,
// and the directory may be deleted at any time.
//
// Thread-safe.
class TileStore {
 public:
  explicit TileStore(std::string directory) : directory_(std::move(directory)) {}

  // Writes one tile. Errors: UNAVAILABLE.
  absl::Status Write(const tlog::TileId& id, std::string_view bytes);
  // Errors: NOT_FOUND; DATA_LOSS the disk cannot give it; PERMISSION_DENIED.
  absl::StatusOr<std::string> Read(const tlog::TileId& id) const;

  // Writes the newest checkpoint as the file `checkpoint`, durably. Errors: UNAVAILABLE.
  absl::Status WriteCheckpoint(std::string_view note);
  // Nothing when there is none.
  std::optional<std::string> ReadCheckpoint() const;

  // Makes all that was written durable and then says so. Errors: UNAVAILABLE.
  absl::Status WritePosition(const LogPosition& position);
  // Nothing when there is none, or it cannot be read.
  std::optional<LogPosition> ReadPosition() const;
  // The next start finds none. Errors: UNAVAILABLE.
  absl::Status ForgetPosition();

 private:
  std::string PathOf(std::string_view name) const;
  absl::Status MakeFolder(const std::string& folder);

  const std::string directory_;
  std::mutex mutex_;
  std::set<std::string> folders_ ABSL_GUARDED_BY(mutex_);  // Those that are there.
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_LOG_TILE_STORE_H_
