#include "services/ins/petitions.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/agency/time_proto.h"
#include "common/status/status.h"
#include "services/ins/fields.h"
#include "services/ins/page.h"
#include "services/ins/petition_law.h"
#include "services/ins/register.h"

namespace waystation::ins {
namespace {

using agency::CaseContent;
using agency::Officer;
using agency::ReferralView;
using agency::Tx;
using types::v1::Transition;

constexpr TextLimits kReason{1, 4'000};
constexpr TextLimits kCitation{0, 300};
constexpr int kStatesMax = 10;
constexpr char kList = 'q';

absl::Status Complete(Tx& tx, const record::StoredPetition& stored, v1::Petition& petition) {
  petition = stored.petition();
  WS_ASSIGN_OR_RETURN(ReferralView view, tx.Referral(petition.referral_id()));
  petition.set_state(view.state);
  petition.set_version(static_cast<int64_t>(view.version));
  if (view.due_time.has_value()) {
    *petition.mutable_due_time() = agency::ToProtoTime(*view.due_time);
    petition.set_due_basis(view.due_basis);
  }
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

absl::Status CheckStates(const v1::ListPetitionsRequest& request) {
  if (request.states_size() > kStatesMax) {
    return BadField("states", "too many", absl::StrCat(request.states_size()), "at most 10");
  }
  for (int state : request.states()) {
    if (types::v1::ReferralState_IsValid(state) && state != 0) continue;
    return BadField("states", "unknown value", absl::StrCat(state), "a known state");
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
  WS_RETURN_IF_ERROR(CheckStates(request));
  WS_ASSIGN_OR_RETURN(PageAsked page, ReadPage(request.page_size(), request.page_token(), kList));
  auto fetch = [&](int64_t before, int limit) {
    return Register(tx.db()).Petitions(before, limit);
  };
  auto keep = [&](const record::StoredPetition& stored) -> absl::StatusOr<bool> {
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
  WS_ASSIGN_OR_RETURN(*response.mutable_petition(), ShowPetition(tx, request.referral_id()));
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

absl::Status DecideCancellation(const Officer& officer, const Cancellation& word, Tx& tx,
                                v1::Petition& out) {
  const TextLimits limits{word.confirm ? size_t{0} : kReason.least, kReason.most};
  WS_RETURN_IF_ERROR(CheckText("reason", word.reason, limits));
  const Step step{
      &officer, word.referral_id, word.expected_version,
      word.confirm ? types::v1::TRANSITION_CONFIRM_CANCEL : types::v1::TRANSITION_CONTINUE};
  WS_ASSIGN_OR_RETURN(record::StoredPetition stored, Begin(step, tx));
  if (word.confirm) WS_RETURN_IF_ERROR(DiscardProposal(stored, tx));
  CaseContent content = ContentOf(stored, officer);
  content.set_reason_text(word.reason);
  return End(step, content, tx, out);
}

}  // namespace waystation::ins
