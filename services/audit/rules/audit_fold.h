#ifndef WAYSTATION_SERVICES_AUDIT_RULES_AUDIT_FOLD_H_
#define WAYSTATION_SERVICES_AUDIT_RULES_AUDIT_FOLD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/audit/rules/bus_watch.h"
#include "services/audit/rules/compliance_watch.h"
#include "services/audit/rules/delivery_watch.h"
#include "services/audit/rules/finding_change.h"
#include "services/audit/rules/referral_watch.h"
#include "services/audit/rules/refusal_watch.h"
#include "services/audit/rules/rows.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::audit {

// What a record needs from outside the fold.
struct RecordFacts {
  int64_t now_us = 0;                   // The auditor's clock when it came.
  std::optional<KnownMessage> known{};  // For IsContentChanged.
  // The record went back and messages are missing: a step that follows one of them is
  // refused until that is there, and nobody's fault.
  bool is_incomplete = false;
};

// A signature on a record: who signed with which certificate.
struct Signed {
  std::string certificate_sha256;
  std::string signer;
};

// What a step changed: rows to store, and what the rules conclude.
struct FoldChanges {
  std::vector<RowChange> rows;
  std::vector<FindingChange> findings;
};

// Every rule of the auditor as one fold over the record and over time: the same
// records, facts and times give the same conclusions.
//
//   AuditFold fold(rules);
//   fold.Apply(record, header, facts);
//   fold.OnTime(now_us);
//   store.Keep(fold.TakeChanges());
//
// Time goes on by `OnTime` alone, and only when everything up to then was applied:
// an answer that is on the record and not yet followed must not look overdue.
//
// Pure: no clock, no disk, no network. Thread-compatible.
class AuditFold {
 public:
  explicit AuditFold(Rules rules);
  AuditFold(const AuditFold&) = delete;
  AuditFold& operator=(const AuditFold&) = delete;

  // Follows a record; `header` is that of an accepted one, else null.
  void Apply(const journal::v1::Record& record, const bus::v1::Header* header,
             const RecordFacts& facts);
  // What an agency says of itself; its message is on the record that was followed.
  void OnEvent(const v1::ComplianceEvent& event, const EventPlace& place) {
    compliance_.OnEvent(event, place, &out_);
  }
  // Time that has passed. What is before the last call does nothing.
  void OnTime(int64_t now_us);

  // What was seen beside the record; see BusWatch.
  void OnLogSeen(const LogSeen& seen, int64_t now_us) { bus_.OnLogSeen(seen, now_us, &out_); }
  void OnNoLog(int64_t now_us) { bus_.OnNoLog(now_us, &out_); }
  void OnSplit(const std::string& detail, std::vector<uint64_t> sequences, int64_t now_us) {
    bus_.OnSplit(detail, std::move(sequences), now_us, &out_);
  }
  void OnInconsistent(const std::string& detail, std::vector<uint64_t> sequences, int64_t now_us) {
    bus_.OnInconsistent(detail, std::move(sequences), now_us, &out_);
  }
  void OnRevoked(const std::string& certificate_sha256, std::vector<uint64_t> sequences,
                 uint64_t count, int64_t now_us) {
    bus_.OnRevoked(certificate_sha256, std::move(sequences), count, now_us, &out_);
  }
  const std::map<std::string, v1::CertificateRow, std::less<>>& certificates() const {
    return bus_.certificates();
  }

  const Rules& rules() const { return rules_; }

  // What changed since the last call.
  FoldChanges TakeChanges();
  // Puts back a stored row, before anything else. Errors: DATA_LOSS.
  absl::Status Restore(const RowChange& row);

 private:
  const Rules rules_;
  ReferralWatch referrals_;
  DeliveryWatch deliveries_;
  RefusalWatch refusals_;
  BusWatch bus_;
  ComplianceWatch compliance_;
  Conclusions out_;
  int64_t time_us_ = 0;
};

// The signatures on a record, as it claims them; the broker has verified each.
std::vector<Signed> SignaturesOf(const journal::v1::Record& record, const bus::v1::Header* header,
                                 const std::string& broker);

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_RULES_AUDIT_FOLD_H_
