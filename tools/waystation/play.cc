#include "tools/waystation/play.h"

#include <utility>

#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/present.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using doj::v1::DojService;
using ins::v1::InsService;

constexpr absl::Duration kAskAgain = absl::Milliseconds(10);
constexpr absl::Duration kDeliveryPatience = absl::Seconds(15);
constexpr int kPresenceDays = 365;

types::v1::Date Day(const Session& session, int days_from_today) {
  // The form "+Nd" is always a day.
  return *ParseDate("day", absl::StrCat("+", days_from_today, "d"), session.clock.Now());
}

ins::v1::DecisionTerms GrantTerms(const Session& session) {
  ins::v1::DecisionTerms terms;
  terms.set_outcome(ins::v1::DECISION_OUTCOME_GRANTED);
  terms.set_mechanism(ins::v1::PRESENCE_MECHANISM_PAROLE);
  *terms.mutable_effective_date() = Day(session, 0);
  *terms.mutable_expires_on() = Day(session, kPresenceDays);
  ins::v1::WorkAuthorizationTerms* work = terms.mutable_work_authorization();
  work->set_basis(ins::v1::WORK_AUTHORIZATION_BASIS_PAROLE);
  *work->mutable_effective_date() = terms.effective_date();
  *work->mutable_expires_on() = terms.expires_on();
  return terms;
}

}  // namespace

absl::StatusOr<Officer> Play::As(const std::string& staff_id) const {
  return Officer::Of(session_, profile_, "", staff_id);
}

absl::StatusOr<std::string> Play::Intake(const std::string& staff_id) {
  WS_ASSIGN_OR_RETURN(Officer officer, As(staff_id));
  doj::v1::OpenIntakeRequest request;
  request.set_request_id(RequestId(session_, ""));
  request.set_unit(officer.staff().unit());
  request.mutable_age()->set_bracket(types::v1::AGE_BRACKET_TWENTY_ONE_OR_OLDER);
  request.set_language("th");
  request.set_circumstances(
      "SYNTHETIC. Found at a workplace inspection; documents were held back.");
  request.set_in_federal_custody(true);
  WS_ASSIGN_OR_RETURN(auto response, officer.Doj(&DojService::Stub::OpenIntake, request));
  return response.intake().person();
}

absl::Status Play::Finding(const std::string& staff_id, const std::string& person) {
  WS_ASSIGN_OR_RETURN(Officer officer, As(staff_id));
  doj::v1::RecordFindingRequest request;
  request.set_request_id(RequestId(session_, ""));
  request.set_person(person);
  request.set_unit(officer.staff().unit());
  request.set_result(doj::v1::FINDING_RESULT_SEVERE_FORM);
  types::v1::SevereFormElements* elements = request.mutable_elements();
  elements->set_act(types::v1::EXPLOITATION_ACT_LABOR_OR_SERVICES);
  elements->add_conduct(types::v1::TRAFFICKING_CONDUCT_RECRUITMENT);
  elements->add_conduct(types::v1::TRAFFICKING_CONDUCT_HARBORING);
  elements->add_means(types::v1::TRAFFICKING_MEANS_COERCION);
  elements->add_purposes(types::v1::LABOR_PURPOSE_DEBT_BONDAGE);
  request.set_evidence_summary("SYNTHETIC. Ledger of debts; threats of deportation.");
  *request.mutable_made_on() = Day(session_, 0);
  return officer.Doj(&DojService::Stub::RecordFinding, request).status();
}

absl::StatusOr<int> Play::Duties(const std::string& staff_id, const std::string& person) {
  WS_ASSIGN_OR_RETURN(Officer officer, As(staff_id));
  doj::v1::GetIntakeRequest get;
  get.set_person(person);
  WS_ASSIGN_OR_RETURN(auto intake, officer.Doj(&DojService::Stub::GetIntake, get));
  for (const doj::v1::MissingDuty& missing : intake.intake().missing_duties()) {
    doj::v1::RecordDutyRequest request;
    request.set_request_id(RequestId(session_, ""));
    request.set_person(person);
    request.set_kind(missing.kind());
    *request.mutable_done_on() = Day(session_, 0);
    WS_RETURN_IF_ERROR(officer.Doj(&DojService::Stub::RecordDuty, request).status());
  }
  return intake.intake().missing_duties_size();
}

absl::StatusOr<doj::v1::Petition> Play::File(const std::string& staff_id, const std::string& person,
                                             const std::string& case_number, bool acknowledge,
                                             absl::Duration needed_within) {
  WS_ASSIGN_OR_RETURN(Officer officer, As(staff_id));
  doj::v1::FilePetitionRequest request;
  request.set_request_id(RequestId(session_, ""));
  request.set_unit(officer.staff().unit());
  request.set_person(person);
  request.set_acknowledge_warnings(acknowledge);
  if (needed_within != absl::InfiniteDuration()) {
    *request.mutable_needed_by() = ToProto(session_.clock.Now() + needed_within);
  }
  doj::v1::PetitionRequestTerms* terms = request.mutable_terms();
  terms->set_case_number(case_number);
  terms->set_circumstances("SYNTHETIC. Needed to testify about a debt bondage scheme.");
  terms->set_potential_witness_certified(true);
  *terms->mutable_requested_from() = Day(session_, 0);
  *terms->mutable_requested_until() = Day(session_, kPresenceDays);
  WS_ASSIGN_OR_RETURN(auto response, officer.Doj(&DojService::Stub::FilePetition, request));
  return response.petition();
}

