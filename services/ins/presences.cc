#include "services/ins/presences.h"

#include <algorithm>
#include <utility>

#include "common/agency/fields.h"
#include "common/agency/page.h"
#include "common/agency/time_proto.h"
#include "common/procedures/ins.h"
#include "common/status/status.h"
#include "common/statute/continued_presence.h"
#include "services/ins/notices.h"
#include "services/ins/petition_law.h"
#include "services/ins/register.h"

namespace waystation::ins {
namespace {

using agency::BadField;
using agency::CheckPerson;
using agency::CheckText;
using agency::CheckToken;
using agency::DayOf;
using agency::FillPage;
using agency::Officer;
using agency::PageAsked;
using agency::ReadPage;
using agency::TextLimits;
using agency::ToDay;
using agency::Tx;

constexpr TextLimits kReasonText{0, 4'000};
constexpr size_t kPresenceIdBytesMax = 64;
constexpr int kStatesMax = 5;
constexpr char kList = 'c';

bool SameDay(const types::v1::Date& a, const types::v1::Date& b) {
  return StoredDay(a) == StoredDay(b);
}

v1::PresenceState StateOf(const record::StoredPresence& stored, absl::CivilDay today) {
  const v1::Presence& presence = stored.presence();
  if (!stored.renewed_by().empty() && StoredDay(stored.renewed_from()) <= today) {
    return v1::PRESENCE_STATE_RENEWED;
  }
  if (stored.ended() || StoredDay(presence.expires_on()) < today) return v1::PRESENCE_STATE_ENDED;
  if (stored.has_end_proposal()) return v1::PRESENCE_STATE_END_PROPOSED;
  return today < StoredDay(presence.effective_date()) ? v1::PRESENCE_STATE_FUTURE
                                                      : v1::PRESENCE_STATE_ACTIVE;
}

absl::StatusOr<record::StoredPresence> Load(const Officer& officer, std::string_view presence_id,
                                            Tx& tx) {
  WS_RETURN_IF_ERROR(CheckAdjudicator(officer));
  WS_RETURN_IF_ERROR(CheckToken("presence_id", presence_id, kPresenceIdBytesMax, "-"));
  return Register(tx.db()).GetPresence(presence_id);
}

// A notice is a request to take note, and rests on the ground of the petition.
absl::Status Notify(const record::StoredPresence& stored, const Officer& officer,
                    const google::protobuf::Message& body, std::string_view procedure, Tx& tx) {
  Tx::Request request;
  request.target = stored.requester();
  request.procedure = std::string(procedure);
  agency::CaseContent& content = request.content;
  content.set_from_unit(stored.our_unit());
  content.set_to_unit(stored.presence().petitioner_unit());
  *content.add_officials() = officer;
  content.set_person(stored.presence().person());
  content.mutable_disclosure_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
  content.mutable_disclosure_basis()->set_citation(std::string(statute::kContinuedPresenceSection));
  content.mutable_body()->PackFrom(body);
  WS_ASSIGN_OR_RETURN(std::string referral_id, tx.SendRequest(request));
  return Register(tx.db()).AddNotice(referral_id, stored.presence().presence_id());
}

absl::Status CheckEndFields(const v1::EndPresenceRequest& request) {
  const v1::PresenceEndReason reason = request.reason();
  if (!v1::PresenceEndReason_IsValid(reason) || reason == v1::PRESENCE_END_REASON_UNSPECIFIED ||
      reason == v1::PRESENCE_END_REASON_EXPIRED) {
    return BadField("reason", "not a reason for an early end", absl::StrCat(reason),
                    "a known reason other than expired");
  }
  const bool other = reason == v1::PRESENCE_END_REASON_OTHER;
  return CheckText("reason_text", request.reason_text(),
                   {other ? size_t{1} : size_t{0}, kReasonText.most});
}

absl::Status CheckSecond(const record::EndProposal& proposal, const Officer& officer,
                         const v1::EndPresenceRequest& request) {
  WS_RETURN_IF_ERROR(
      statute::CheckTwoOfficials(proposal.proposed_by().staff_id(), officer.staff_id()));
  if (proposal.reason() == request.reason() && proposal.reason_text() == request.reason_text() &&
      SameDay(proposal.ended_on(), request.ended_on())) {
    return absl::OkStatus();
  }
  return Refusal(absl::StatusCode::kFailedPrecondition, "PROPOSAL_CHANGED",
                 Problem("presence", "reason or day differ from the first official's", "",
                         "the same reason, text and day"));
}

void Propose(const Officer& officer, const v1::EndPresenceRequest& request, absl::Time now,
             record::StoredPresence& stored) {
  record::EndProposal& proposal = *stored.mutable_end_proposal();
  proposal.set_reason(request.reason());
  proposal.set_reason_text(request.reason_text());
  *proposal.mutable_ended_on() = request.ended_on();
  *proposal.mutable_proposed_by() = officer;
  *proposal.mutable_proposed_at() = agency::ToProtoTime(now);
}

absl::Status CutWork(const types::v1::Date& ended_on, v1::Presence& presence) {
  if (!presence.has_work_authorization()) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(bool left,
                      procedures::CutWork(ended_on, *presence.mutable_work_authorization()));
  if (!left) presence.clear_work_authorization();
  return absl::OkStatus();
}

absl::Status End(const Officer& officer, record::StoredPresence& stored, Tx& tx) {
  const record::EndProposal& proposal = stored.end_proposal();
  v1::PresenceEndedNotice notice;
  notice.set_presence_id(stored.presence().presence_id());
  *notice.mutable_ended_on() = proposal.ended_on();
  notice.set_reason(proposal.reason());
  notice.set_reason_text(proposal.reason_text());
  *notice.add_officials() = proposal.proposed_by();
  *notice.add_officials() = officer;
  WS_RETURN_IF_ERROR(Notify(stored, officer, notice, "continued presence, ended", tx));
  v1::Presence& presence = *stored.mutable_presence();
  *presence.mutable_expires_on() = proposal.ended_on();
  presence.set_end_reason(proposal.reason());
  WS_RETURN_IF_ERROR(CutWork(proposal.ended_on(), presence));
  stored.set_ended(true);
  WS_RETURN_IF_ERROR(Register(tx.db()).SavePresence(stored));
  return TellHhs(stored, officer, tx);
}

// One that was renewed is replaced already; until its renewal begins it may still
// be ended.
absl::Status CheckMayEnd(const record::StoredPresence& stored, const types::v1::Date& ended_on,
                         absl::CivilDay today) {
  WS_ASSIGN_OR_RETURN(statute::Presence law, ToLaw(stored));
  WS_ASSIGN_OR_RETURN(absl::CivilDay day, ToDay("ended_on", ended_on));
  law.ended = stored.ended() || StateOf(stored, today) == v1::PRESENCE_STATE_RENEWED;
  return statute::CheckEnd(law, day, today);
}

absl::Status CheckStates(const v1::ListPresencesRequest& request) {
  if (request.states_size() > kStatesMax) {
    return BadField("states", "too many", absl::StrCat(request.states_size()), "at most 5");
  }
  for (int state : request.states()) {
    if (v1::PresenceState_IsValid(state) && state != 0) continue;
    return BadField("states", "unknown value", absl::StrCat(state), "a known state");
  }
  return absl::OkStatus();
}

absl::Status Renew(const std::string& prior_id, const v1::Presence& renewal, Tx& tx) {
  if (prior_id.empty()) return absl::OkStatus();
  Register reg(tx.db());
  WS_ASSIGN_OR_RETURN(record::StoredPresence prior, reg.GetPresence(prior_id));
  prior.set_renewed_by(renewal.presence_id());
  *prior.mutable_renewed_from() = renewal.effective_date();
  prior.clear_end_proposal();
  return reg.SavePresence(prior);
}

}  // namespace

v1::WorkAuthorization IssuedBy(const Officer& officer, const v1::WorkAuthorizationTerms& terms) {
  v1::WorkAuthorization work;
  work.set_basis(terms.basis());
  work.set_basis_citation(terms.basis_citation());
  *work.mutable_effective_date() = terms.effective_date();
  *work.mutable_expires_on() = terms.expires_on();
  *work.mutable_issued_by() = officer;
  return work;
}

absl::Status BeginPresence(const record::StoredPetition& stored,
                           const v1::ContinuedPresenceDecision& decision, Tx& tx,
                           v1::Presence& out) {
  const v1::Petition& petition = stored.petition();
  record::StoredPresence begun;
  begun.set_requester(stored.requester());
  begun.set_our_unit(petition.to_unit());
  v1::Presence& presence = *begun.mutable_presence();
  presence.set_presence_id(decision.presence_id());
  presence.set_referral_id(petition.referral_id());
  presence.set_person(petition.person());
  presence.set_petitioner_unit(petition.from_unit());
  presence.set_mechanism(decision.mechanism());
  presence.set_mechanism_text(decision.mechanism_text());
  *presence.mutable_effective_date() = decision.effective_date();
  *presence.mutable_expires_on() = decision.expires_on();
  if (decision.has_work_authorization()) {
    *presence.mutable_work_authorization() = decision.work_authorization();
  }
  presence.set_renews_presence_id(petition.content().prior_presence_id());
  WS_RETURN_IF_ERROR(Register(tx.db()).SavePresence(begun));
  WS_RETURN_IF_ERROR(Renew(presence.renews_presence_id(), presence, tx));
  WS_RETURN_IF_ERROR(TellHhs(begun, decision.officials(1), tx));
  out = ShowPresence(begun, DayOf(tx.now()));
  return absl::OkStatus();
}

absl::Status UndoPresence(std::string_view presence_id, Tx& tx) {
  if (presence_id.empty()) return absl::OkStatus();
  Register reg(tx.db());
  WS_ASSIGN_OR_RETURN(record::StoredPresence undone, reg.GetPresence(presence_id));
  WS_ASSIGN_OR_RETURN(std::string reference, ReferenceOf(undone, tx));
  const std::string& prior_id = undone.presence().renews_presence_id();
  if (!prior_id.empty()) {
    WS_ASSIGN_OR_RETURN(record::StoredPresence prior, reg.GetPresence(prior_id));
    prior.clear_renewed_by();
    prior.clear_renewed_from();
    WS_RETURN_IF_ERROR(reg.SavePresence(prior));
  }
  WS_RETURN_IF_ERROR(reg.RemovePresence(presence_id));
  return CorrectHhs(reference, tx);
}

v1::Presence ShowPresence(const record::StoredPresence& stored, absl::CivilDay today) {
  v1::Presence presence = stored.presence();
  presence.set_state(StateOf(stored, today));
  if (stored.has_end_proposal()) {
    *presence.mutable_end_proposed_by() = stored.end_proposal().proposed_by();
    if (stored.end_proposal().has_proposed_at()) {
      *presence.mutable_end_proposed_at() = stored.end_proposal().proposed_at();
    }
  }
  if (presence.state() == v1::PRESENCE_STATE_ENDED && !stored.ended()) {
    presence.set_end_reason(v1::PRESENCE_END_REASON_EXPIRED);
  }
  return presence;
}

absl::Status EndPresence(const Officer& officer, const v1::EndPresenceRequest& request, Tx& tx,
                         v1::EndPresenceResponse& response) {
  WS_RETURN_IF_ERROR(CheckEndFields(request));
  WS_ASSIGN_OR_RETURN(record::StoredPresence stored, Load(officer, request.presence_id(), tx));
  const absl::CivilDay today = DayOf(tx.now());
  WS_RETURN_IF_ERROR(CheckMayEnd(stored, request.ended_on(), today));
  if (stored.has_end_proposal()) {
    WS_RETURN_IF_ERROR(CheckSecond(stored.end_proposal(), officer, request));
    WS_RETURN_IF_ERROR(End(officer, stored, tx));
  } else {
    Propose(officer, request, tx.now(), stored);
    WS_RETURN_IF_ERROR(Register(tx.db()).SavePresence(stored));
  }
  *response.mutable_presence() = ShowPresence(stored, today);
  return absl::OkStatus();
}

absl::Status IssueWorkAuthorization(const Officer& officer,
                                    const v1::IssueWorkAuthorizationRequest& request, Tx& tx,
                                    v1::IssueWorkAuthorizationResponse& response) {
  WS_ASSIGN_OR_RETURN(record::StoredPresence stored, Load(officer, request.presence_id(), tx));
  WS_ASSIGN_OR_RETURN(statute::Presence law, ToLaw(stored));
  const absl::CivilDay today = DayOf(tx.now());
  WS_RETURN_IF_ERROR(CheckWork(law, request.terms(), today));
  v1::WorkAuthorizationNotice notice;
  notice.set_presence_id(request.presence_id());
  *notice.mutable_work_authorization() = IssuedBy(officer, request.terms());
  *stored.mutable_presence()->mutable_work_authorization() = notice.work_authorization();
  WS_RETURN_IF_ERROR(Notify(stored, officer, notice, "work authorization, issued", tx));
  WS_RETURN_IF_ERROR(Register(tx.db()).SavePresence(stored));
  *response.mutable_presence() = ShowPresence(stored, today);
  return absl::OkStatus();
}

absl::Status ListPresences(const Officer& officer, const v1::ListPresencesRequest& request, Tx& tx,
                           v1::ListPresencesResponse& response) {
  WS_RETURN_IF_ERROR(CheckAdjudicator(officer));
  WS_RETURN_IF_ERROR(CheckStates(request));
  if (!request.person().empty()) WS_RETURN_IF_ERROR(CheckPerson(request.person()));
  WS_ASSIGN_OR_RETURN(PageAsked page, ReadPage(request.page_size(), request.page_token(), kList));
  auto fetch = [&](int64_t skip, int limit) {
    return Register(tx.db()).Presences(request.person(), skip, limit);
  };
  auto keep = [&](const record::StoredPresence& stored) -> absl::StatusOr<bool> {
    v1::Presence presence = ShowPresence(stored, DayOf(tx.now()));
    const auto& states = request.states();
    if (!states.empty() &&
        std::find(states.begin(), states.end(), presence.state()) == states.end()) {
      return false;
    }
    *response.add_presences() = std::move(presence);
    return true;
  };
  WS_ASSIGN_OR_RETURN(*response.mutable_next_page_token(), FillPage(page, kList, fetch, keep));
  return absl::OkStatus();
}

}  // namespace waystation::ins
