#ifndef WAYSTATION_COMMON_LOG_FOLLOWER_LOG_FOLLOWER_H_
#define WAYSTATION_COMMON_LOG_FOLLOWER_LOG_FOLLOWER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/tlog/checkpoint.h"
#include "common/tlog/note.h"
#include "common/tlog/tile.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation {

// Which log's checkpoints are on the record by now, as its epochs name it.
enum class LogStage {
  kUnnamed,  // No epoch names one: records of former releases.
  kFormer,   // A log in whose place ours was begun later.
  kOurs,
};

// Where a follower stands, to be kept and taken up again.
struct LogPlace {
  uint64_t next_sequence = 1;
  int64_t time_us = 0;  // Of the last record.
  std::string bus_id;   // 16 bytes; empty before the first record.
  // The tree under the last checkpoint: its leaves, and of each level what
  // TreeHead::Edge gives.
  uint64_t signed_size = 0;
  std::vector<std::string> edge;
  // Hashes of the leaves after it, 32 bytes each.
  std::string unsigned_leaves;
  LogStage stage = LogStage::kUnnamed;

  bool operator==(const LogPlace&) const = default;
};

// One record as it was taken.
struct FollowedRecord {
  journal::v1::Record record;
  std::string leaf;  // The leaf's bytes; empty for what is no leaf.
  // Of a CheckpointSigned of our log, verified. A former log's is verified too, and
  // not shown.
  std::optional<tlog::SignedCheckpoint> checkpoint;
};

// Reads a journal's records in order, as bytes, and judges whether the audit log
// says the same: that no record is missing, doubled or out of place; that each has
// its leaf at the place that it names; that every journaled checkpoint is signed by
// the log and is the root of exactly the leaves before it. What reads records from
// a stream, a file or a copy feeds them to it:
//
//   LogFollower follower(policy.log_keys());
//   WS_ASSIGN_OR_RETURN(const FollowedRecord* taken, follower.Append(bytes));
//
// It does not look at cosignatures (tlog::Policy) nor at the signatures inside
// records (common/evidence), and a record after the last checkpoint has nobody's
// signature yet.
// Memory: 32 bytes for each leaf after the last checkpoint.
// Thread-compatible.
class LogFollower {
 public:
  // `log_keys` are of one log, `former_keys` of those that it was begun in place of
  // (former_logs.h).
  explicit LogFollower(std::vector<tlog::VerifierKey> log_keys,
                       std::vector<tlog::VerifierKey> former_keys = {})
      : log_keys_(std::move(log_keys)), former_keys_(std::move(former_keys)) {}

  // Goes on from a place. Errors: DATA_LOSS it is no place.
  static absl::StatusOr<LogFollower> Resume(std::vector<tlog::VerifierKey> log_keys,
                                            std::vector<tlog::VerifierKey> former_keys,
                                            const LogPlace& place);

  // Takes the next record. The result lives until the next call. On an error
  // nothing is taken and the same place waits for the right record.
  // Errors, each naming the record: DATA_LOSS it is not the one that belongs
  // here, its leaf neither, or a checkpoint is not the root of the leaves before
  // it, or an epoch names a log that is neither ours nor a former one of ours before
  // it; UNAUTHENTICATED a checkpoint that no key of its log signed;
  // FAILED_PRECONDITION a kind that this release does not know.
  absl::StatusOr<const FollowedRecord*> Append(std::string_view bytes);

  uint64_t next_sequence() const { return next_sequence_; }
  // 16 bytes; empty before the first record.
  const std::string& bus_id() const { return bus_id_; }
  // The tree under the last checkpoint.
  const tlog::TreeHead& signed_tree() const { return signed_; }
  LogStage stage() const { return stage_; }
  // Leaves so far, signed or not.
  uint64_t leaves() const;
  LogPlace place() const;

 private:
  absl::Status CheckPlace(const journal::v1::Record& record) const;
  absl::Status CheckSalt(const journal::v1::Record& record) const;
  absl::StatusOr<LogStage> StageAfter(const journal::v1::Record& record) const;
  // The keys of a former log; none when it is no former log of ours.
  std::vector<tlog::VerifierKey> FormerKeys(const std::string& origin) const;
  absl::Status TakeLeaf(std::string_view bytes);
  absl::Status TakeCheckpoint(const journal::v1::CheckpointSigned& claimed);
  // Takes what it says of the tree.
  absl::Status TakeRoot(const journal::v1::CheckpointSigned& claimed,
                        const tlog::Checkpoint& checkpoint);

  std::vector<tlog::VerifierKey> log_keys_;
  std::vector<tlog::VerifierKey> former_keys_;
  uint64_t next_sequence_ = 1;
  int64_t time_us_ = 0;
  std::string bus_id_;
  tlog::TreeHead signed_;
  std::vector<merkle::Digest> unsigned_;
  LogStage stage_ = LogStage::kUnnamed;
  FollowedRecord taken_;
};

}  // namespace waystation

#endif  // WAYSTATION_COMMON_LOG_FOLLOWER_LOG_FOLLOWER_H_
