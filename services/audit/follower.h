#ifndef WAYSTATION_SERVICES_AUDIT_FOLLOWER_H_
#define WAYSTATION_SERVICES_AUDIT_FOLLOWER_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/evidence/directory.h"
#include "common/rpc/trust_source.h"
#include "common/tlog/cosigner.h"
#include "common/tlog/policy.h"
#include "services/audit/audit_store.h"
#include "services/audit/rules/audit_fold.h"
#include "services/audit/rules/log_check.h"
#include "waystation/audit/v1/log_service.pb.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::audit {

// How far the auditor is.
struct FollowStatus {
  std::string bus_id{};
  uint64_t sequence = 0;
  int64_t time_us = 0;
  uint64_t verified_size = 0;
  uint64_t cosigned_size = 0;
};

// Whether the two notes of a report are the log's and differ. Errors: INVALID_ARGUMENT
// (CONFLICT_UNPROVEN).
absl::Status CheckConflict(const tlog::Policy& policy, const tlog::Cosigner::Conflict& conflict);

// Follows the record into the store: each frame of records, each tick and each look
// at the log is one transaction, with what the rules conclude from it. Killed at any
// point and opened again it goes on behind the last transaction, so that nothing is
// followed twice.
//
// Every `Take...` and `Tick`: an error means that memory and disk no longer agree,
// and ends the process. What the broker did wrong is no error but a finding.
//
// `Status` and `NextSequence` are thread-safe. Single-threaded otherwise: the loop.
class Follower {
 public:
  struct Parts {
    AuditStore* store = nullptr;
    const Clock* clock = nullptr;
    std::shared_ptr<rpc::TrustSource> trust;
    std::string trust_domain;
    std::string identity;  // Whose cosigner is believed.
    Rules rules;
    tlog::Policy log_policy;
    std::vector<tlog::VerifierKey> former_log_keys{};  // common/log_follower/former_logs.h
  };

  // Takes up where the store ends. Errors: DATA_LOSS what is stored does not fit.
  static absl::StatusOr<std::unique_ptr<Follower>> Create(Parts parts);

  // Where to follow from: the last record that was followed, once more, because it
  // has to be the same bytes; 1 at the beginning.
  uint64_t NextSequence() const;

  // Takes the next records. `*fits` is false when they do not continue what was
  // followed: they are not taken, and the stream is worth another try.
  absl::Status TakeRecords(const std::vector<std::string>& records, bool* fits);
  // The broker ended the stream; that it has less than was followed is a finding.
  absl::Status TakeEnd(const absl::Status& why);
  // The answer of GetCheckpoint.
  absl::Status TakeLog(const absl::StatusOr<v1::GetCheckpointResponse>& log);
  // Two notes that the log signed and that `reporter`'s cosigner cannot join. Of the
  // auditor's own cosigner they are believed; of others they are held against the
  // record.
  absl::Status TakeConflict(const tlog::Cosigner::Conflict& conflict, const std::string& reporter);
  // Time went on and there is no record that was not taken. Events that came are
  // taken here too.
  absl::Status Tick();

  FollowStatus Status() const;

 private:
  explicit Follower(Parts parts);

  absl::Status Load();
  absl::Status TakeGenesis(const std::string& bytes);
  // Whether the record is the next one; else a finding.
  bool Continues(const journal::v1::Record& record, std::string_view bytes);
  absl::Status TakeRecord(const journal::v1::Record& record, const std::string& bytes,
                          Block* block);
  absl::StatusOr<std::optional<KnownMessage>> Lookup(const journal::v1::Record& record,
                                                     const Block& block);
  void TakeProblem(const LogProblem& problem, uint64_t sequence);
  void TakeShown(const v1::GetCheckpointResponse& shown);
  LogSeen SeenIn(const std::vector<tlog::SignedCheckpoint>& notes) const;
  // Asks of each certificate that signed whether it is revoked by now.
  absl::Status JudgeCertificates();
  bool IsRevoked(const std::string& certificate_sha256, const std::string& signer) const;
  // Applies what agencies said of themselves, as far as their messages were followed.
  absl::Status TakeEvents(Block* block);
  // The record after which what is concluded counts again.
  void EndCatchingUp(uint64_t sequence, Block* block);
  // Moves what the fold changed to the block. What is concluded of records that were
  // followed once was concluded then.
  void TakeFold(Block* block);
  // The same record, as far as it was followed once.
  void CompareWithFormer(const journal::v1::Record& record, std::string_view bytes, Block* block);
  absl::Status Keep(Block block);
  void Publish();
  int64_t NowUs() const;

  const Parts parts_;
  AuditFold fold_;
  LogCheck log_;
  Followed followed_;
  // While catching up the record is followed anew, up to where our log begins.
  LogTaken taken_;
  int64_t record_taken_us_ = 0;  // Our clock at the start or the last record.
  std::string bus_id_;
  std::shared_ptr<const evidence::DirectoryView> directory_;
  uint64_t cosigned_size_ = 0;
  // What was told of the broker's faults since the start, each once.
  std::set<std::string> told_;
  // For which trust and how many certificates JudgeCertificates was done.
  uint64_t judged_generation_ = 0;
  size_t judged_certificates_ = 0;
  mutable std::mutex mutex_;
  FollowStatus status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_FOLLOWER_H_
