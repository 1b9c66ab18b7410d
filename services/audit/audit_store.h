#ifndef WAYSTATION_SERVICES_AUDIT_AUDIT_STORE_H_
#define WAYSTATION_SERVICES_AUDIT_AUDIT_STORE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/store.h"
#include "services/audit/restored.h"
#include "services/audit/rules/audit_fold.h"
#include "services/audit/rules/log_check.h"
#include "waystation/audit/v1/compliance.pb.h"
#include "waystation/audit/v1/finding.pb.h"

namespace waystation::audit {

// How far the record was followed.
struct Followed {
  uint64_t sequence = 0;
  int64_t time_us = 0;
  std::string record_sha256{};  // Of the bytes of that record.
  std::string genesis{};        // The bytes of the first record.
};

// An event as it waits to be followed.
struct WaitingEvent {
  int64_t position = 0;
  v1::ComplianceEvent event{};
  EventPlace place{};
};

// What a referral is for, as its requester says.
struct ReferralProcedure {
  int64_t position = 0;  // In the order in which they were followed.
  std::string referral_id{};
  std::string procedure{};
};

// Everything that following some records, or a tick, changes: kept together or not
// at all.
struct Block {
  std::optional<Followed> followed{};
  // Index entries: message ids, and who signed what.
  std::vector<std::pair<std::string, KnownMessage>> messages{};
  std::vector<std::pair<std::string, uint64_t>> signatures{};  // Certificate, sequence.
  std::vector<ReferralProcedure> procedures{};                 // Without position.
  int64_t events_taken = 0;  // Waiting events up to this position were; 0: none.
  uint64_t log_begun = 0;    // The record of this log's first epoch, when it is among them.
  FoldChanges fold{};
  std::optional<LogChange> log{};
};

// Which findings; empty and 0 leave nothing out.
struct FindingQuery {
  std::string seen_by{};  // Only with this party among them: whose sight it is.
  std::string party{};
  std::string rule{};
  bool open_only = false;
  uint64_t changed_after = 0;
  uint64_t before = 0;  // Only positions below.
  int limit = 0;
};

// The auditor's database: how far it has followed, the folds that are open, the
// tree's edge, what a rule has to look up again, events and findings, sealed. The
// runtime's tables (common/agency) are in it too, so that an event and its receipt
// are one transaction.
//
// A `Keep` that has returned OK is on disk, whole. Thread-safe.
class AuditStore {
 public:
  // Errors: of agency::Store::Open; DATA_LOSS.
  static absl::StatusOr<std::unique_ptr<AuditStore>> Open(agency::Store::Options options,
                                                          Rules rules);

  // Before anything is loaded: which log is followed from now on.
  absl::StatusOr<LogTaken> TakeUpLog(std::string_view origin);
  // Whether steps on the record of that time may have been refused only because the
  // record went back and was not whole. The follower's alone.
  bool IsIncomplete(int64_t time_us) const;
  absl::StatusOr<Followed> LoadFollowed();
  absl::Status LoadFold(AuditFold* fold);
  // The place in the log, without the bus id.
  absl::StatusOr<LogPlace> LoadLog();

  // Keeps what a block changed. After an error nothing of it is kept, and what is in
  // memory is ahead of the disk: end the process.
  absl::Status Keep(const Block& block);

  // The message of that id, when it is on the record. Errors: DATA_LOSS.
  absl::StatusOr<std::optional<KnownMessage>> FindMessage(const std::string& message_id);
  // The first records that a certificate signed, and how many there are.
  absl::StatusOr<std::pair<std::vector<uint64_t>, uint64_t>> SignedBy(
      std::string_view certificate_sha256);

  // Keeps an event that came, inside the transaction that makes its receipt.
  static absl::Status AddEvent(agency::Transaction& tx, const std::string& message_id,
                               const v1::ComplianceEvent& event, const EventPlace& place);
  // Events whose message was followed on the record, in the order in which they
  // came, at most `limit`; none behind one that was not. Errors: DATA_LOSS.
  absl::StatusOr<std::vector<WaitingEvent>> WaitingEvents(int limit);

  // Procedures behind a position, at most `limit`. Errors: DATA_LOSS.
  absl::StatusOr<std::vector<ReferralProcedure>> ListProcedures(int64_t after, int limit);

  // Findings with their positions, newest opening first.
  absl::StatusOr<std::vector<std::pair<int64_t, v1::Finding>>> ListFindings(
      const FindingQuery& query);
  // Errors: NOT_FOUND (FINDING_UNKNOWN) none, or `seen_by` is no party to it.
  absl::StatusOr<v1::Finding> GetFinding(const std::string& id, const std::string& seen_by);
  // Changes a finding; an error of `edit` changes nothing and is returned.
  // Errors: as GetFinding.
  absl::StatusOr<v1::Finding> EditFinding(const std::string& id, const std::string& seen_by,
                                          const std::function<absl::Status(v1::Finding*)>& edit);
  absl::StatusOr<uint64_t> CountOpen();

  // Whether a finding changed since the last call; true at the first.
  bool TakeNews() { return news_.exchange(false); }

  // The database itself, for the runtime that keeps its mail in it.
  std::shared_ptr<agency::Store> database() { return store_; }

 private:
  AuditStore(std::shared_ptr<agency::Store> store, Rules rules)
      : store_(std::move(store)), rules_(std::move(rules)) {}

  absl::Status KeepBlock(agency::Transaction& tx, const Block& block);
  absl::Status KeepRestored(agency::Transaction& tx, const Block& block);
  absl::Status KeepFindings(agency::Transaction& tx, const std::vector<FindingChange>& changes);

  const std::shared_ptr<agency::Store> store_;
  const Rules rules_;
  std::atomic<bool> news_ = true;
  // Messages are lost, or may turn out to be. Changed by TakeUpLog and Keep alone,
  // which are the follower's.
  bool seeks_lost_ = false;
  LogTaken taken_{};
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_AUDIT_STORE_H_
