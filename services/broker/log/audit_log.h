#ifndef WAYSTATION_SERVICES_BROKER_LOG_AUDIT_LOG_H_
#define WAYSTATION_SERVICES_BROKER_LOG_AUDIT_LOG_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/journal/journal.h"
#include "services/broker/core/decide.h"
#include "services/broker/log/cosignatures.h"
#include "services/broker/log/log_block.h"
#include "services/broker/log/log_signer.h"
#include "services/broker/log/log_tree.h"
#include "services/broker/log/tile_store.h"

namespace waystation::broker {

// The audit log: each committed record becomes a leaf, and at most once a second,
// and only when there are new leaves, their tree is signed. A signed checkpoint goes
// to the sequencer first and is published when it comes back with its block: so a
// restart cannot fork what was published, and an idle bus is silent.
//
// It never holds up a commit, only when it is some hundred blocks behind.
//
// Does not own what the options point at. Thread-safe.
class AuditLog {
 public:
  struct Options {
    std::string directory;
    LogSigner signer;
    tlog::Policy policy;
    const Clock* clock = nullptr;
    absl::Duration checkpoint_interval = absl::Seconds(1);
    // Gives a signed checkpoint to the sequencer; false when that has stopped.
    std::function<bool(CheckpointCommand)> record;
    Cosignatures::OnCosigned on_cosigned;
  };

  // Follows the journal to its end, from where the tiles are whole; `bus_id` is the
  // genesis record's. Errors: FAILED_PRECONDITION the journal is older than what was
  // signed; DATA_LOSS its leaves lead to another root than what was signed, or a
  // record does not parse; UNAVAILABLE the directory cannot be written; the
  // journal's.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Start(Options options, journal::Journal& journal,
                                                         std::string_view bus_id);
  ~AuditLog();

  // Begins to follow and to sign; before it, what is put waits. `record` may be
  // called from here on.
  void Begin();
  // Takes committed blocks in order. Waits while it is far behind.
  void Put(LogBlock block);
  // Finishes what was put, keeps the tiles and stops. Signs nothing more.
  void Stop();

  const std::string& origin() const { return options_.signer.origin(); }
  const LogTree& tree() const { return tree_; }
  Cosignatures& cosignatures() { return cosignatures_; }

 private:
  explicit AuditLog(Options options);

  absl::Status Replay(journal::Journal& journal, std::string_view bus_id);
  absl::Status CheckLast() const;
  absl::Status PublishFormer();

  void Run();
  std::deque<LogBlock> Take();
  bool Due() const;
  absl::Duration Patience() const;
  absl::Status Follow(const LogBlock& block);
  void KeepTiles();
  absl::Status Publish(std::string_view record_bytes);
  absl::Status Sign();

  Options options_;
  TileStore store_;
  LogTree tree_;
  Cosignatures cosignatures_;

  std::string former_;  // The newest checkpoint before the start; empty when there is none.

  // From here on the log's thread alone.
  uint64_t signed_size_ = 0;  // Of the last checkpoint that was given away.
  bool signing_ = false;      // One was given away and is not on the record yet.
  absl::Duration signed_at_;  // Or back with its block. Monotonic.
  uint64_t kept_size_ = 0;    // Of the position on disk.
  uint64_t next_sequence_ = journal::kFirstSequence;
  crypto::Digest block_hash_{};

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable room_;
  std::deque<LogBlock> blocks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_LOG_AUDIT_LOG_H_
