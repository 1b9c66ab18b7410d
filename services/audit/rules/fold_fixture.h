#ifndef WAYSTATION_SERVICES_AUDIT_RULES_FOLD_FIXTURE_H_
#define WAYSTATION_SERVICES_AUDIT_RULES_FOLD_FIXTURE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/audit/rules/audit_fold.h"

namespace waystation::audit {

inline constexpr int64_t kSecond = 1'000'000;
inline constexpr int64_t kHour = 3600 * kSecond;
inline constexpr int64_t kDay = 24 * kHour;
inline constexpr char kDoj[] = "spiffe://waystation.example/agency/doj";
inline constexpr char kIns[] = "spiffe://waystation.example/agency/ins";
inline constexpr char kBroker[] = "spiffe://waystation.example/broker/1";

// A record that a test writes and the fold follows, and the findings as they then
// stand. Time is the journal's; the auditor's clock agrees unless a test says
// otherwise.
class FoldTest : public testing::Test {
 protected:
  FoldTest() : fold_(std::make_unique<AuditFold>(Rules::Default())) {
    journal::v1::Record opened;
    opened.mutable_epoch_opened()->set_broker(kBroker);
    Take(std::move(opened));
  }

  // Appends a record now; returns its sequence.
  uint64_t Take(journal::v1::Record record, const bus::v1::Header* header = nullptr,
                std::optional<KnownMessage> known = std::nullopt) {
    record.set_sequence(++sequence_);
    record.set_time_us(now_us_);
    fold_->Apply(record, header, {now_us_ + clock_offset_us_, std::move(known)});
    Keep();
    return sequence_;
  }

  bus::v1::Header Step(const std::string& source, const std::string& recipient,
                       types::v1::Transition transition, uint64_t version) const {
    bus::v1::Header header;
    header.set_source(source);
    header.add_recipients(recipient);
    header.mutable_time()->set_seconds(now_us_ / kSecond);
    header.mutable_referral()->set_referral_id(referral_);
    header.mutable_referral()->set_transition(transition);
    header.mutable_referral()->set_expected_version(version);
    return header;
  }
  uint64_t Accept(const bus::v1::Header& header) {
    journal::v1::Record record;
    record.mutable_accepted()->set_certificate_sha256(std::string(32, 'c'));
    return Take(std::move(record), &header);
  }
  // DOJ asks INS; due `due_in_us` from now, or no due time.
  uint64_t Request(int64_t due_in_us = 0) {
    bus::v1::Header header = Step(kDoj, kIns, types::v1::TRANSITION_REQUEST, 0);
    if (due_in_us != 0) {
      header.mutable_referral()->mutable_due_time()->set_seconds((now_us_ + due_in_us) / kSecond);
    }
    return Accept(header);
  }
  uint64_t Lease(uint64_t message, const std::string& queue = kIns) {
    journal::v1::Record record;
    record.mutable_leased()->set_queue(queue);
    record.mutable_leased()->add_sequences(message);
    return Take(std::move(record));
  }
  uint64_t Deliver(uint64_t message, const std::string& queue = kIns) {
    journal::v1::Record record;
    record.mutable_delivered()->set_queue(queue);
    record.mutable_delivered()->add_sequences(message);
    return Take(std::move(record));
  }
  uint64_t GiveBack(uint64_t message, int64_t retry_us, const std::string& reason = "BUSY") {
    journal::v1::Record record;
    record.mutable_given_back()->set_queue(kIns);
    record.mutable_given_back()->add_sequences(message);
    record.mutable_given_back()->add_retry_us(retry_us);
    record.mutable_given_back()->set_reason(reason);
    return Take(std::move(record));
  }
  uint64_t Refuse(const std::string& peer, const std::string& stage, const std::string& reason,
                  uint32_t count = 1, const std::string& text = "",
                  std::optional<KnownMessage> known = std::nullopt) {
    journal::v1::Record record;
    record.mutable_refused()->set_peer(peer);
    record.mutable_refused()->set_stage(stage);
    record.mutable_refused()->set_reason(reason);
    record.mutable_refused()->set_count(count);
    record.mutable_refused()->set_text(text);
    return Take(std::move(record), nullptr, std::move(known));
  }

  // Time goes on.
  void Pass(int64_t us) {
    now_us_ += us;
    fold_->OnTime(now_us_);
    Keep();
  }

  // Ends the process between two steps: the fold comes back from its rows.
  void Restart() {
    fold_ = std::make_unique<AuditFold>(Rules::Default());
    for (const auto& [key, bytes] : rows_) {
      ASSERT_TRUE(fold_->Restore({key.first, key.second, bytes}).ok());
    }
  }

  void Keep() {
    FoldChanges changes = fold_->TakeChanges();
    for (RowChange& row : changes.rows) {
      if (row.bytes.has_value()) rows_[{row.kind, row.key}] = *row.bytes;
      if (!row.bytes.has_value()) rows_.erase({row.kind, row.key});
    }
    for (const FindingChange& change : changes.findings) {
      v1::Finding& finding = findings_[FindingId(change.rule, change.subject)];
      if (!ApplyChange(fold_->rules(), change, &finding)) ++idle_changes_;
      if (finding.finding_id().empty()) findings_.erase(FindingId(change.rule, change.subject));
    }
  }

  // The open findings of a rule.
  std::vector<v1::Finding> Open(Rule rule) const { return Of(rule, v1::FINDING_STATE_OPEN); }
  std::vector<v1::Finding> Closed(Rule rule) const { return Of(rule, v1::FINDING_STATE_CLOSED); }
  std::vector<v1::Finding> Of(Rule rule, v1::FindingState state) const {
    std::vector<v1::Finding> found;
    for (const auto& [id, finding] : findings_) {
      if (finding.rule_id() == RuleName(rule) && finding.state() == state) {
        found.push_back(finding);
      }
    }
    return found;
  }
  size_t OpenCount() const {
    size_t count = 0;
    for (const auto& [id, finding] : findings_) {
      count += finding.state() == v1::FINDING_STATE_OPEN ? 1 : 0;
    }
    return count;
  }
  static std::vector<std::string> Parties(const v1::Finding& finding) {
    return {finding.parties().begin(), finding.parties().end()};
  }
  static std::vector<uint64_t> Proof(const v1::Finding& finding) {
    return {finding.sequences().begin(), finding.sequences().end()};
  }

  std::unique_ptr<AuditFold> fold_;
  int64_t now_us_ = 1'000'000'000 * kSecond;
  int64_t clock_offset_us_ = 0;
  uint64_t sequence_ = 0;
  int idle_changes_ = 0;
  std::string referral_ = std::string(16, 'r');
  std::map<std::pair<RowKind, std::string>, std::string> rows_;
  std::map<std::string, v1::Finding> findings_;
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_RULES_FOLD_FIXTURE_H_
