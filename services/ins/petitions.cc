#include "services/ins/petitions.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/agency/fields.h"
#include "common/agency/inbox.h"
#include "common/agency/page.h"
#include "common/agency/time_proto.h"
#include "common/status/status.h"
#include "services/ins/petition_law.h"
#include "services/ins/register.h"

namespace waystation::ins {
namespace {

using agency::BadField;
using agency::CaseContent;
using agency::CheckReferralId;
using agency::CheckStates;
using agency::CheckText;
using agency::CheckVersion;
using agency::DayOf;
using agency::FillPage;
using agency::Officer;
using agency::PageAsked;
using agency::ReadPage;
using agency::ReferralView;
using agency::TextLimits;
using agency::ToDay;
using agency::Tx;
using types::v1::Transition;

constexpr TextLimits kReason{1, 4'000};
constexpr TextLimits kOptionalReason{0, 4'000};
constexpr TextLimits kCitation{0, 300};
constexpr char kList = 'q';

// Whether the petitioner has asked to end the petition, or has ended it.
bool WantsNoMore(types::v1::ReferralState state) {
  return state == types::v1::REFERRAL_STATE_CANCEL_ASKED ||
         state == types::v1::REFERRAL_STATE_CANCELLED ||
         state == types::v1::REFERRAL_STATE_ENTERED_IN_ERROR;
}

absl::Status Complete(Tx& tx, const record::StoredPetition& stored, v1::Petition& petition) {
  petition = stored.petition();
  WS_ASSIGN_OR_RETURN(ReferralView view, tx.Referral(petition.referral_id()));
  agency::FillHandoff(view, petition);
  if (!WantsNoMore(view.state)) petition.clear_cancel_reason();
  if (!petition.has_content()) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(std::vector<statute::Broken> broken, RefusalsOf(tx, stored));
  for (const statute::Broken& one : broken) {
    v1::RuleRefusal& refusal = *petition.add_refusals();
    refusal.set_reason(std::string(one.rule->reason));
    refusal.set_text(std::string(Std(one.status.message())));
    refusal.set_citation(std::string(one.rule->citation.section));
  }
  return absl::OkStatus();
}

// An officer's step on a petition: who, on which, from which version.
struct Step {
  const Officer* officer;
  std::string_view referral_id;
  int64_t expected_version;
  Transition transition;
};

absl::StatusOr<record::StoredPetition> Begin(const Step& step, Tx& tx) {
  WS_RETURN_IF_ERROR(CheckAdjudicator(*step.officer));
  WS_RETURN_IF_ERROR(CheckReferralId(step.referral_id));
  WS_RETURN_IF_ERROR(CheckVersion(step.expected_version));
  WS_ASSIGN_OR_RETURN(record::StoredPetition stored,
                      Register(tx.db()).GetPetition(step.referral_id));
  WS_RETURN_IF_ERROR(
      tx.ReferralForStep(step.referral_id, step.expected_version, step.transition).status());
  return stored;
}

absl::Status End(const Step& step, const CaseContent& content, Tx& tx, v1::Petition& out) {
  WS_RETURN_IF_ERROR(tx.SendTransition(step.referral_id, step.transition, content).status());
  WS_ASSIGN_OR_RETURN(out, ShowPetition(tx, step.referral_id));
  return absl::OkStatus();
}

absl::Status CheckReturn(const v1::ReturnPetitionRequest& request) {
  if (!types::v1::ReturnReason_IsValid(request.reason()) || request.reason() == 0) {
    return BadField("reason", "not a reason", absl::StrCat(request.reason()), "a known reason");
  }
  WS_RETURN_IF_ERROR(CheckText("citation", request.citation(), kCitation));
  if (request.reason() == types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW &&
      request.citation().empty()) {
    return Refusal(absl::StatusCode::kInvalidArgument, "CITATION_MISSING",
                   Problem("citation", "missing", "", "the rule, when the reason is the law"));
  }
  return CheckText("reason_text", request.reason_text(), kReason);
}

absl::StatusOr<Transition> StepOf(const v1::DecideCancellationRequest& request) {
  switch (request.outcome()) {
    case v1::CANCELLATION_OUTCOME_CONFIRMED:
      WS_RETURN_IF_ERROR(CheckText("reason", request.reason(), kOptionalReason));
      return types::v1::TRANSITION_CONFIRM_CANCEL;
    case v1::CANCELLATION_OUTCOME_CONTINUED:
      WS_RETURN_IF_ERROR(CheckText("reason", request.reason(), kReason));
      return types::v1::TRANSITION_CONTINUE;
    default:
      return BadField("outcome", "no outcome", absl::StrCat(request.outcome()),
                      "confirmed or continued");
  }
}

absl::Status DiscardProposal(record::StoredPetition& stored, Tx& tx) {
  if (!stored.petition().has_proposal()) return absl::OkStatus();
  stored.mutable_petition()->clear_proposal();
  return Register(tx.db()).UpdatePetition(stored);
}

}  // namespace

CaseContent ContentOf(const record::StoredPetition& stored, const Officer& officer) {
  CaseContent content;
  content.set_from_unit(stored.petition().to_unit());
  content.set_to_unit(stored.petition().from_unit());
  *content.add_officials() = officer;
  content.set_person(stored.petition().person());
  return content;
}

absl::StatusOr<v1::Petition> ShowPetition(Tx& tx, std::string_view referral_id) {
  WS_ASSIGN_OR_RETURN(record::StoredPetition stored, Register(tx.db()).GetPetition(referral_id));
  v1::Petition petition;
  WS_RETURN_IF_ERROR(Complete(tx, stored, petition));
  return petition;
}

absl::Status ListPetitions(const Officer& officer, const v1::ListPetitionsRequest& request, Tx& tx,
                           v1::ListPetitionsResponse& response) {
  WS_RETURN_IF_ERROR(CheckAdjudicator(officer));
  WS_RETURN_IF_ERROR(CheckStates(request.states()));
  WS_ASSIGN_OR_RETURN(PageAsked page, ReadPage(request.page_size(), request.page_token(), kList));
  auto fetch = [&](int64_t before, int limit) {
    return Register(tx.db()).Petitions(before, limit);
  };
  auto keep = [&](const record::StoredPetition& stored) -> absl::StatusOr<bool> {
    if (!CheckOpenTo(officer, stored.petition().to_unit()).ok()) return false;
    v1::Petition petition;
    WS_RETURN_IF_ERROR(Complete(tx, stored, petition));
    const auto& states = request.states();
    if (!states.empty() &&
        std::find(states.begin(), states.end(), petition.state()) == states.end()) {
      return false;
    }
    petition.clear_content();
    *response.add_petitions() = std::move(petition);
    return true;
  };
  WS_ASSIGN_OR_RETURN(*response.mutable_next_page_token(), FillPage(page, kList, fetch, keep));
  return absl::OkStatus();
}

absl::Status GetPetition(const Officer& officer, const v1::GetPetitionRequest& request, Tx& tx,
                         v1::GetPetitionResponse& response) {
  WS_RETURN_IF_ERROR(CheckAdjudicator(officer));
  WS_RETURN_IF_ERROR(CheckReferralId(request.referral_id()));
  WS_ASSIGN_OR_RETURN(v1::Petition petition, ShowPetition(tx, request.referral_id()));
  WS_RETURN_IF_ERROR(CheckOpenTo(officer, petition.to_unit()));
  *response.mutable_petition() = std::move(petition);
  return absl::OkStatus();
}

absl::Status TakeUpPetition(const Officer& officer, const v1::TakeUpPetitionRequest& request,
                            Tx& tx, v1::TakeUpPetitionResponse& response) {
  const Step step{&officer, request.referral_id(), request.expected_version(),
                  types::v1::TRANSITION_TAKE_UP};
  WS_ASSIGN_OR_RETURN(record::StoredPetition stored, Begin(step, tx));
  WS_ASSIGN_OR_RETURN(std::vector<statute::Broken> broken, RefusalsOf(tx, stored));
  if (!broken.empty()) return broken.front().status;
  return End(step, ContentOf(stored, officer), tx, *response.mutable_petition());
}

absl::Status HoldPetition(const Officer& officer, const v1::HoldPetitionRequest& request, Tx& tx,
                          v1::HoldPetitionResponse& response) {
  WS_RETURN_IF_ERROR(CheckText("reason", request.reason(), kReason));
  WS_ASSIGN_OR_RETURN(absl::CivilDay until, ToDay("until", request.until()));
  if (until <= DayOf(tx.now())) {
    return BadField("until", "not after today", statute::DayText(until), "a later day");
  }
  const Step step{&officer, request.referral_id(), request.expected_version(),
                  types::v1::TRANSITION_HOLD};
  WS_ASSIGN_OR_RETURN(record::StoredPetition stored, Begin(step, tx));
  CaseContent content = ContentOf(stored, officer);
  content.set_reason_text(request.reason());
  *content.mutable_hold_until() = request.until();
  return End(step, content, tx, *response.mutable_petition());
}

absl::Status ResumePetition(const Officer& officer, const v1::ResumePetitionRequest& request,
                            Tx& tx, v1::ResumePetitionResponse& response) {
  const Step step{&officer, request.referral_id(), request.expected_version(),
                  types::v1::TRANSITION_RESUME};
  WS_ASSIGN_OR_RETURN(record::StoredPetition stored, Begin(step, tx));
  return End(step, ContentOf(stored, officer), tx, *response.mutable_petition());
}

absl::Status ReturnPetition(const Officer& officer, const v1::ReturnPetitionRequest& request,
                            Tx& tx, v1::ReturnPetitionResponse& response) {
  WS_RETURN_IF_ERROR(CheckReturn(request));
  const Step step{&officer, request.referral_id(), request.expected_version(),
                  types::v1::TRANSITION_RETURN};
  WS_ASSIGN_OR_RETURN(record::StoredPetition stored, Begin(step, tx));
  WS_RETURN_IF_ERROR(DiscardProposal(stored, tx));
  CaseContent content = ContentOf(stored, officer);
  content.set_reason_text(request.reason_text());
  content.mutable_return_detail()->set_reason(request.reason());
  content.mutable_return_detail()->set_citation(request.citation());
  return End(step, content, tx, *response.mutable_petition());
}

absl::Status DecideCancellation(const Officer& officer,
                                const v1::DecideCancellationRequest& request, Tx& tx,
                                v1::DecideCancellationResponse& response) {
  WS_ASSIGN_OR_RETURN(Transition transition, StepOf(request));
  const Step step{&officer, request.referral_id(), request.expected_version(), transition};
  WS_ASSIGN_OR_RETURN(record::StoredPetition stored, Begin(step, tx));
  if (transition == types::v1::TRANSITION_CONFIRM_CANCEL) {
    WS_RETURN_IF_ERROR(DiscardProposal(stored, tx));
  }
  CaseContent content = ContentOf(stored, officer);
  content.set_reason_text(request.reason());
  return End(step, content, tx, *response.mutable_petition());
}

}  // namespace waystation::ins
