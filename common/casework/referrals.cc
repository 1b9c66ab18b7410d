#include "common/casework/referrals.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/agency/fields.h"
#include "common/agency/handoff.h"
#include "common/agency/identity_text.h"
#include "common/agency/inbox.h"
#include "common/agency/page.h"
#include "common/agency/time_proto.h"
#include "common/casework/case_table.h"
#include "common/casework/consents.h"
#include "common/casework/sending.h"
#include "common/casework/show.h"
#include "common/ids/handle.h"
#include "common/status/status.h"
#include "common/statute/continued_presence.h"

namespace waystation::casework {
namespace {

using agency::BadField;
using agency::CheckReferralId;
using agency::CheckText;
using agency::CheckUnit;
using agency::CheckVersion;
using agency::DayOf;
using agency::Officer;
using agency::PageAsked;
using agency::TextLimits;
using agency::Tx;
using record::StoredReferral;
using types::v1::Transition;

constexpr TextLimits kReason{1, 4'000};
constexpr TextLimits kOptionalReason{0, 4'000};
constexpr TextLimits kCitation{0, 300};
constexpr TextLimits kAuthority{1, 300};
constexpr char kList = 'c';

// The procedure by which we may send `body`.
absl::StatusOr<const Procedure*> ToSend(const Procedures& procedures,
                                        const google::protobuf::Any& body) {
  const Procedure* procedure = procedures.ByRequest(body);
  if (procedure != nullptr && !procedures.WeTake(*procedure)) return procedure;
  return Refusal(absl::StatusCode::kInvalidArgument, "PROCEDURE_UNKNOWN",
                 Problem("body", "this agency sends none of this type", Quoted(body.type_url()),
                         "a body of its procedures"));
}

absl::StatusOr<const Procedure*> ProcedureOf(const Procedures& procedures,
                                             const StoredReferral& stored) {
  const Procedure* procedure = procedures.ByName(stored.referral().procedure());
  if (procedure != nullptr && stored.referral().has_request()) return procedure;
  return Refusal(absl::StatusCode::kFailedPrecondition, "TRANSITION_NOT_ALLOWED",
                 Problem("referral", "it was returned on receipt, nothing more can be done"));
}

// An officer's step on a referral: who, on which, from which version.
struct Step {
  const Officer* officer;
  std::string_view referral_id;
  int64_t expected_version;
};

absl::StatusOr<StoredReferral> Begin(const Step& step, Tx& tx) {
  WS_RETURN_IF_ERROR(CheckReferralId(step.referral_id));
  WS_RETURN_IF_ERROR(CheckVersion(step.expected_version));
  WS_ASSIGN_OR_RETURN(StoredReferral stored, CaseTable(tx.db()).Get(step.referral_id));
  WS_RETURN_IF_ERROR(CheckOwnUnit(*step.officer, OurUnit(stored.referral())));
  return stored;
}

absl::StatusOr<v1::Referral> ShowNow(const Procedures& procedures, const Officer& officer,
                                     std::string_view referral_id, Tx& tx) {
  WS_ASSIGN_OR_RETURN(StoredReferral stored, CaseTable(tx.db()).Get(referral_id));
  return Show(procedures, officer, stored, tx);
}

// What a step must carry, by its kind.
absl::Status CheckReturn(const referral::v1::ReturnDetail& detail) {
  if (!types::v1::ReturnReason_IsValid(detail.reason()) || detail.reason() == 0) {
    return BadField("return_detail.reason", "not a reason", absl::StrCat(detail.reason()),
                    "a known reason");
  }
  WS_RETURN_IF_ERROR(CheckText("return_detail.citation", detail.citation(), kCitation));
  if (detail.reason() == types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW &&
      detail.citation().empty()) {
    return Refusal(
        absl::StatusCode::kInvalidArgument, "CITATION_MISSING",
        Problem("return_detail.citation", "missing", "", "the rule, when the reason is the law"));
  }
  return absl::OkStatus();
}

absl::Status CheckHold(const v1::StepReferralRequest& request, absl::CivilDay today) {
  WS_ASSIGN_OR_RETURN(absl::CivilDay until, agency::ToDay("hold_until", request.hold_until()));
  if (until >= today) return absl::OkStatus();
  return BadField("hold_until", "in the past", statute::DayText(until), "today or later");
}

absl::Status CheckStepForm(const v1::StepReferralRequest& request, absl::CivilDay today) {
  switch (request.transition()) {
    case types::v1::TRANSITION_RETURN:
      WS_RETURN_IF_ERROR(CheckReturn(request.return_detail()));
      return CheckText("reason_text", request.reason_text(), kReason);
    case types::v1::TRANSITION_HOLD:
      WS_RETURN_IF_ERROR(CheckHold(request, today));
      return CheckText("reason_text", request.reason_text(), kReason);
    case types::v1::TRANSITION_CANCEL:
    case types::v1::TRANSITION_CONTINUE:
    case types::v1::TRANSITION_ENTERED_IN_ERROR:
      return CheckText("reason_text", request.reason_text(), kReason);
    case types::v1::TRANSITION_RETAINED_UNDER:
      WS_RETURN_IF_ERROR(CheckText("authority", request.authority(), kAuthority));
      return CheckText("reason_text", request.reason_text(), kOptionalReason);
    case types::v1::TRANSITION_TAKE_UP:
    case types::v1::TRANSITION_RESUME:
    case types::v1::TRANSITION_CONFIRM_CANCEL:
    case types::v1::TRANSITION_SCOPE_CONFIRMED:
      return CheckText("reason_text", request.reason_text(), kOptionalReason);
    default:
      return BadField("transition", "no step of an officer here",
                      absl::StrCat(request.transition()), "a step that carries no decision");
  }
}

// A requester cancels, or asks to once the target has it.
Transition Actual(const v1::StepReferralRequest& request, const agency::ReferralView& view) {
  const bool asks = request.transition() == types::v1::TRANSITION_CANCEL &&
                    view.state != types::v1::REFERRAL_STATE_REQUESTED;
  return asks ? types::v1::TRANSITION_ASK_TO_CANCEL : request.transition();
}

bool AnswersScope(Transition transition) {
  return transition == types::v1::TRANSITION_SCOPE_CONFIRMED ||
         transition == types::v1::TRANSITION_RETAINED_UNDER;
}

absl::Status CheckTakeUp(const Procedures& procedures, const StoredReferral& stored, Tx& tx) {
  WS_ASSIGN_OR_RETURN(const Procedure* procedure, ProcedureOf(procedures, stored));
  WS_ASSIGN_OR_RETURN(OpenedCase opened, Open(stored, procedure->contract()));
  WS_ASSIGN_OR_RETURN(std::vector<statute::Broken> broken, procedure->Objections(opened.view, tx));
  return broken.empty() ? absl::OkStatus() : broken.front().status;
}

absl::Status CheckStep(const Procedures& procedures, const StoredReferral& stored,
                       Transition transition, Tx& tx) {
  if (transition == types::v1::TRANSITION_TAKE_UP) return CheckTakeUp(procedures, stored, tx);
  if (AnswersScope(transition)) return CheckScopeAnswerable(stored, tx);
  return absl::OkStatus();
}

absl::StatusOr<agency::CaseContent> StepContent(const v1::StepReferralRequest& request,
                                                const StoredReferral& stored,
                                                const Officer& officer, Tx& tx) {
  agency::CaseContent content = ReplyContent(stored, {officer});
  content.set_reason_text(request.reason_text());
  if (request.transition() == types::v1::TRANSITION_RETURN) {
    *content.mutable_return_detail() = request.return_detail();
  }
  if (request.transition() == types::v1::TRANSITION_HOLD) {
    *content.mutable_hold_until() = request.hold_until();
  }
  if (AnswersScope(request.transition())) {
    WS_ASSIGN_OR_RETURN(auto onward, OnwardOf(request.referral_id(), true, tx));
    content.mutable_onward()->Assign(onward.begin(), onward.end());
  }
  if (request.transition() == types::v1::TRANSITION_RETAINED_UNDER) {
    content.set_authority(request.authority());
  }
  return content;
}

// What the step changes in our own record.
void Apply(const v1::StepReferralRequest& request, Transition transition, const Officer& officer,
           StoredReferral& stored) {
  v1::Referral& referral = *stored.mutable_referral();
  if (!request.reason_text().empty()) referral.set_reason_text(request.reason_text());
  if (AnswersScope(transition)) referral.set_scope_unanswered(false);
  const bool ends = transition == types::v1::TRANSITION_RETURN ||
                    transition == types::v1::TRANSITION_CANCEL ||
                    transition == types::v1::TRANSITION_CONFIRM_CANCEL ||
                    transition == types::v1::TRANSITION_ENTERED_IN_ERROR;
  if (!ends) return;
  referral.clear_proposal();
  referral.clear_ended_by();
  *referral.add_ended_by() = officer;
  if (transition == types::v1::TRANSITION_RETURN) {
    *referral.mutable_return_detail() = request.return_detail();
  }
}

absl::Status CheckProposal(const StoredReferral& stored, const std::string& proposal_id) {
  if (!stored.referral().has_proposal()) {
    return Refusal(absl::StatusCode::kFailedPrecondition, "PROPOSAL_MISSING",
                   Problem("answer", "nothing is proposed", "", "a first official's proposal"));
  }
  const std::string& open = stored.referral().proposal().proposal_id();
  if (open == proposal_id) return absl::OkStatus();
  return Refusal(
      absl::StatusCode::kFailedPrecondition, "PROPOSAL_CHANGED",
      Problem("proposal_id", "not the open proposal", Quoted(proposal_id), Quoted(open)));
}

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> AnswerBody(
    const Procedure& procedure, const google::protobuf::Any& body) {
  auto answer = Unpack(body, *procedure.contract().answer);
  if (answer.ok()) return answer;
  return Refusal(absl::StatusCode::kInvalidArgument, "ANSWER_TYPE_WRONG",
                 std::string(Std(answer.status().message())));
}

absl::Status Propose(const Procedure& procedure, StoredReferral stored,
                     const google::protobuf::Message& answer, const Officer& officer,
                     const RandomSource& random, Tx& tx) {
  WS_ASSIGN_OR_RETURN(OpenedCase opened, Open(stored, procedure.contract()));
  WS_RETURN_IF_ERROR(procedure.contract().check_answer(*opened.request, answer, DayOf(tx.now())));
  WS_RETURN_IF_ERROR(procedure.CheckAnswer(opened.view, answer, tx));
  v1::Proposal& proposal = *stored.mutable_referral()->mutable_proposal();
  proposal.Clear();
  proposal.set_proposal_id(NewHandle("pr", random));
  proposal.mutable_body()->PackFrom(answer);
  *proposal.mutable_proposed_by() = officer;
  *proposal.mutable_proposed_at() = agency::ToProtoTime(tx.now());
  return CaseTable(tx.db()).Save(stored);
}

bool Wanted(const v1::ListReferralsRequest& request, const v1::Referral& referral) {
  if (!request.procedure().empty() && request.procedure() != referral.procedure()) return false;
  if (request.role() != v1::ROLE_UNSPECIFIED && request.role() != referral.role()) return false;
  const auto& states = request.states();
  return states.empty() ||
         std::find(states.begin(), states.end(), referral.state()) != states.end();
}

}  // namespace

absl::Status CheckOwnUnit(const Officer& officer, std::string_view unit) {
  if (officer.unit() == unit) return absl::OkStatus();
  return Refusal(absl::StatusCode::kPermissionDenied, "UNIT_NOT_OWN",
                 Problem("unit", "not the officer's own", Quoted(unit), Quoted(officer.unit())));
}

bool IsFirstReading(const Officer& officer, const v1::Referral& referral, Tx& tx) {
  if (officer.unit() != OurUnit(referral)) return false;
  auto view = tx.Referral(referral.referral_id());
  return view.ok() && (view->unread || !view->notice.empty());
}

absl::Status TakeAsRead(std::string_view referral_id, Tx& tx) {
  WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(referral_id));
  return view.notice.empty() ? agency::MarkOutcomeRead(referral_id, tx)
                             : tx.NoticeRead(referral_id);
}

absl::Status OpenReferral(const Procedures& procedures, const Officer& officer,
                          const v1::OpenReferralRequest& request, Tx& tx,
                          v1::OpenReferralResponse& response) {
  WS_RETURN_IF_ERROR(CheckUnit("from_unit", request.from_unit(), procedures.agency()));
  WS_RETURN_IF_ERROR(CheckOwnUnit(officer, request.from_unit()));
  WS_RETURN_IF_ERROR(agency::CheckPerson(request.person()));
  if (!request.replaces_referral_id().empty()) {
    WS_RETURN_IF_ERROR(CheckReferralId(request.replaces_referral_id()));
  }
  WS_ASSIGN_OR_RETURN(const Procedure* procedure, ToSend(procedures, request.body()));
  WS_ASSIGN_OR_RETURN(auto body, Unpack(request.body(), *procedure->contract().request));
  Ask ask{request.from_unit(), request.to_unit(), request.person(), body.get(), {officer}, {}};
  WS_ASSIGN_OR_RETURN(ask.basis,
                      CheckBasisSent(procedure->contract(), request.person(), request.basis(), tx));
  if (request.has_needed_by()) ask.needed_by = agency::FromProtoTime(request.needed_by());
  ask.replaces_referral_id = request.replaces_referral_id();
  WS_ASSIGN_OR_RETURN(std::string id, SendAsk(*procedure, ask, tx));
  WS_ASSIGN_OR_RETURN(*response.mutable_referral(), ShowNow(procedures, officer, id, tx));
  return absl::OkStatus();
}

absl::Status GetReferral(const Procedures& procedures, const Officer& officer,
                         const v1::GetReferralRequest& request, Tx& tx,
                         v1::GetReferralResponse& response) {
  WS_RETURN_IF_ERROR(CheckReferralId(request.referral_id()));
  WS_ASSIGN_OR_RETURN(*response.mutable_referral(),
                      ShowNow(procedures, officer, request.referral_id(), tx));
  return absl::OkStatus();
}

absl::Status ListReferrals(const Sees& sees, const v1::ListReferralsRequest& request, Tx& tx,
                           v1::ListReferralsResponse& response) {
  WS_RETURN_IF_ERROR(agency::CheckStates(request.states()));
  if (!request.person().empty()) WS_RETURN_IF_ERROR(agency::CheckPerson(request.person()));
  WS_ASSIGN_OR_RETURN(PageAsked page,
                      agency::ReadPage(request.page_size(), request.page_token(), kList));
  auto fetch = [&](int64_t before, int limit) {
    return CaseTable(tx.db()).Referrals(request.person(), before, limit);
  };
  auto keep = [&](const StoredReferral& stored) -> absl::StatusOr<bool> {
    if (!sees(OurUnit(stored.referral())).ok()) return false;
    WS_ASSIGN_OR_RETURN(v1::Referral referral, ShowInList(stored, tx));
    if (!Wanted(request, referral)) return false;
    *response.add_referrals() = std::move(referral);
    return true;
  };
  WS_ASSIGN_OR_RETURN(*response.mutable_next_page_token(),
                      agency::FillPage(page, kList, fetch, keep));
  return absl::OkStatus();
}

absl::Status ListInbox(const Procedures& procedures, const Sees& sees,
                       const v1::ListInboxRequest& request, Tx& tx,
                       v1::ListInboxResponse& response) {
  if (!request.unit().empty()) {
    WS_RETURN_IF_ERROR(CheckUnit("unit", request.unit(), procedures.agency()));
    WS_RETURN_IF_ERROR(sees(request.unit()));
  }
  agency::ReferralFilter filter;
  filter.unit = request.unit();
  filter.ours_only = !request.include_waiting_for_others();
  filter.sees = [&sees](const std::string& unit) { return sees(unit).ok(); };
  WS_ASSIGN_OR_RETURN(agency::InboxPage page,
                      agency::ListInbox(tx, filter, request.page_size(), request.page_token()));
  response.mutable_items()->Assign(page.items.begin(), page.items.end());
  response.set_next_page_token(page.next_page_token);
  for (types::v1::InboxItem& item : *response.mutable_items()) {
    WS_ASSIGN_OR_RETURN(std::optional<StoredReferral> stored,
                        CaseTable(tx.db()).Find(item.referral_id()));
    if (!stored.has_value() || !stored->referral().scope_unanswered()) continue;
    item.set_next_move("confirm the changed scope, or name the authority to retain; " +
                       item.next_move());
  }
  return absl::OkStatus();
}

absl::Status StepReferral(const Procedures& procedures, const Officer& officer,
                          const v1::StepReferralRequest& request, Tx& tx,
                          v1::StepReferralResponse& response) {
  WS_RETURN_IF_ERROR(CheckStepForm(request, DayOf(tx.now())));
  const Step step{&officer, request.referral_id(), request.expected_version()};
  WS_ASSIGN_OR_RETURN(StoredReferral stored, Begin(step, tx));
  WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(step.referral_id));
  const Transition transition = Actual(request, view);
  WS_RETURN_IF_ERROR(
      tx.ReferralForStep(step.referral_id, step.expected_version, transition).status());
  WS_RETURN_IF_ERROR(CheckStep(procedures, stored, transition, tx));
  WS_ASSIGN_OR_RETURN(agency::CaseContent content, StepContent(request, stored, officer, tx));
  WS_RETURN_IF_ERROR(tx.SendTransition(step.referral_id, transition, content).status());
  Apply(request, transition, officer, stored);
  WS_RETURN_IF_ERROR(CaseTable(tx.db()).Save(stored));
  WS_ASSIGN_OR_RETURN(*response.mutable_referral(), Show(procedures, officer, stored, tx));
  return absl::OkStatus();
}

absl::Status ProposeAnswer(const Procedures& procedures, const Officer& officer,
                           const v1::ProposeAnswerRequest& request, const RandomSource& random,
                           Tx& tx, v1::ProposeAnswerResponse& response) {
  const Step step{&officer, request.referral_id(), request.expected_version()};
  WS_ASSIGN_OR_RETURN(StoredReferral stored, Begin(step, tx));
  WS_RETURN_IF_ERROR(
      tx.ReferralForStep(step.referral_id, step.expected_version, types::v1::TRANSITION_ANSWER)
          .status());
  WS_ASSIGN_OR_RETURN(const Procedure* procedure, ProcedureOf(procedures, stored));
  WS_ASSIGN_OR_RETURN(auto answer, AnswerBody(*procedure, request.body()));
  if (procedure->contract().terms.two_officials) {
    WS_RETURN_IF_ERROR(Propose(*procedure, std::move(stored), *answer, officer, random, tx));
  } else {
    WS_RETURN_IF_ERROR(SendAnswer(*procedure, std::move(stored), *answer, {officer}, tx));
  }
  WS_ASSIGN_OR_RETURN(*response.mutable_referral(),
                      ShowNow(procedures, officer, request.referral_id(), tx));
  return absl::OkStatus();
}

absl::Status ConfirmAnswer(const Procedures& procedures, const Officer& officer,
                           const v1::ConfirmAnswerRequest& request, Tx& tx,
                           v1::ConfirmAnswerResponse& response) {
  const Step step{&officer, request.referral_id(), request.expected_version()};
  WS_ASSIGN_OR_RETURN(StoredReferral stored, Begin(step, tx));
  WS_RETURN_IF_ERROR(
      tx.ReferralForStep(step.referral_id, step.expected_version, types::v1::TRANSITION_ANSWER)
          .status());
  WS_RETURN_IF_ERROR(CheckProposal(stored, request.proposal_id()));
  const v1::Proposal proposal = stored.referral().proposal();
  WS_RETURN_IF_ERROR(
      statute::CheckTwoOfficials(proposal.proposed_by().staff_id(), officer.staff_id()));
  WS_ASSIGN_OR_RETURN(const Procedure* procedure, ProcedureOf(procedures, stored));
  WS_ASSIGN_OR_RETURN(auto answer, AnswerBody(*procedure, proposal.body()));
  WS_RETURN_IF_ERROR(
      SendAnswer(*procedure, std::move(stored), *answer, {proposal.proposed_by(), officer}, tx));
  WS_ASSIGN_OR_RETURN(*response.mutable_referral(),
                      ShowNow(procedures, officer, request.referral_id(), tx));
  return absl::OkStatus();
}

absl::Status ForwardReferral(const Procedures& procedures, const Officer& officer,
                             const v1::ForwardReferralRequest& request, Tx& tx,
                             v1::ForwardReferralResponse& response) {
  WS_RETURN_IF_ERROR(CheckReferralId(request.referral_id()));
  WS_ASSIGN_OR_RETURN(StoredReferral parent, CaseTable(tx.db()).Get(request.referral_id()));
  const v1::Referral& from = parent.referral();
  WS_RETURN_IF_ERROR(CheckOwnUnit(officer, OurUnit(from)));
  WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(request.referral_id()));
  if (!view.we_are_target || (view.state != types::v1::REFERRAL_STATE_TAKEN_UP &&
                              view.state != types::v1::REFERRAL_STATE_ON_HOLD)) {
    return Refusal(absl::StatusCode::kFailedPrecondition, "TRANSITION_NOT_ALLOWED",
                   Problem("referral", "\"forward\" is not a step of this agency here",
                           absl::StrCat("state \"", Absl(agency::StateName(view.state)), "\""),
                           "a referral that this agency has taken up"));
  }
  WS_ASSIGN_OR_RETURN(const Procedure* procedure, ToSend(procedures, request.body()));
  WS_ASSIGN_OR_RETURN(auto body, Unpack(request.body(), *procedure->contract().request));
  Ask ask{from.to_unit(), request.to_unit(), from.person(), body.get(), {officer}, from.basis()};
  // The scope may have been narrowed since the request.
  if (from.has_scope()) *ask.basis.mutable_scope() = from.scope();
  WS_RETURN_IF_ERROR(CheckBasisReceived(procedure->contract(), ask.basis, tx.now()));
  ask.forwards_referral_id = request.referral_id();
  WS_ASSIGN_OR_RETURN(std::string id, SendAsk(*procedure, ask, tx));
  WS_ASSIGN_OR_RETURN(*response.mutable_referral(), ShowNow(procedures, officer, id, tx));
  return absl::OkStatus();
}

}  // namespace waystation::casework