absl::StatusOr<ins::v1::Petition> Play::TakeUp(const std::string& staff_id,
                                               const std::string& referral_id) {
  WS_ASSIGN_OR_RETURN(Officer officer, As(staff_id));
  WS_ASSIGN_OR_RETURN(ins::v1::Petition present, PresentPetition(officer, referral_id));
  ins::v1::TakeUpPetitionRequest request;
  request.set_request_id(RequestId(session_, ""));
  request.set_referral_id(referral_id);
  request.set_expected_version(present.version());
  WS_ASSIGN_OR_RETURN(auto response, officer.Ins(&InsService::Stub::TakeUpPetition, request));
  return response.petition();
}

absl::StatusOr<ins::v1::Petition> Play::Grant(const std::string& first, const std::string& second,
                                              const std::string& referral_id) {
  WS_ASSIGN_OR_RETURN(Officer proposer, As(first));
  WS_ASSIGN_OR_RETURN(ins::v1::Petition present, PresentPetition(proposer, referral_id));
  ins::v1::ProposeDecisionRequest propose;
  propose.set_request_id(RequestId(session_, ""));
  propose.set_referral_id(referral_id);
  propose.set_expected_version(present.version());
  *propose.mutable_terms() = GrantTerms(session_);
  WS_ASSIGN_OR_RETURN(auto proposed, proposer.Ins(&InsService::Stub::ProposeDecision, propose));
  WS_ASSIGN_OR_RETURN(Officer countersigner, As(second));
  ins::v1::ConfirmDecisionRequest confirm;
  confirm.set_request_id(RequestId(session_, ""));
  confirm.set_referral_id(referral_id);
  confirm.set_expected_version(proposed.petition().version());
  confirm.set_proposal_id(proposed.petition().proposal().proposal_id());
  WS_ASSIGN_OR_RETURN(auto confirmed,
                      countersigner.Ins(&InsService::Stub::ConfirmDecision, confirm));
  return confirmed.petition();
}

absl::StatusOr<std::string> Play::ReturnByLaw(const std::string& staff_id,
                                              const std::string& referral_id) {
  WS_ASSIGN_OR_RETURN(Officer officer, As(staff_id));
  WS_ASSIGN_OR_RETURN(ins::v1::Petition present, PresentPetition(officer, referral_id));
  if (present.refusals_size() == 0) {
    return absl::FailedPreconditionError(
        Problem("petition", "no rule of law stands against it", "none", "UNIT_MAY_NOT_PETITION"));
  }
  const ins::v1::RuleRefusal& rule = present.refusals(0);
  ins::v1::ReturnPetitionRequest request;
  request.set_request_id(RequestId(session_, ""));
  request.set_referral_id(referral_id);
  request.set_expected_version(present.version());
  request.set_reason(types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW);
  request.set_citation(rule.citation());
  request.set_reason_text(rule.text());
  WS_RETURN_IF_ERROR(officer.Ins(&InsService::Stub::ReturnPetition, request).status());
  return rule.citation();
}

absl::StatusOr<ins::v1::Petition> Play::AtIns(const std::string& referral_id) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::Of(session_, profile_, "ins", ""));
  return PresentPetition(officer, referral_id);
}

absl::StatusOr<doj::v1::Petition> Play::AtDoj(const std::string& referral_id) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::Of(session_, profile_, "doj", ""));
  return FiledPetition(officer, referral_id);
}

absl::StatusOr<bus::v1::Referral> Play::Ledger(const std::string& referral_id) {
  WS_ASSIGN_OR_RETURN(HistorySource source, HistorySource::Open(session_, profile_));
  return source.Referral(referral_id);
}

absl::StatusOr<VerifiedHistory> Play::History(const std::string& referral_id) {
  WS_ASSIGN_OR_RETURN(HistorySource source, HistorySource::Open(session_, profile_));
  return source.History(referral_id);
}

absl::Status Play::Await(const std::string& what, absl::Duration patience,
                         const std::function<absl::StatusOr<bool>()>& done) {
  const absl::Duration deadline = session_.clock.Monotonic() + patience;
  while (true) {
    absl::StatusOr<bool> now = done();
    if (now.ok() && *now) return absl::OkStatus();
    if (!now.ok() && !absl::IsNotFound(now.status())) return now.status();
    if (session_.clock.Monotonic() > deadline) {
      return WithNext(absl::DeadlineExceededError(Problem(
                          what, "did not happen", "nothing in " + absl::FormatDuration(patience),
                          "the services' logs in " + bus_.layout().dir() + "/log")),
                      "waystation status");
    }
    WS_RETURN_IF_ERROR(bus_.Watch(kAskAgain));
  }
}

absl::Status Play::AwaitReceived(const std::string& referral_id) {
  // One connection for all questions: a handshake would be most of the time.
  WS_ASSIGN_OR_RETURN(HistorySource source, HistorySource::Open(session_, profile_));
  return Await("delivery of the petition to INS", kDeliveryPatience, [&]() -> absl::StatusOr<bool> {
    WS_ASSIGN_OR_RETURN(auto referral, source.Referral(referral_id));
    return referral.state() != types::v1::REFERRAL_STATE_REQUESTED;
  });
}

}  // namespace waystation::cli
