#include "tests/e2e/officers.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include "absl/time/civil_time.h"
#include "common/ids/random.h"
#include "common/ids/uuid.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"

namespace waystation::harness {
namespace {

using doj::v1::DojService;
using ins::v1::InsService;

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr auto kPauseMax = std::chrono::milliseconds(64);
constexpr int kPageSize = 200;
constexpr char kAgent[] = "agent-1101";
constexpr char kAdjudicator[] = "adjudicator-2101";
constexpr int kPresenceDays = 365;

std::string NewRequestId() {
  static SystemClock clock;
  static auto& ids = *new UuidV7Generator(clock, SystemRandom);
  return ids.Next();
}

types::v1::Date Day(int from_today) {
  absl::CivilDay day = absl::ToCivilDay(SystemClock().Now(), absl::UTCTimeZone()) + from_today;
  types::v1::Date date;
  date.set_year(static_cast<int>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

bool IsUnknownOutcome(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
         status.error_code() == grpc::StatusCode::CANCELLED;
}

ins::v1::DecisionTerms DenyTerms() {
  ins::v1::DecisionTerms terms;
  terms.set_outcome(ins::v1::DECISION_OUTCOME_DENIED);
  terms.set_reasons("SYNTHETIC. Not needed to testify on the facts given.");
  return terms;
}

ins::v1::DecisionTerms GrantTerms() {
  ins::v1::DecisionTerms terms;
  terms.set_outcome(ins::v1::DECISION_OUTCOME_GRANTED);
  terms.set_mechanism(ins::v1::PRESENCE_MECHANISM_PAROLE);
  *terms.mutable_effective_date() = Day(0);
  *terms.mutable_expires_on() = Day(kPresenceDays);
  ins::v1::WorkAuthorizationTerms* work = terms.mutable_work_authorization();
  work->set_basis(ins::v1::WORK_AUTHORIZATION_BASIS_PAROLE);
  *work->mutable_effective_date() = terms.effective_date();
  *work->mutable_expires_on() = terms.expires_on();
  return terms;
}

doj::v1::RecordFindingRequest FindingRequest(const std::string& unit, const std::string& person) {
  doj::v1::RecordFindingRequest request;
  request.set_request_id(NewRequestId());
  request.set_person(person);
  request.set_unit(unit);
  request.set_result(doj::v1::FINDING_RESULT_SEVERE_FORM);
  types::v1::SevereFormElements* elements = request.mutable_elements();
  elements->set_act(types::v1::EXPLOITATION_ACT_LABOR_OR_SERVICES);
  elements->add_conduct(types::v1::TRAFFICKING_CONDUCT_HARBORING);
  elements->add_means(types::v1::TRAFFICKING_MEANS_COERCION);
  elements->add_purposes(types::v1::LABOR_PURPOSE_DEBT_BONDAGE);
  request.set_evidence_summary("SYNTHETIC. Ledger of debts; threats of deportation.");
  *request.mutable_made_on() = Day(0);
  return request;
}

doj::v1::FilePetitionRequest PetitionRequest(const std::string& unit, const std::string& person,
                                             const std::string& case_number) {
  doj::v1::FilePetitionRequest request;
  request.set_request_id(NewRequestId());
  request.set_unit(unit);
  request.set_person(person);
  request.set_acknowledge_warnings(true);
  doj::v1::PetitionRequestTerms* terms = request.mutable_terms();
  terms->set_case_number(case_number);
  terms->set_circumstances("SYNTHETIC. Needed to testify about a debt bondage scheme.");
  terms->set_potential_witness_certified(true);
  *terms->mutable_requested_from() = Day(0);
  *terms->mutable_requested_until() = Day(kPresenceDays);
  return request;
}

// Asks until a petition is there in `state`, ever more rarely: an officer who
// waits must not keep the service busy.
template <typename Petition>
Petition AwaitState(const std::string& what, types::v1::ReferralState state,
                    const std::function<absl::StatusOr<Petition>()>& ask) {
  absl::StatusOr<Petition> seen;
  auto pause = std::chrono::milliseconds(1);
  bool arrived = Eventually(
      [&] {
        seen = ask();
        if (seen.ok() && seen->state() == state) return true;
        std::this_thread::sleep_for(pause);
        pause = std::min(2 * pause, kPauseMax);
        return false;
      },
      kPatience);
  if (!arrived) {
    Fatal(what + ": is not in state " + types::v1::ReferralState_Name(state) + " but " +
          (seen.ok() ? types::v1::ReferralState_Name(seen->state()) : seen.status().ToString()));
  }
  return *std::move(seen);
}

}  // namespace

bool HasOutcome(const doj::v1::Petition& petition) {
  if (petition.state() == types::v1::REFERRAL_STATE_ANSWERED) return petition.has_decision();
  return petition.state() == types::v1::REFERRAL_STATE_RETURNED && petition.return_reason() != 0;
}

Officers::Officers(TestBus& bus) {
  for (const cli::DevOfficer& officer : bus.layout().officers()) {
    const std::string agency(officer.agency);
    const std::string path = "/agency/" + agency;
    Desk& desk = desks_[std::string(officer.staff_id)];
    desk.calls = &calls_[agency];
    desk.unit = officer.unit;
    desk.channel = bus.ChannelTo(bus.Files(path + "/staff/" + std::string(officer.staff_id)),
                                 bus.agency_address(agency), path);
    desk.stubs = {DojService::NewStub(desk.channel), InsService::NewStub(desk.channel)};
  }
}

// Calls until the outcome is known.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Officers::Ask(const Desk& desk,
                                       grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                    const Request&, Response*),
                                       const Request& request) {
  Stub& stub = *std::get<std::unique_ptr<Stub>>(desk.stubs);
  absl::StatusOr<Response> answer = absl::DeadlineExceededError("service: does not come back");
  Eventually(
      [&] {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
        context.set_wait_for_ready(true);
        Response response;
        ++desk.calls->under_way;
        grpc::Status status = (stub.*method)(&context, request, &response);
        --desk.calls->under_way;
        ++(IsUnknownOutcome(status) ? desk.calls->cut_off : desk.calls->answered);
        if (IsUnknownOutcome(status)) return false;
        if (status.ok()) {
          answer = std::move(response);
        } else {
          answer = rpc::FromGrpcStatus(status);
        }
        return true;
      },
      kPatience);
  return answer;
}

template <typename Item, typename Stub, typename Request, typename Response, typename Items>
std::vector<Item> Officers::AllPages(const std::string& staff_id,
                                     grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                  const Request&, Response*),
                                     Request request, const Items& items) {
  std::vector<Item> all;
  request.set_page_size(kPageSize);
  do {
    Response page = Must(Ask(At(staff_id), method, request), "list");
    for (Item& item : *items(page)) all.push_back(std::move(item));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return all;
}

std::string Officers::File(const std::string& staff_id, const std::string& case_number,
                           size_t duties_max) {
  const Desk& desk = At(staff_id);
  doj::v1::OpenIntakeRequest open;
  open.set_request_id(NewRequestId());
  open.set_unit(desk.unit);
  open.mutable_age()->set_bracket(types::v1::AGE_BRACKET_TWENTY_ONE_OR_OLDER);
  open.set_language("th");
  open.set_circumstances("SYNTHETIC. Found at a workplace inspection.");
  open.set_in_federal_custody(true);
  auto intake = Must(Ask(desk, &DojService::Stub::OpenIntake, open), "open intake").intake();
  const std::string& person = intake.person();
  Must(Ask(desk, &DojService::Stub::RecordFinding, FindingRequest(desk.unit, person)),
       "record finding");
  std::vector<doj::v1::DutyKind> kinds;
  for (const auto& missing : intake.missing_duties()) {
    if (kinds.size() < duties_max) kinds.push_back(missing.kind());
  }
  RecordDuties(desk, person, kinds);
  auto filed = Must(
      Ask(desk, &DojService::Stub::FilePetition, PetitionRequest(desk.unit, person, case_number)),
      "file petition");
  return filed.petition().referral_id();
}

void Officers::RecordDuties(const Desk& desk, const std::string& person,
                            const std::vector<doj::v1::DutyKind>& kinds) {
  for (doj::v1::DutyKind kind : kinds) {
    doj::v1::RecordDutyRequest duty;
    duty.set_request_id(NewRequestId());
    duty.set_person(person);
    duty.set_kind(kind);
    *duty.mutable_done_on() = Day(0);
    Must(Ask(desk, &DojService::Stub::RecordDuty, duty), "record duty");
  }
}

ins::v1::Petition Officers::TakeUp(const Desk& desk, const std::string& referral_id) {
  auto present = AwaitAtIns(referral_id, types::v1::REFERRAL_STATE_RECEIVED);
  ins::v1::TakeUpPetitionRequest request;
  request.set_request_id(NewRequestId());
  request.set_referral_id(referral_id);
  request.set_expected_version(present.version());
  return Must(Ask(desk, &InsService::Stub::TakeUpPetition, request), "take up").petition();
}

void Officers::Decide(const std::string& referral_id, const ins::v1::DecisionTerms& terms) {
  const Desk& first = At(kAdjudicator);
  ins::v1::Petition present = TakeUp(first, referral_id);
  ins::v1::ProposeDecisionRequest propose;
  propose.set_request_id(NewRequestId());
  propose.set_referral_id(referral_id);
  propose.set_expected_version(present.version());
  *propose.mutable_terms() = terms;
  auto proposed = Must(Ask(first, &InsService::Stub::ProposeDecision, propose), "propose");
  ins::v1::ConfirmDecisionRequest confirm;
  confirm.set_request_id(NewRequestId());
  confirm.set_referral_id(referral_id);
  confirm.set_expected_version(proposed.petition().version());
  confirm.set_proposal_id(proposed.petition().proposal().proposal_id());
  Must(Ask(At("supervisor-2103"), &InsService::Stub::ConfirmDecision, confirm), "confirm");
}

void Officers::Grant(const std::string& referral_id) { Decide(referral_id, GrantTerms()); }

void Officers::Deny(const std::string& referral_id) { Decide(referral_id, DenyTerms()); }

ins::v1::Petition Officers::AwaitAtIns(const std::string& referral_id,
                                       types::v1::ReferralState state) {
  ins::v1::GetPetitionRequest request;
  request.set_referral_id(referral_id);
  return AwaitState<ins::v1::Petition>(
      "petition at INS", state, [&]() -> absl::StatusOr<ins::v1::Petition> {
        WS_ASSIGN_OR_RETURN(auto response,
                            Ask(At(kAdjudicator), &InsService::Stub::GetPetition, request));
        return response.petition();
      });
}

doj::v1::Petition Officers::AwaitAtDoj(const std::string& referral_id,
                                       types::v1::ReferralState state) {
  doj::v1::GetPetitionRequest request;
  request.set_referral_id(referral_id);
  return AwaitState<doj::v1::Petition>(
      "petition at DOJ", state, [&]() -> absl::StatusOr<doj::v1::Petition> {
        WS_ASSIGN_OR_RETURN(auto response,
                            Ask(At(kAgent), &DojService::Stub::GetPetition, request));
        if (HasOutcome(response.petition())) return response.petition();
        return absl::NotFoundError("the message of the last step is under way");
      });
}

std::vector<doj::v1::Intake> Officers::Intakes() {
  std::vector<doj::v1::Intake> all = AllPages<doj::v1::Intake>(
      kAgent, &DojService::Stub::ListIntakes, doj::v1::ListIntakesRequest(),
      [](auto& page) { return page.mutable_intakes(); });
  for (doj::v1::Intake& intake : all) {
    doj::v1::GetIntakeRequest request;
    request.set_person(intake.person());
    intake = Must(Ask(At(kAgent), &DojService::Stub::GetIntake, request), "intake").intake();
  }
  return all;
}

std::vector<doj::v1::Petition> Officers::DojPetitions() {
  return AllPages<doj::v1::Petition>(kAgent, &DojService::Stub::ListPetitions,
                                     doj::v1::ListPetitionsRequest(),
                                     [](auto& page) { return page.mutable_petitions(); });
}

std::vector<ins::v1::Petition> Officers::InsPetitions() {
  return AllPages<ins::v1::Petition>(kAdjudicator, &InsService::Stub::ListPetitions,
                                     ins::v1::ListPetitionsRequest(),
                                     [](auto& page) { return page.mutable_petitions(); });
}

std::vector<ins::v1::Presence> Officers::Presences() {
  return AllPages<ins::v1::Presence>(kAdjudicator, &InsService::Stub::ListPresences,
                                     ins::v1::ListPresencesRequest(),
                                     [](auto& page) { return page.mutable_presences(); });
}

}  // namespace waystation::harness
