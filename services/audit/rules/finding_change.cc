#include "services/audit/rules/finding_change.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "common/agency/time_proto.h"
#include "common/crypto/sha256.h"

namespace waystation::audit {
namespace {

constexpr size_t kIdBytes = 8;

void SetTime(int64_t time_us, google::protobuf::Timestamp* out) {
  *out = agency::ToProtoTime(absl::FromUnixMicros(time_us));
}

void AddParties(const std::vector<std::string>& parties, v1::Finding* finding) {
  std::vector<std::string> all(finding->parties().begin(), finding->parties().end());
  for (const std::string& party : parties) {
    // A refused peer may be no more than an address.
    if (absl::StartsWith(party, "spiffe://")) all.push_back(party);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  finding->mutable_parties()->Assign(all.begin(), all.end());
}

// Records are followed in order, so what is new is greater than what is there;
// anything else was counted before.
void AddSequences(const FindingChange& change, v1::Finding* finding) {
  const uint64_t last = finding->sequences().empty() ? 0 : *std::prev(finding->sequences().end());
  uint64_t fresh = 0;
  for (uint64_t sequence : change.sequences) {
    if (sequence <= last) continue;
    ++fresh;
    if (static_cast<size_t>(finding->sequences_size()) < kSequencesMax) {
      finding->add_sequences(sequence);
    }
  }
  const uint64_t more = change.sequence_count > change.sequences.size()
                            ? change.sequence_count - change.sequences.size()
                            : 0;
  finding->set_sequence_count(finding->sequence_count() + fresh + more);
}

void Open(const Rules& rules, const FindingChange& change, v1::Finding* finding) {
  const v1::RuleRow& row = rules[change.rule];
  finding->set_finding_id(FindingId(change.rule, change.subject));
  finding->set_rule_id(row.id());
  finding->set_severity(row.severity());
  finding->set_title(row.title());
  finding->set_citation(row.citation());
  finding->set_referral_id(change.referral_id);
  finding->set_state(v1::FINDING_STATE_OPEN);
  SetTime(change.time_us, finding->mutable_opened_time());
  SetTime(change.time_us + rules.ActWithinUs(change.rule), finding->mutable_act_by_time());
  if (!finding->has_closing()) return;
  finding->mutable_former_closings()->Add(std::move(*finding->mutable_closing()));
  finding->clear_closing();
  const int above = finding->former_closings_size() - kFormerClosingsMax;
  if (above > 0) finding->mutable_former_closings()->DeleteSubrange(0, above);
}

}  // namespace

std::string FindingId(Rule rule, std::string_view subject) {
  crypto::Sha256Hasher hasher;
  hasher.Update(RuleName(rule));
  hasher.Update(std::string_view("\0", 1));
  hasher.Update(subject);
  return crypto::Hex(crypto::AsBytes(hasher.Finish()).substr(0, kIdBytes));
}

bool ApplyChange(const Rules& rules, const FindingChange& change, v1::Finding* finding) {
  const bool open = finding->state() == v1::FINDING_STATE_OPEN;
  if (change.kind == FindingChange::Kind::kEnd) {
    if (!open) return false;
    finding->set_state(v1::FINDING_STATE_CLOSED);
    finding->mutable_closing()->set_reason(change.detail);
    SetTime(change.time_us, finding->mutable_closing()->mutable_time());
  } else {
    if (!open) Open(rules, change, finding);
    finding->set_detail(change.detail.substr(0, kDetailBytesMax));
    AddParties(change.parties, finding);
  }
  AddSequences(change, finding);
  SetTime(change.time_us, finding->mutable_changed_time());
  return true;
}

}  // namespace waystation::audit
