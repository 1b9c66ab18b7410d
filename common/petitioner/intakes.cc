#include "common/petitioner/intakes.h"

#include <string>
#include <utility>
#include <vector>

#include "common/agency/compliance.h"
#include "common/agency/fields.h"
#include "common/agency/page.h"
#include "common/agency/time_proto.h"
#include "common/casework/referrals.h"
#include "common/ids/handle.h"
#include "common/petitioner/casebook.h"
#include "common/status/status.h"
#include "common/statute/duties.h"
#include "waystation/audit/v1/compliance.pb.h"

namespace waystation::petitioner {
namespace {

// The casts between wire and law rest on these.
static_assert(static_cast<int>(statute::DutyKind::kProtection) == v1::DUTY_KIND_PROTECTION);
static_assert(static_cast<int>(statute::DutyKind::kTrainedStaff) == v1::DutyKind_MAX);

using agency::BadField;
using agency::CheckPerson;
using agency::CheckText;
using agency::CheckToken;
using agency::CheckUnit;
using agency::DayOf;
using agency::FillPage;
using agency::Officer;
using agency::PageAsked;
using agency::ReadPage;
using agency::TextLimits;
using agency::ToAge;
using agency::ToDay;
using agency::ToElements;
using agency::Tx;

constexpr std::string_view kFindingScope = "continued presence only; binds no other agency";
constexpr TextLimits kLongText{1, 8'000};
constexpr TextLimits kNotPracticable{0, 2'000};
constexpr size_t kLanguageBytesMax = 35;
constexpr char kList = 'k';

std::vector<statute::DutyRecord> ToLaw(const std::vector<v1::DutyRecord>& records) {
  std::vector<statute::DutyRecord> law;
  for (const v1::DutyRecord& record : records) {
    statute::DutyRecord& one = law.emplace_back();
    one.kind = static_cast<statute::DutyKind>(record.kind());
    if (record.has_done_on()) {
      const types::v1::Date& day = record.done_on();
      one.done_on = absl::CivilDay(day.year(), day.month(), day.day());
    }
    one.not_practicable_because = record.not_practicable_because();
  }
  return law;
}

std::vector<v1::MissingDuty> Missing(const std::vector<v1::DutyRecord>& records, bool in_custody) {
  std::vector<v1::MissingDuty> missing;
  for (const statute::Duty& duty : statute::MissingDuties(ToLaw(records), in_custody)) {
    v1::MissingDuty& one = missing.emplace_back();
    one.set_kind(static_cast<v1::DutyKind>(duty.kind));
    one.set_text(std::string(duty.rule.citation.text));
    one.set_citation(std::string(duty.rule.citation.section));
  }
  return missing;
}

// Fills in what depends on today and on other rows.
absl::Status Complete(Tx& tx, v1::Intake& intake) {
  const absl::CivilDay today = DayOf(tx.now());
  WS_ASSIGN_OR_RETURN(statute::PersonAge age, ToAge(intake.age(), today));
  intake.set_treated_as_child(statute::TreatedAsChild(age, today));
  WS_ASSIGN_OR_RETURN(std::vector<v1::DutyRecord> duties,
                      Casebook(tx.db()).Duties(intake.person()));
  const std::vector<v1::MissingDuty> missing = Missing(duties, intake.in_federal_custody());
  intake.mutable_missing_duties()->Assign(missing.begin(), missing.end());
  return absl::OkStatus();
}

// The auditor hears of every duty that is open and of those that were.
absl::Status ReportDuties(const v1::Intake& intake, Tx& tx) {
  audit::v1::ComplianceEvent event;
  audit::v1::DutyStanding& duties = *event.mutable_duties();
  duties.set_person(intake.person());
  duties.set_unit(intake.unit());
  *duties.mutable_since() = intake.opened_at();
  for (const v1::MissingDuty& missing : intake.missing_duties()) {
    audit::v1::OpenDuty& open = *duties.add_open();
    open.set_text(missing.text());
    open.set_citation(missing.citation());
  }
  return agency::Report(std::move(event), tx);
}

absl::Status CheckElements(const v1::RecordFindingRequest& request) {
  WS_ASSIGN_OR_RETURN(statute::SevereFormElements elements, ToElements(request.elements()));
  if (request.result() != v1::FINDING_RESULT_SEVERE_FORM) return absl::OkStatus();
  return statute::CheckSevereForm(elements);
}

absl::Status CheckFinding(const v1::RecordFindingRequest& request, absl::CivilDay today) {
  WS_RETURN_IF_ERROR(CheckPerson(request.person()));
  if (!v1::FindingResult_IsValid(request.result()) ||
      request.result() == v1::FINDING_RESULT_UNSPECIFIED) {
    return BadField("result", "not a result", absl::StrCat(request.result()), "a known result");
  }
  WS_RETURN_IF_ERROR(CheckText("evidence_summary", request.evidence_summary(), kLongText));
  WS_ASSIGN_OR_RETURN(absl::CivilDay made_on, ToDay("made_on", request.made_on()));
  if (made_on <= today) return absl::OkStatus();
  return BadField("made_on", "in the future", statute::DayText(made_on),
                  absl::StrCat("a day not after ", statute::DayText(today)));
}

absl::Status CheckIntake(const v1::OpenIntakeRequest& request, absl::CivilDay today) {
  WS_RETURN_IF_ERROR(ToAge(request.age(), today).status());
  if (!request.language().empty()) {
    WS_RETURN_IF_ERROR(CheckToken("language", request.language(), kLanguageBytesMax, "-"));
  }
  return CheckText("circumstances", request.circumstances(), kLongText);
}

absl::StatusOr<v1::DutyRecord> MakeDuty(const Officer& officer,
                                        const v1::RecordDutyRequest& request, Tx& tx) {
  WS_RETURN_IF_ERROR(
      CheckText("not_practicable_because", request.not_practicable_because(), kNotPracticable));
  statute::DutyRecord law;
  law.kind = static_cast<statute::DutyKind>(request.kind());
  if (request.has_done_on()) {
    WS_ASSIGN_OR_RETURN(law.done_on, ToDay("done_on", request.done_on()));
  }
  law.not_practicable_because = request.not_practicable_because();
  WS_RETURN_IF_ERROR(statute::CheckDutyRecord(law, DayOf(tx.now())));
  v1::DutyRecord duty;
  duty.set_kind(request.kind());
  if (request.has_done_on()) *duty.mutable_done_on() = request.done_on();
  duty.set_not_practicable_because(request.not_practicable_because());
  *duty.mutable_recorded_by() = officer;
  *duty.mutable_recorded_at() = agency::ToProtoTime(tx.now());
  duty.set_citation(std::string(statute::FindDuty(law.kind)->rule.citation.section));
  return duty;
}

// The handle that the intake goes by: the one that came with the person, or a new one.
absl::StatusOr<std::string> HandleFor(const Petitioner& petitioner,
                                      const v1::OpenIntakeRequest& request, Tx& tx) {
  const std::string& person = request.person();
  if (person.empty()) return NewHandle("pv", petitioner.random);
  WS_RETURN_IF_ERROR(CheckPerson(person));
  WS_ASSIGN_OR_RETURN(bool known, petitioner.knows_person(person, request.unit(), tx));
  if (!known) return NotHere("PERSON_UNKNOWN", "person");
  absl::StatusOr<v1::Intake> present = Casebook(tx.db()).GetIntake(person);
  if (absl::IsNotFound(present.status())) return person;
  WS_RETURN_IF_ERROR(present.status());
  return Refusal(absl::StatusCode::kAlreadyExists, "INTAKE_EXISTS",
                 Problem("person", "has an intake", Quoted(person), "a handle without one"));
}

}  // namespace

absl::Status CheckOwnUnit(const Petitioner& petitioner, const Officer& officer,
                          std::string_view unit) {
  WS_RETURN_IF_ERROR(CheckUnit("unit", unit, petitioner.agency));
  return casework::CheckOwnUnit(officer, unit);
}

absl::StatusOr<v1::Intake> SeenIntake(const Petitioner& petitioner, const Officer& officer,
                                      std::string_view person, Tx& tx) {
  WS_RETURN_IF_ERROR(CheckPerson(person));
  WS_ASSIGN_OR_RETURN(v1::Intake intake, Casebook(tx.db()).GetIntake(person));
  if (petitioner.Sees(officer, intake.unit())) return intake;
  return NotHere("PERSON_UNKNOWN", "person");
}

absl::Status OpenIntake(const Petitioner& petitioner, const Officer& officer,
                        const v1::OpenIntakeRequest& request, Tx& tx,
                        v1::OpenIntakeResponse& response) {
  WS_RETURN_IF_ERROR(CheckOwnUnit(petitioner, officer, request.unit()));
  WS_RETURN_IF_ERROR(CheckIntake(request, DayOf(tx.now())));
  v1::Intake& intake = *response.mutable_intake();
  WS_ASSIGN_OR_RETURN(*intake.mutable_person(), HandleFor(petitioner, request, tx));
  intake.set_unit(request.unit());
  if (request.has_age()) *intake.mutable_age() = request.age();
  intake.set_language(request.language());
  intake.set_circumstances(request.circumstances());
  intake.set_in_federal_custody(request.in_federal_custody());
  *intake.mutable_opened_by() = officer;
  *intake.mutable_opened_at() = agency::ToProtoTime(tx.now());
  WS_RETURN_IF_ERROR(Casebook(tx.db()).AddIntake(intake));
  WS_RETURN_IF_ERROR(Complete(tx, intake));
  return ReportDuties(intake, tx);
}

absl::Status RecordFinding(const Petitioner& petitioner, const Officer& officer,
                           const v1::RecordFindingRequest& request, Tx& tx,
                           v1::RecordFindingResponse& response) {
  WS_RETURN_IF_ERROR(CheckOwnUnit(petitioner, officer, request.unit()));
  WS_RETURN_IF_ERROR(CheckFinding(request, DayOf(tx.now())));
  WS_RETURN_IF_ERROR(SeenIntake(petitioner, officer, request.person(), tx).status());
  WS_RETURN_IF_ERROR(CheckElements(request));
  v1::Finding& finding = *response.mutable_finding();
  finding.set_finding_id(NewHandle("fd", petitioner.random));
  finding.set_unit(request.unit());
  finding.set_result(request.result());
  *finding.mutable_elements() = request.elements();
  *finding.mutable_made_on() = request.made_on();
  *finding.mutable_recorded_by() = officer;
  finding.set_evidence_summary(request.evidence_summary());
  finding.set_scope(std::string(kFindingScope));
  return Casebook(tx.db()).AddFinding(request.person(), finding);
}

absl::Status RecordDuty(const Petitioner& petitioner, const Officer& officer,
                        const v1::RecordDutyRequest& request, Tx& tx,
                        v1::RecordDutyResponse& response) {
  WS_ASSIGN_OR_RETURN(v1::Intake intake, SeenIntake(petitioner, officer, request.person(), tx));
  WS_ASSIGN_OR_RETURN(*response.mutable_duty(), MakeDuty(officer, request, tx));
  WS_RETURN_IF_ERROR(Casebook(tx.db()).AddDuty(request.person(), response.duty()));
  WS_RETURN_IF_ERROR(Complete(tx, intake));
  WS_RETURN_IF_ERROR(ReportDuties(intake, tx));
  response.mutable_missing_duties()->Swap(intake.mutable_missing_duties());
  return absl::OkStatus();
}

absl::Status GetIntake(const Petitioner& petitioner, const Officer& officer,
                       const v1::GetIntakeRequest& request, Tx& tx,
                       v1::GetIntakeResponse& response) {
  Casebook book(tx.db());
  v1::Intake& intake = *response.mutable_intake();
  WS_ASSIGN_OR_RETURN(intake, SeenIntake(petitioner, officer, request.person(), tx));
  WS_ASSIGN_OR_RETURN(std::vector<v1::Finding> findings, book.Findings(request.person()));
  WS_ASSIGN_OR_RETURN(std::vector<v1::DutyRecord> duties, book.Duties(request.person()));
  intake.mutable_findings()->Assign(findings.begin(), findings.end());
  intake.mutable_duties()->Assign(duties.begin(), duties.end());
  return Complete(tx, intake);
}

absl::Status ListIntakes(const Petitioner& petitioner, const Officer& officer,
                         const v1::ListIntakesRequest& request, Tx& tx,
                         v1::ListIntakesResponse& response) {
  if (!request.unit().empty()) {
    WS_RETURN_IF_ERROR(CheckUnit("unit", request.unit(), petitioner.agency));
  }
  WS_ASSIGN_OR_RETURN(PageAsked page, ReadPage(request.page_size(), request.page_token(), kList));
  auto fetch = [&](int64_t before, int limit) {
    return Casebook(tx.db()).Intakes(request.unit(), before, limit);
  };
  auto keep = [&](v1::Intake& intake) -> absl::StatusOr<bool> {
    if (!petitioner.Sees(officer, intake.unit())) return false;
    WS_RETURN_IF_ERROR(Complete(tx, intake));
    if (request.only_missing_duties() && intake.missing_duties().empty()) return false;
    *response.add_intakes() = std::move(intake);
    return true;
  };
  WS_ASSIGN_OR_RETURN(*response.mutable_next_page_token(), FillPage(page, kList, fetch, keep));
  return absl::OkStatus();
}

}  // namespace waystation::petitioner
