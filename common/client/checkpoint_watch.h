#ifndef WAYSTATION_COMMON_CLIENT_CHECKPOINT_WATCH_H_
#define WAYSTATION_COMMON_CLIENT_CHECKPOINT_WATCH_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "common/client/bus_client.h"
#include "common/tlog/checkpoint.h"
#include "common/tlog/cosigner.h"
#include "common/tlog/policy.h"
#include "common/tlog/tile.h"
#include "waystation/audit/v1/log_service.grpc.pb.h"

namespace waystation::client {

// Whether one of two checkpoints of a log extends the other, by the tiles that
// `read` gives; both were verified before. Nothing of the tiles is believed: the
// proof leads to both roots or it does not.
// Errors: ABORTED (SPLIT_LOG) neither extends the other, or that cannot be proven;
// UNAVAILABLE and other errors of `read`, but NOT_FOUND and DATA_LOSS: a log that
// cannot show its own tiles proves nothing.
absl::Status CheckExtends(
    const tlog::Checkpoint& one, const tlog::Checkpoint& other,
    const std::function<absl::StatusOr<std::string>(const tlog::TileId&)>& read);

// Compares the cosigned checkpoints that come with the deliveries with the one that
// this party cosigned itself. A broker that shows two histories must show one of
// them to a party that cosigned the other, and is found out with the next frame.
//
//   CheckpointWatch watch(client, policy, std::make_unique<FileCosigner>(path), on_conflict);
//   ... handlers.on_checkpoint = [&](const std::string& note) { watch.Told(note); };
//   watch.Stop();
//
// Only the newest note is looked at. It has a thread of its own; no delivery waits.
//
// Thread-safe.
class CheckpointWatch {
 public:
  // Both notes, verbatim, on the watch's thread. May not call Stop.
  using OnConflict = tlog::Cosigner::OnConflict;

  // `client` is kept; `cosigned` is what this party cosigned last.
  CheckpointWatch(std::shared_ptr<BusClient> client, tlog::Policy policy,
                  std::unique_ptr<tlog::CosignerStore> cosigned, OnConflict on_conflict);
  ~CheckpointWatch();

  // Takes a note as it came. Never blocks.
  void Told(const std::string& note);

  // Ends the thread. Later calls do nothing.
  void Stop();

 private:
  void Run();
  void Compare(const std::string& note);
  absl::StatusOr<std::string> ReadTile(const tlog::TileId& id);

  const std::shared_ptr<BusClient> client_;
  const tlog::Policy policy_;
  const std::unique_ptr<tlog::CosignerStore> cosigned_;
  const OnConflict on_conflict_;
  const std::unique_ptr<audit::v1::LogService::Stub> stub_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> told_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace waystation::client

#endif  // WAYSTATION_COMMON_CLIENT_CHECKPOINT_WATCH_H_
