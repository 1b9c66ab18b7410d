#include "services/audit/rules/compliance_watch.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/agency/time_proto.h"
#include "common/crypto/sha256.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

using v1::CapRow;
using v1::CertificationRow;
using v1::DutyRow;

// Of what is asked of whom: keys are stored in clear, and say nothing. Neither
// identities nor handles have a line feed.
template <typename... Parts>
std::string KeyOf(const Parts&... parts) {
  std::string joined;
  (absl::StrAppend(&joined, parts, "\n"), ...);
  return std::string(crypto::AsBytes(crypto::Sha256(joined)));
}

std::string Day(int64_t time_us) {
  return absl::FormatTime("%Y-%m-%d", absl::FromUnixMicros(time_us), absl::UTCTimeZone());
}

// Until the adjudicator says otherwise, HHS's word that a notice is there is enough.
bool IsDue(const CertificationRow& row) {
  if (row.settled()) return false;
  return row.basis_known() ? row.basis_holds() : row.filed();
}

struct CapRule {
  Rule rule;
  bool found;  // By what was said last.
};

std::array<CapRule, 3> CapRulesOf(const CapRow& row, uint32_t near_percent) {
  // 128 bits: a limit of any size times a hundred.
  const bool near = absl::uint128(row.used()) * 100 >= absl::uint128(row.limit()) * near_percent;
  return {{{Rule::kCapNear, near && row.used() < row.limit()},
           {Rule::kCapReached, row.used() == row.limit()},
           {Rule::kCapExceeded, row.used() > row.limit()}}};
}

}  // namespace

void ComplianceWatch::OnEvent(const v1::ComplianceEvent& event, const EventPlace& place,
                              Conclusions* out) {
  switch (event.standing_case()) {
    case v1::ComplianceEvent::kDuties:
      return OnDuties(event.duties(), place, out);
    case v1::ComplianceEvent::kCertification:
      return OnCertification(event.certification(), place, out);
    case v1::ComplianceEvent::kCap:
      return OnCap(event.cap(), place, out);
    default:
      return;
  }
}

void ComplianceWatch::OnDuties(const v1::DutyStanding& duties, const EventPlace& place,
                               Conclusions* out) {
  const std::string key = KeyOf("duties", place.sender, duties.person());
  DutyRow& row = duties_.Change(key);
  if (row.place() >= place.place) return;
  const bool was_open = !row.open().empty();
  row.set_place(place.place);
  row.set_agency(place.sender);
  row.set_person(duties.person());
  row.set_unit(duties.unit());
  row.set_sequence(place.sequence);
  *row.mutable_open() = duties.open();
  if (duties.open().empty()) {
    if (row.found()) {
      out->End(Rule::kDutyMissing, key, place.time_us, "ended by the agency: no duty is open",
               place.sequence);
    }
    row.set_found(false);
    return duty_timers_.Set(key, Timers::kNever);
  }
  // Nobody gains time by saying it again, or by a clock that is ahead.
  const int64_t said_us = absl::ToUnixMicros(agency::FromProtoTime(duties.since()));
  const int64_t since_us = std::min(said_us, place.time_us);
  row.set_since_us(was_open ? std::min(since_us, row.since_us()) : since_us);
  if (row.found()) return RaiseDuties(key, place.time_us, out);
  duty_timers_.Set(key, row.since_us() + rules_.AfterUs(Rule::kDutyMissing));
}

void ComplianceWatch::RaiseDuties(const std::string& key, int64_t now_us, Conclusions* out) {
  DutyRow& row = duties_.Change(key);
  row.set_found(true);
  FindingChange change{.rule = Rule::kDutyMissing,
                       .subject = key,
                       .time_us = now_us,
                       .parties = {row.agency()},
                       .sequences = {row.sequence()}};
  change.detail = absl::StrCat(row.person(), " at ", row.unit(), ", since ", Day(row.since_us()),
                               ", ", row.open_size(), " open:");
  for (const v1::OpenDuty& duty : row.open()) {
    absl::StrAppend(&change.detail, " ", duty.citation(), ";");
  }
  out->Raise(std::move(change));
}

