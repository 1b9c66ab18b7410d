#ifndef WAYSTATION_TOOLS_WAYSTATION_AUDIT_LOG_CHECK_H_
#define WAYSTATION_TOOLS_WAYSTATION_AUDIT_LOG_CHECK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/log_follower/log_follower.h"
#include "common/tlog/policy.h"
#include "tools/waystation/audit/audit_report.pb.h"
#include "tools/waystation/audit/tile_check.h"

namespace waystation::cli {

// A journal held against its audit log, record by record: the fold of
// common/log_follower, the log's files where there are some, and notes that others
// hold.
//
//   LogCheck check(policy, std::move(tiles));
//   ... check.Take(record) for each, in order ...
//   WS_RETURN_IF_ERROR(check.Holds("checkpoint", note));
//   WS_RETURN_IF_ERROR(check.Finish());
//
// Errors name the record, the tile or the note. Thread-compatible.
class LogCheck {
 public:
  // `tiles` may be null; `former_keys` as of LogFollower.
  LogCheck(const tlog::Policy& policy, std::unique_ptr<TileCheck> tiles,
           std::vector<tlog::VerifierKey> former_keys = {})
      : policy_(policy),
        follower_(policy.log_keys(), std::move(former_keys)),
        tiles_(std::move(tiles)) {}

  absl::Status Take(std::string_view record);
  // Whether `note` is a checkpoint of this log's history: signed by the log and of
  // the size and root of one in the journal. Cosigned by a quorum, where `cosigned`.
  // Errors: DATA_LOSS; FAILED_PRECONDITION (NO_QUORUM); of tlog::Policy::Open.
  absl::Status Holds(std::string_view name, std::string_view note, bool cosigned);
  // Whether the note that the log's folder shows is its newest, or the one before.
  //
  // One step is allowed because a checkpoint is journaled first and shown a moment
  // later, so that no restart can fork what was shown: a broker that was killed in
  // between, and a copy made while it ran, are one behind, and nothing in the folder
  // tells that from a file that somebody put back. Nothing is hidden by it: the
  // journal has the newer checkpoint, which was verified with all the others. The
  // next start shows it. A stop by SIGTERM leaves none behind.
  //
  // Journal and file taken back together show one history, only an older one: that is
  // found by a checkpoint which somebody else holds, see Holds.
  //
  // Errors: DATA_LOSS it was rolled back; of tlog::Policy::Open.
  absl::Status IsNewest(std::string_view name, std::string_view note) const;
  absl::Status Finish();

  // Leaves under the newest journaled checkpoint.
  uint64_t signed_size() const { return follower_.signed_tree().size(); }
  void Fill(v1::AuditReport* report) const;

 private:
  const tlog::Policy& policy_;
  LogFollower follower_;
  const std::unique_ptr<TileCheck> tiles_;
  std::map<uint64_t, merkle::Digest> roots_;  // Of journaled checkpoints, by size.
  uint64_t size_before_ = 0;                  // Of the checkpoint before the newest.
  int64_t last_time_us_ = 0;
  std::optional<tlog::SignedCheckpoint> cosigned_;
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_AUDIT_LOG_CHECK_H_
