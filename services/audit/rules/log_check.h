#ifndef WAYSTATION_SERVICES_AUDIT_RULES_LOG_CHECK_H_
#define WAYSTATION_SERVICES_AUDIT_RULES_LOG_CHECK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/crypto/sha256.h"
#include "common/log_follower/log_follower.h"
#include "common/tlog/checkpoint.h"
#include "common/tlog/note.h"

namespace waystation::audit {

// What does not fit, in words: evidence against the broker.
struct LogProblem {
  enum class Kind {
    kInconsistent,  // Log and record say different things.
    kSplit,         // Two checkpoints that cannot both be.
  };
  Kind kind;
  std::string text;
};

// What of the log's place has to be stored: its numbers, and what is new of the rest.
struct LogChange {
  uint64_t next_sequence = 1;
  int64_t time_us = 0;
  uint64_t signed_size = 0;
  std::optional<std::vector<std::string>> edge{};  // When signed_size has moved.
  uint64_t first_leaf = 0;                         // Index of the first of `leaves`.
  std::vector<crypto::Digest> leaves{};            // Hashes, in order.
  LogStage stage = LogStage::kUnnamed;
};

// Holds the record against the audit log: each record as common/log_follower judges
// it, and each checkpoint that the broker shows elsewhere against those on the
// record.
//
//   for (const LogProblem& problem : check.Follow(record_bytes)) ...
//
// The first record that does not fit ends the judging of records, for behind it
// there is no tree to compare with; a finding says so until people have looked.
// Pure: no clock, no disk. Thread-compatible.
class LogCheck {
 public:
  // Keys as of LogFollower.
  explicit LogCheck(std::vector<tlog::VerifierKey> log_keys,
                    std::vector<tlog::VerifierKey> former_keys = {})
      : follower_(std::move(log_keys), std::move(former_keys)) {}

  // Goes on from a place, behind the record `followed`. Errors: DATA_LOSS it is no
  // place.
  static absl::StatusOr<LogCheck> Resume(std::vector<tlog::VerifierKey> log_keys,
                                         std::vector<tlog::VerifierKey> former_keys,
                                         const LogPlace& place, uint64_t followed);

  // Follows the next record. Returns what does not fit.
  std::vector<LogProblem> Follow(std::string_view bytes);

  // A checkpoint that the broker showed. One that is newer than the record is kept
  // until the record is there. Returns what does not fit, or nothing.
  std::optional<LogProblem> Observe(const tlog::Checkpoint& shown);

  // Leaves of the last checkpoint that fits.
  uint64_t verified_size() const { return follower_.signed_tree().size(); }

  // What changed since the last call; nothing once the judging has ended.
  std::optional<LogChange> TakeChanges();

 private:
  void TakeEdge();
  void TakeCheckpoint(const tlog::Checkpoint& checkpoint, std::vector<LogProblem>* problems);

  LogFollower follower_;
  bool ended_ = false;
  LogChange change_;
  bool changed_ = false;
  // Roots of the newest checkpoints on the record, and checkpoints shown before
  // their record was followed; by size.
  std::map<uint64_t, crypto::Digest> roots_;
  std::map<uint64_t, tlog::Checkpoint> shown_;
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_RULES_LOG_CHECK_H_
