#include "services/audit/rules/refusal_watch.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

using journal::v1::Refused;
using v1::RefusalRow;

constexpr size_t kUuidChars = 36;

// Somebody who may not, or is not who he says; not a program that errs in form.
bool IsAttempt(const Refused& refused) {
  constexpr std::array<std::string_view, 4> kReasons = {"SOURCE_MISMATCH", "POLICY_DENIED",
                                                        "SIGNATURE_INVALID", "BATCH_PATH_INVALID"};
  if (refused.stage() == "handshake" || refused.stage() == "call") return true;
  return absl::StartsWith(refused.reason(), "CERTIFICATE_") ||
         std::find(kReasons.begin(), kReasons.end(), refused.reason()) != kReasons.end();
}

std::string KeyOf(Rule rule, std::string_view peer) {
  return absl::StrCat(Absl(RuleName(rule)), " ", Absl(peer));
}

}  // namespace

bool IsMismatchedStep(const Refused& refused) {
  constexpr std::array<std::string_view, 3> kReasons = {"ILLEGAL_TRANSITION", "STALE_VERSION",
                                                        "NOT_A_PARTY"};
  return refused.stage() == "publish" &&
         std::find(kReasons.begin(), kReasons.end(), refused.reason()) != kReasons.end();
}

bool IsContentChanged(const Refused& refused) { return refused.reason() == "CONTENT_CHANGED"; }

std::string MessageIdIn(std::string_view text) {
  for (size_t at = text.find('"'); at != std::string_view::npos; at = text.find('"', at + 1)) {
    const std::string_view quoted = text.substr(at + 1, kUuidChars);
    if (text.substr(at + 1 + quoted.size(), 1) == "\"" && ParseUuid(quoted).has_value()) {
      return std::string(quoted);
    }
  }
  return "";
}

void RefusalWatch::OnRefused(const Refused& refused, const std::optional<KnownMessage>& known,
                             uint64_t sequence, int64_t time_us, Conclusions* out) {
  if (IsContentChanged(refused)) {
    RaiseContentChanged(refused, known, sequence, time_us, out);
  } else if (IsMismatchedStep(refused)) {
    Count(Rule::kMismatchedStep, refused, sequence, time_us, out);
  } else if (IsAttempt(refused)) {
    Count(Rule::kRefusedAttempts, refused, sequence, time_us, out);
  }
}

void RefusalWatch::Count(Rule rule, const Refused& refused, uint64_t sequence, int64_t time_us,
                         Conclusions* out) {
  const std::string key = KeyOf(rule, refused.peer());
  RefusalRow& row = rows_.Change(key);
  auto& hits = *row.mutable_hits();
  while (!hits.empty() && hits[0].time_us() + rules_.WithinUs(rule) <= time_us) {
    hits.erase(hits.begin());
  }
  v1::RefusalHit& hit = *row.add_hits();
  hit.set_time_us(time_us);
  hit.set_sequence(sequence);
  hit.set_count(refused.count());
  uint64_t total = 0;
  for (const v1::RefusalHit& one : hits) total += one.count();
  if (total < rules_[rule].count()) {
    return timers_.Set(key, time_us + rules_.WithinUs(rule));
  }
  FindingChange change{
      .rule = rule, .subject = refused.peer(), .time_us = time_us, .parties = {refused.peer()}};
  for (const v1::RefusalHit& one : hits) change.sequences.push_back(one.sequence());
  change.detail = absl::StrCat(total, " of ", Quoted(refused.peer()), ", last ", refused.stage(),
                               " ", refused.reason());
  out->Raise(std::move(change));
  // The next finding takes as many again.
  timers_.Set(key, Timers::kNever);
  rows_.Erase(key);
}

void RefusalWatch::RaiseContentChanged(const Refused& refused,
                                       const std::optional<KnownMessage>& known, uint64_t sequence,
                                       int64_t time_us, Conclusions* out) {
  FindingChange change{.rule = Rule::kContentChanged,
                       .subject = refused.peer(),
                       .time_us = time_us,
                       .parties = {refused.peer()},
                       .sequences = {sequence},
                       .detail = refused.text()};
  if (known.has_value()) {
    change.subject = MessageIdIn(refused.text());
    change.referral_id = known->referral_id;
    change.parties.push_back(known->source);
    change.parties.insert(change.parties.end(), known->recipients.begin(), known->recipients.end());
    change.sequences = {known->sequence, sequence};
  }
  out->Raise(std::move(change));
}

void RefusalWatch::OnTime(int64_t now_us) {
  for (const std::string& key : timers_.TakeDue(now_us)) rows_.Erase(key);
}

absl::Status RefusalWatch::Restore(const std::string& key, const std::string& bytes) {
  WS_RETURN_IF_ERROR(rows_.Restore(key, bytes));
  const RefusalRow& row = *rows_.Find(key);
  const Rule rule = absl::StartsWith(key, KeyOf(Rule::kMismatchedStep, ""))
                        ? Rule::kMismatchedStep
                        : Rule::kRefusedAttempts;
  const int64_t last = row.hits().empty() ? 0 : row.hits(row.hits_size() - 1).time_us();
  timers_.Set(key, last + rules_.WithinUs(rule));
  return absl::OkStatus();
}

}  // namespace waystation::audit
