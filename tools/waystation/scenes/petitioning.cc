#include "tools/waystation/scenes/petitioning.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using doj::v1::DojService;
using ins::v1::InsService;

constexpr int kPresenceDays = 365;
constexpr int kTries = 5;

ins::v1::DecisionTerms GrantTerms(const Play& play) {
  ins::v1::DecisionTerms terms;
  terms.set_outcome(ins::v1::DECISION_OUTCOME_GRANTED);
  terms.set_mechanism(ins::v1::PRESENCE_MECHANISM_PAROLE);
  *terms.mutable_effective_date() = play.Day(0);
  *terms.mutable_expires_on() = play.Day(kPresenceDays);
  ins::v1::WorkAuthorizationTerms* work = terms.mutable_work_authorization();
  work->set_basis(ins::v1::WORK_AUTHORIZATION_BASIS_PAROLE);
  *work->mutable_effective_date() = terms.effective_date();
  *work->mutable_expires_on() = terms.expires_on();
  return terms;
}

// Makes `request` on the petition as INS has it now; again when somebody was
// faster. Returns the petition after it.
template <typename Method, typename Request>
absl::StatusOr<ins::v1::Petition> Change(Play& play, const std::string& staff_id,
                                         const std::string& referral_id, Method method,
                                         Request request) {
  for (int i = 1;; ++i) {
    WS_ASSIGN_OR_RETURN(ins::v1::Petition present, ReadPetition(play, staff_id, referral_id));
    request.set_request_id(play.NewRequestId());
    request.set_referral_id(referral_id);
    request.set_expected_version(present.version());
    auto response = play.Ask(staff_id, method, request);
    if (response.ok()) return response->petition();
    if (!absl::IsAborted(response.status()) || i == kTries) return response.status();
  }
}

// As with casework: the end may be known before the message that says which.
bool HasOutcome(const doj::v1::Petition& petition) {
  if (petition.state() == types::v1::REFERRAL_STATE_ANSWERED) return petition.has_decision();
  return petition.state() != types::v1::REFERRAL_STATE_RETURNED || petition.return_reason() != 0;
}

}  // namespace

absl::StatusOr<std::string> OpenIntake(Play& play, const std::string& staff_id,
                                       const std::string& person) {
  doj::v1::OpenIntakeRequest request;
  request.set_request_id(play.NewRequestId());
  WS_ASSIGN_OR_RETURN(*request.mutable_unit(), play.UnitOf(staff_id));
  request.set_person(person);
  request.mutable_age()->set_bracket(types::v1::AGE_BRACKET_TWENTY_ONE_OR_OLDER);
  request.set_language("th");
  request.set_circumstances("SYNTHETIC. Kept to work in a household; documents were held back.");
  request.set_in_federal_custody(true);
  WS_ASSIGN_OR_RETURN(auto response, play.Ask(staff_id, &DojService::Stub::OpenIntake, request));
  return response.intake().person();
}

absl::Status RecordFinding(Play& play, const std::string& staff_id, const std::string& person) {
  doj::v1::RecordFindingRequest request;
  request.set_request_id(play.NewRequestId());
  request.set_person(person);
  WS_ASSIGN_OR_RETURN(*request.mutable_unit(), play.UnitOf(staff_id));
  request.set_result(doj::v1::FINDING_RESULT_SEVERE_FORM);
  types::v1::SevereFormElements* elements = request.mutable_elements();
  elements->set_act(types::v1::EXPLOITATION_ACT_LABOR_OR_SERVICES);
  elements->add_conduct(types::v1::TRAFFICKING_CONDUCT_RECRUITMENT);
  elements->add_conduct(types::v1::TRAFFICKING_CONDUCT_HARBORING);
  elements->add_means(types::v1::TRAFFICKING_MEANS_COERCION);
  elements->add_purposes(types::v1::LABOR_PURPOSE_INVOLUNTARY_SERVITUDE);
  request.set_evidence_summary("SYNTHETIC. Documents found locked away; threats of deportation.");
  *request.mutable_made_on() = play.Day(0);
  return play.Ask(staff_id, &DojService::Stub::RecordFinding, request).status();
}