void ComplianceWatch::OnCertification(const v1::CertificationStanding& said,
                                      const EventPlace& place, Conclusions* out) {
  const std::string key = KeyOf("certification", said.reference());
  CertificationRow& row = certifications_.Change(key);
  const bool by_adjudicator = said.stage() == v1::CERTIFICATION_STAGE_NOTICE_GIVEN ||
                              said.stage() == v1::CERTIFICATION_STAGE_BASIS_ENDED;
  if ((by_adjudicator ? row.adjudicator_place() : row.hhs_place()) >= place.place) return;
  row.set_reference(said.reference());
  const bool was_due = IsDue(row);
  if (by_adjudicator) {
    row.set_adjudicator_place(place.place);
    row.set_adjudicator(place.sender);
    row.set_basis_known(true);
    row.set_basis_holds(said.stage() == v1::CERTIFICATION_STAGE_NOTICE_GIVEN);
    if (!said.referral_id().empty()) row.set_referral_id(said.referral_id());
  } else {
    row.set_hhs_place(place.place);
    row.set_hhs(place.sender);
    row.set_filed(true);
    row.set_settled(said.stage() != v1::CERTIFICATION_STAGE_NOTICE_FILED);
    row.set_waits_for(said.waits_for());
  }
  row.set_sequence(place.sequence);
  if (!IsDue(row)) {
    if (row.found()) {
      out->End(Rule::kCertificationMissing, key, place.time_us,
               row.settled() ? "ended by HHS: a letter is issued, or none is needed"
                             : "ended by the adjudicator: the basis has ended",
               place.sequence);
      row.set_found(false);
    }
    return certification_timers_.Set(key, Timers::kNever);
  }
  if (!was_due) row.set_since_us(place.time_us);
  if (row.found()) return RaiseCertification(key, place.time_us, out);
  certification_timers_.Set(key, row.since_us() + rules_.AfterUs(Rule::kCertificationMissing));
}

void ComplianceWatch::RaiseCertification(const std::string& key, int64_t now_us, Conclusions* out) {
  CertificationRow& row = certifications_.Change(key);
  row.set_found(true);
  FindingChange change{.rule = Rule::kCertificationMissing,
                       .subject = key,
                       .time_us = now_us,
                       .referral_id = row.referral_id(),
                       .sequences = {row.sequence()}};
  for (const std::string* party : {&row.adjudicator(), &row.hhs()}) {
    if (!party->empty()) change.parties.push_back(*party);
  }
  change.detail =
      absl::StrCat("presence ", row.reference(), ", notice of ", Day(row.since_us()), "; ");
  if (!row.filed()) {
    absl::StrAppend(&change.detail, "HHS has not said that the notice is there");
  } else if (row.waits_for().empty()) {
    absl::StrAppend(&change.detail, "nobody holds the next move");
  } else {
    absl::StrAppend(&change.detail, "the next move is with ", row.waits_for());
  }
  out->Raise(std::move(change));
}

void ComplianceWatch::OnCap(const v1::CapStanding& cap, const EventPlace& place, Conclusions* out) {
  const std::string key = KeyOf("cap", place.sender, cap.what(), cap.fiscal_year());
  const uint32_t near_percent = rules_[Rule::kCapNear].percent();
  CapRow& row = caps_.Change(key);
  if (row.place() >= place.place) return;
  row.set_place(place.place);
  const auto before = CapRulesOf(row, near_percent);
  const bool fresh = row.limit() == 0;
  row.set_used(cap.used());
  row.set_limit(cap.limit());
  const auto after = CapRulesOf(row, near_percent);
  for (size_t i = 0; i < after.size(); ++i) {
    if (after[i].found) {
      out->Raise(
          {.rule = after[i].rule,
           .subject = key,
           .time_us = place.time_us,
           .parties = {place.sender},
           .sequences = {place.sequence},
           .detail = absl::StrCat(cap.what(), ", fiscal year ", cap.fiscal_year(), ": ", cap.used(),
                                  " of ", cap.limit(), " (", cap.citation(), ")")});
    } else if (!fresh && before[i].found) {
      out->End(after[i].rule, key, place.time_us,
               absl::StrCat("ended by the agency: ", cap.used(), " of ", cap.limit()),
               place.sequence);
    }
  }
}

void ComplianceWatch::OnTime(int64_t now_us, Conclusions* out) {
  for (const std::string& key : duty_timers_.TakeDue(now_us)) RaiseDuties(key, now_us, out);
  for (const std::string& key : certification_timers_.TakeDue(now_us)) {
    RaiseCertification(key, now_us, out);
  }
}

void ComplianceWatch::TakeChanges(std::vector<RowChange>* out) {
  duties_.TakeChanges(out);
  certifications_.TakeChanges(out);
  caps_.TakeChanges(out);
}

absl::Status ComplianceWatch::Restore(RowKind kind, const std::string& key,
                                      const std::string& bytes) {
  if (kind == RowKind::kCap) return caps_.Restore(key, bytes);
  if (kind == RowKind::kDuties) {
    WS_RETURN_IF_ERROR(duties_.Restore(key, bytes));
    const DutyRow& row = *duties_.Find(key);
    if (!row.open().empty() && !row.found()) {
      duty_timers_.Set(key, row.since_us() + rules_.AfterUs(Rule::kDutyMissing));
    }
    return absl::OkStatus();
  }
  WS_RETURN_IF_ERROR(certifications_.Restore(key, bytes));
  const CertificationRow& row = *certifications_.Find(key);
  if (IsDue(row) && !row.found()) {
    certification_timers_.Set(key, row.since_us() + rules_.AfterUs(Rule::kCertificationMissing));
  }
  return absl::OkStatus();
}

}  // namespace waystation::audit
