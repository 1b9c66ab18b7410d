#include "services/ins/notices.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "common/agency/automatic.h"
#include "common/agency/compliance.h"
#include "common/agency/fields.h"
#include "common/agency/handoff.h"
#include "common/agency/identity_text.h"
#include "common/casework/case_table.h"
#include "common/casework/sending.h"
#include "common/log/log.h"
#include "common/procedures/hhs.h"
#include "common/status/status.h"
#include "common/statute/continued_presence.h"
#include "services/ins/petition_law.h"
#include "services/ins/register.h"
#include "waystation/audit/v1/compliance.pb.h"
#include "waystation/hhs/v1/notices.pb.h"

namespace waystation::ins {
namespace {

using agency::DayOf;
using agency::Officer;
using agency::ToDate;
using agency::Tx;
using hhs::v1::StatusNotice;
using record::StoredPresence;

constexpr std::string_view kCitation = "TVPA 107(b)(1)(E)(i)(II), 22 U.S.C. 7105(b)(1)(E)(i)(II)";
constexpr std::string_view kCorrection =
    "the bus refused the decision that this notice told of, so the presence stands as the next "
    "notice says";
constexpr int kMostAtOnce = 100;

// Due at once, whatever the day.
constexpr absl::CivilDay kLongAgo(1970, 1, 1);

Officer ByRule(std::string_view title) {
  return agency::Automatic("Immigration and Naturalization Service", title, kAdjudicator);
}

// Whether a renewal begins before the presence that it renews has run out.
bool FollowsOn(const StoredPresence& prior, const StoredPresence& renewal) {
  return StoredDay(renewal.presence().effective_date()) <=
         StoredDay(prior.presence().expires_on()) + 1;
}

absl::StatusOr<StoredPresence> FirstOf(StoredPresence one, Register& reg) {
  while (!one.presence().renews_presence_id().empty()) {
    WS_ASSIGN_OR_RETURN(StoredPresence prior, reg.GetPresence(one.presence().renews_presence_id()));
    if (!FollowsOn(prior, one)) break;
    one = std::move(prior);
  }
  return one;
}

absl::StatusOr<StoredPresence> LatestOf(StoredPresence one, Register& reg) {
  while (!one.renewed_by().empty()) {
    WS_ASSIGN_OR_RETURN(StoredPresence renewal, reg.GetPresence(one.renewed_by()));
    if (!FollowsOn(one, renewal)) break;
    one = std::move(renewal);
  }
  return one;
}

// What HHS should know under one reference.
struct Standing {
  std::string person;
  StatusNotice notice;
};

// A presence that was told of and is in the register no more was never granted.
absl::StatusOr<Standing> Undone(const std::string& reference, absl::Status unknown, Tx& tx) {
  WS_ASSIGN_OR_RETURN(std::optional<Register::Told> told, Register(tx.db()).FindTold(reference));
  if (!told.has_value()) return unknown;
  Standing standing;
  standing.person = told->person;
  standing.notice.set_reference(reference);
  standing.notice.set_event(hhs::v1::STATUS_EVENT_PRESENCE_ENDED);
  *standing.notice.mutable_event_on() = ToDate(DayOf(tx.now()));
  return standing;
}

// Errors: NOT_FOUND (PRESENCE_UNKNOWN).
absl::StatusOr<Standing> StandingOf(const std::string& reference, Tx& tx) {
  Register reg(tx.db());
  absl::StatusOr<StoredPresence> first = reg.GetPresence(reference);
  if (absl::IsNotFound(first.status())) return Undone(reference, first.status(), tx);
  WS_RETURN_IF_ERROR(first.status());
  WS_ASSIGN_OR_RETURN(StoredPresence latest, LatestOf(*first, reg));
  const absl::CivilDay today = DayOf(tx.now());
  const absl::CivilDay last_day = StoredDay(latest.presence().expires_on());
  Standing standing;
  standing.person = latest.presence().person();
  StatusNotice& notice = standing.notice;
  notice.set_reference(reference);
  if (latest.ended() || last_day < today) {
    notice.set_event(hhs::v1::STATUS_EVENT_PRESENCE_ENDED);
    // The first day without it.
    *notice.mutable_event_on() = ToDate(last_day + 1);
  } else {
    notice.set_event(hhs::v1::STATUS_EVENT_PRESENCE_GRANTED);
    *notice.mutable_event_on() =
        ToDate(std::max(today, StoredDay(first->presence().effective_date())));
    *notice.mutable_expires_on() = ToDate(last_day);
  }
  WS_ASSIGN_OR_RETURN(record::StoredPetition petition,
                      reg.GetPetition(latest.presence().referral_id()));
  if (petition.petition().content().has_age()) {
    *notice.mutable_age() = petition.petition().content().age();
  }
  return standing;
}

class StatusNotices : public casework::Procedure {
 public:
  StatusNotices() : Procedure(procedures::StatusNotice()) {}