absl::StatusOr<int> RecordDuties(Play& play, const std::string& staff_id,
                                 const std::string& person) {
  doj::v1::GetIntakeRequest get;
  get.set_person(person);
  WS_ASSIGN_OR_RETURN(auto intake, play.Ask(staff_id, &DojService::Stub::GetIntake, get));
  for (const doj::v1::MissingDuty& missing : intake.intake().missing_duties()) {
    doj::v1::RecordDutyRequest request;
    request.set_request_id(play.NewRequestId());
    request.set_person(person);
    request.set_kind(missing.kind());
    *request.mutable_done_on() = play.Day(0);
    WS_RETURN_IF_ERROR(play.Ask(staff_id, &DojService::Stub::RecordDuty, request).status());
  }
  return intake.intake().missing_duties_size();
}

absl::StatusOr<doj::v1::Petition> FilePetition(Play& play, const std::string& staff_id,
                                               const std::string& person, const Filing& filing) {
  doj::v1::FilePetitionRequest request;
  request.set_request_id(play.NewRequestId());
  WS_ASSIGN_OR_RETURN(*request.mutable_unit(), play.UnitOf(staff_id));
  request.set_person(person);
  request.set_acknowledge_warnings(filing.in_spite);
  if (filing.needed_within != absl::InfiniteDuration()) {
    *request.mutable_needed_by() = ToProto(play.Now() + filing.needed_within);
  }
  doj::v1::PetitionRequestTerms* terms = request.mutable_terms();
  terms->set_case_number(filing.case_number);
  terms->set_circumstances("SYNTHETIC. Needed to testify about servitude in a household.");
  terms->set_potential_witness_certified(true);
  *terms->mutable_requested_from() = play.Day(0);
  *terms->mutable_requested_until() = play.Day(kPresenceDays);
  WS_ASSIGN_OR_RETURN(auto response, play.Ask(staff_id, &DojService::Stub::FilePetition, request));
  return response.petition();
}

absl::StatusOr<doj::v1::Petition> AwaitFiled(Play& play, const std::string& staff_id,
                                             const std::string& referral_id,
                                             types::v1::ReferralState state) {
  doj::v1::GetPetitionRequest request;
  request.set_referral_id(referral_id);
  doj::v1::Petition found;
  WS_RETURN_IF_ERROR(play.Await(absl::StrCat("petition ", FormatReferralId(referral_id), ", ",
                                             Words(state), " for ", staff_id),
                                [&]() -> absl::StatusOr<bool> {
                                  WS_ASSIGN_OR_RETURN(
                                      auto response,
                                      play.Ask(staff_id, &DojService::Stub::GetPetition, request));
                                  found = std::move(*response.mutable_petition());
                                  return found.state() == state && HasOutcome(found);
                                }));
  return found;
}

absl::StatusOr<ins::v1::Petition> ReadPetition(Play& play, const std::string& staff_id,
                                               const std::string& referral_id) {
  ins::v1::GetPetitionRequest request;
  request.set_referral_id(referral_id);
  WS_ASSIGN_OR_RETURN(auto response, play.Ask(staff_id, &InsService::Stub::GetPetition, request));
  return response.petition();
}

absl::Status TakeUpPetition(Play& play, const std::string& staff_id,
                            const std::string& referral_id) {
  return Change(play, staff_id, referral_id, &InsService::Stub::TakeUpPetition,
                ins::v1::TakeUpPetitionRequest())
      .status();
}

absl::Status GrantPetition(Play& play, const std::string& first, const std::string& second,
                           const std::string& referral_id) {
  ins::v1::ProposeDecisionRequest propose;
  *propose.mutable_terms() = GrantTerms(play);
  WS_ASSIGN_OR_RETURN(
      ins::v1::Petition proposed,
      Change(play, first, referral_id, &InsService::Stub::ProposeDecision, std::move(propose)));
  ins::v1::ConfirmDecisionRequest confirm;
  confirm.set_proposal_id(proposed.proposal().proposal_id());
  return Change(play, second, referral_id, &InsService::Stub::ConfirmDecision, std::move(confirm))
      .status();
}

}  // namespace waystation::cli