  absl::Status CheckOpen(const casework::Case& one, Tx& tx) const override {
    WS_RETURN_IF_ERROR(
        statute::CheckAdjudicates(one.referral.from_unit(), std::string(kAdjudicator)));
    const auto& body = casework::Body<StatusNotice>(one.request);
    WS_ASSIGN_OR_RETURN(Standing standing, StandingOf(body.reference(), tx));
    const StatusNotice& want = standing.notice;
    if (one.person() == standing.person && body.SerializeAsString() == want.SerializeAsString()) {
      return absl::OkStatus();
    }
    return agency::BadField("body", "not what the register says", StatusEvent_Name(body.event()),
                            absl::StrCat(StatusEvent_Name(want.event()), " on ",
                                         statute::DayText(StoredDay(want.event_on()))));
  }

  // That HHS recorded it nobody need read. A return stays in the inbox, because then
  // it is not recorded.
  absl::Status OnEnded(const casework::Case& one, const google::protobuf::Message* answer,
                       Tx& tx) const override {
    return answer == nullptr ? absl::OkStatus() : tx.MarkRead(one.id());
  }
};

bool IsHhsOnTheBus(Tx& tx) {
  const evidence::DirectoryView* directory = tx.directory();
  if (directory == nullptr) return false;
  const auto& identities = directory->directory().identities();
  return std::any_of(identities.begin(), identities.end(), [](const bus::v1::Identity& one) {
    return agency::AgencyOf(one.identity()) == procedures::TargetOf(procedures::StatusNotice());
  });
}

// The auditor hears that a letter is due, or is no more.
absl::Status Report(const StatusNotice& notice, const std::string& referral_id, Tx& tx) {
  audit::v1::ComplianceEvent event;
  audit::v1::CertificationStanding& standing = *event.mutable_certification();
  standing.set_reference(notice.reference());
  standing.set_stage(notice.event() == hhs::v1::STATUS_EVENT_PRESENCE_GRANTED
                         ? audit::v1::CERTIFICATION_STAGE_NOTICE_GIVEN
                         : audit::v1::CERTIFICATION_STAGE_BASIS_ENDED);
  standing.set_referral_id(referral_id);
  return agency::Report(std::move(event), tx);
}

absl::Status Tell(const std::string& reference, const Officer& official, Tx& tx) {
  if (!IsHhsOnTheBus(tx)) return absl::OkStatus();
  static const StatusNotices procedure;
  WS_ASSIGN_OR_RETURN(Standing standing, StandingOf(reference, tx));
  casework::Ask ask{std::string(kAdjudicator),
                    std::string(procedures::kOrr),
                    standing.person,
                    &standing.notice,
                    {official},
                    {}};
  ask.basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
  ask.basis.set_citation(std::string(kCitation));
  WS_ASSIGN_OR_RETURN(std::string referral_id, casework::SendAsk(procedure, ask, tx));
  WS_RETURN_IF_ERROR(Report(standing.notice, referral_id, tx));
  Register::Told told{reference, standing.person, referral_id, std::nullopt};
  if (standing.notice.has_expires_on()) told.last_day = StoredDay(standing.notice.expires_on());
  return Register(tx.db()).SaveTold(told);
}

// An entry in error on the notice's own referral: there it says why.
absl::Status Withdraw(const Register::Told& told, const Officer& official, Tx& tx) {
  const auto in_error = types::v1::TRANSITION_ENTERED_IN_ERROR;
  WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(told.referral_id));
  // One that the bus refused is not there to be withdrawn.
  if (!agency::MayStep(view.state, in_error, view.we_are_target)) return absl::OkStatus();
  casework::CaseTable cases(tx.db());
  WS_ASSIGN_OR_RETURN(casework::record::StoredReferral stored, cases.Get(told.referral_id));
  agency::CaseContent content = casework::ReplyContent(stored, {official});
  content.set_reason_text(std::string(kCorrection));
  WS_RETURN_IF_ERROR(tx.SendTransition(told.referral_id, in_error, content).status());
  stored.mutable_referral()->set_reason_text(std::string(kCorrection));
  *stored.mutable_referral()->add_ended_by() = official;
  return cases.Save(stored);
}

}  // namespace

std::unique_ptr<casework::Procedure> MakeStatusNotices() {
  return std::make_unique<StatusNotices>();
}

absl::StatusOr<std::string> ReferenceOf(const StoredPresence& stored, Tx& tx) {
  Register reg(tx.db());
  WS_ASSIGN_OR_RETURN(StoredPresence first, FirstOf(stored, reg));
  return first.presence().presence_id();
}

absl::Status TellHhs(const StoredPresence& stored, const Officer& official, Tx& tx) {
  WS_ASSIGN_OR_RETURN(std::string reference, ReferenceOf(stored, tx));
  WS_RETURN_IF_ERROR(Tell(reference, official, tx));
  if (stored.renewed_by().empty()) return absl::OkStatus();
  // An early end may leave a gap before the renewal, which then stands by itself.
  WS_ASSIGN_OR_RETURN(StoredPresence renewal, Register(tx.db()).GetPresence(stored.renewed_by()));
  WS_ASSIGN_OR_RETURN(std::string own, ReferenceOf(renewal, tx));
  return own == reference ? absl::OkStatus() : Tell(own, official, tx);
}

absl::Status CorrectHhs(const std::string& reference, Tx& tx) {
  Register reg(tx.db());
  WS_ASSIGN_OR_RETURN(std::optional<Register::Told> told, reg.FindTold(reference));
  if (!told.has_value()) return absl::OkStatus();
  const Officer official = ByRule("Correction of a notice");
  absl::Status corrected = tx.db().Savepoint([&]() -> absl::Status {
    WS_RETURN_IF_ERROR(Withdraw(*told, official, tx));
    return Tell(reference, official, tx);
  });
  if (corrected.ok()) return absl::OkStatus();
  log::Warning("ins", "hhs_not_corrected", {{"reason", ReasonOf(corrected)}});
  told->last_day = kLongAgo;
  return reg.SaveTold(*told);
}

absl::StatusOr<bool> IsHhsDue(Tx& tx) {
  if (!IsHhsOnTheBus(tx)) return false;
  WS_ASSIGN_OR_RETURN(auto due, Register(tx.db()).ToldBefore(DayOf(tx.now()), 1));
  return !due.empty();
}

absl::Status TellWhatIsDue(Tx& tx) {
  const Officer official = ByRule("Notice that the last day has passed");
  WS_ASSIGN_OR_RETURN(auto due, Register(tx.db()).ToldBefore(DayOf(tx.now()), kMostAtOnce));
  for (const Register::Told& told : due) {
    // One that cannot be sent must not keep the others.
    absl::Status sent = tx.db().Savepoint([&] { return Tell(told.reference, official, tx); });
    if (!sent.ok()) log::Warning("ins", "hhs_not_told", {{"reason", ReasonOf(sent)}});
  }
  return absl::OkStatus();
}

}  // namespace waystation::ins
