#include <string>
#include <vector>

#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

using doj::v1::DojService;

struct OpenOptions {
  std::string as;
  std::string request_id;
  std::string unit;
  std::string person;
  std::string age;
  std::string born;
  std::string language;
  std::string circumstances;
  bool in_custody = false;
};

void DeclareOpen(CLI::App& verb, OpenOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("--unit", options.unit, "Unit that opens it (default: the officer's)");
  verb.add_option("--person", options.person,
                  "Handle that came with a complaint, pv-... (default: a new one)");
  auto* age = verb.add_option("--age", options.age,
                              "under-fifteen, fifteen-to-seventeen, eighteen-to-twenty or "
                              "twenty-one-or-older (unset: unknown, treated as a child)");
  verb.add_option("--born", options.born, "Date of birth, e.g. 1984-05-01")->excludes(age);
  verb.add_option("--language", options.language, "Language, BCP 47, e.g. th");
  verb.add_option("--circumstances", options.circumstances, "Circumstances, without names")
      ->required();
  verb.add_flag("--in-custody", options.in_custody, "In federal custody");
}

absl::Status FillAge(const OpenOptions& options, absl::Time now, types::v1::PersonAge* age) {
  if (!options.born.empty()) {
    WS_ASSIGN_OR_RETURN(*age->mutable_birth_date(), ParseDate("--born", options.born, now));
  } else if (!options.age.empty()) {
    WS_ASSIGN_OR_RETURN(auto bracket, ParseWords<types::v1::AgeBracket>("--age", options.age));
    age->set_bracket(bracket);
  }
  return absl::OkStatus();
}

void ShowIntake(Session& session, const doj::v1::Intake& intake) {
  std::vector<std::pair<std::string, Cell>> fields = {
      {"person", intake.person()},
      {"unit", intake.unit()},
      {"treated as a child", intake.treated_as_child() ? "yes" : "no"},
      {"opened",
       absl::StrCat(TimeText(intake.opened_at()), " by ", intake.opened_by().staff_id())}};
  for (const doj::v1::Finding& finding : intake.findings()) {
    fields.push_back({"finding", absl::StrCat(Words(finding.result()), " by ", finding.unit(), ", ",
                                              finding.scope())});
  }
  for (const doj::v1::DutyRecord& duty : intake.duties()) {
    fields.push_back({"duty", absl::StrCat(Words(duty.kind()), ": ",
                                           duty.has_done_on() ? "done " + FormatDate(duty.done_on())
                                                              : "not practicable")});
  }
  for (const doj::v1::MissingDuty& duty : intake.missing_duties()) {
    fields.push_back({"missing duty",
                      Cell(absl::StrCat(Words(duty.kind()), ", ", duty.citation()), Tone::kBad)});
  }
  session.out.Show(intake, fields);
}

absl::Status RunOpen(Session& session, const OpenOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtPetitioner(session, options.as));
  doj::v1::OpenIntakeRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_unit(options.unit.empty() ? officer.staff().unit() : options.unit);
  request.set_person(options.person);
  request.set_language(options.language);
  request.set_circumstances(options.circumstances);
  request.set_in_federal_custody(options.in_custody);
  types::v1::PersonAge age;
  WS_RETURN_IF_ERROR(FillAge(options, session.clock.Now(), &age));
  if (age.known_case() != types::v1::PersonAge::KNOWN_NOT_SET) *request.mutable_age() = age;
  auto response = officer.Doj(&DojService::Stub::OpenIntake, request);
  if (!response.ok()) return WithRetry(response.status(), request.request_id());
  ShowIntake(session, response->intake());
  return absl::OkStatus();
}

struct PersonOptions {
  std::string as;
  std::string person;
};

void DeclareShow(CLI::App& verb, PersonOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("PERSON", options.person, "Handle, pv-...")->required();
}

absl::Status RunShow(Session& session, const PersonOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtPetitioner(session, options.as));
  doj::v1::GetIntakeRequest request;
  request.set_person(options.person);
  WS_ASSIGN_OR_RETURN(auto response, officer.Doj(&DojService::Stub::GetIntake, request));
  ShowIntake(session, response.intake());
  return absl::OkStatus();
}

struct ListOptions {
  std::string as;
  std::string unit;
  bool missing_duties = false;
};

void DeclareList(CLI::App& verb, ListOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("--unit", options.unit, "Only intakes that this unit opened");
  verb.add_flag("--missing-duties", options.missing_duties, "Only intakes with a missing duty");
}

absl::Status RunList(Session& session, const ListOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtPetitioner(session, options.as));
  std::vector<doj::v1::Intake> intakes;
  doj::v1::ListIntakesRequest request;
  request.set_unit(options.unit);
  request.set_only_missing_duties(options.missing_duties);
  do {
    WS_ASSIGN_OR_RETURN(auto page, officer.Doj(&DojService::Stub::ListIntakes, request));
    intakes.insert(intakes.end(), page.intakes().begin(), page.intakes().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  Table table{{"PERSON", "UNIT", "OPENED", "CHILD", "MISSING DUTIES"}, {}};
  for (const doj::v1::Intake& intake : intakes) {
    table.rows.push_back({intake.person(), intake.unit(), TimeText(intake.opened_at()),
                          intake.treated_as_child() ? "yes" : "no",
                          absl::StrCat(intake.missing_duties_size())});
  }
  session.out.List(intakes, table, "no intake");
  return absl::OkStatus();
}

struct DutyOptions {
  std::string as;
  std::string request_id;
  std::string person;
  std::string kind;
  std::string done_on;
  std::string not_practicable;
};

void DeclareDuty(CLI::App& verb, DutyOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("PERSON", options.person, "Handle, pv-...")->required();
  verb.add_option("KIND", options.kind, "The duty, e.g. medical-care, rights-information")
      ->required();
  auto* done = verb.add_option("--done-on", options.done_on, "Day it was done, e.g. today");
  verb.add_option("--not-practicable", options.not_practicable, "Why not, without names")
      ->excludes(done);
}

absl::Status RunDuty(Session& session, const DutyOptions& options) {
  doj::v1::RecordDutyRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_person(options.person);
  WS_ASSIGN_OR_RETURN(auto kind, ParseWords<doj::v1::DutyKind>("KIND", options.kind));
  request.set_kind(kind);
  if (!options.not_practicable.empty()) {
    request.set_not_practicable_because(options.not_practicable);
  } else {
    WS_ASSIGN_OR_RETURN(*request.mutable_done_on(),
                        ParseDate("--done-on", options.done_on, session.clock.Now()));
  }
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtPetitioner(session, options.as));
  auto response = officer.Doj(&DojService::Stub::RecordDuty, request);
  if (!response.ok()) return WithRetry(response.status(), request.request_id());
  session.out.Show(*response, {{"duty", Words(response->duty().kind())},
                               {"citation", response->duty().citation()},
                               {"still missing", absl::StrCat(response->missing_duties_size())}});
  return absl::OkStatus();
}

}  // namespace

void AddIntakeVerbs(CLI::App& app, Chosen& chosen) {
  CLI::App& intake = AddNoun(app, "intake", "Potential victims, by handle (DOJ, DOS)");
  AddVerb<OpenOptions>(intake, chosen, "open", "Record a potential victim, give out the handle",
                       DeclareOpen, RunOpen);
  AddVerb<PersonOptions>(intake, chosen, "show", "One intake: findings, duties, what is missing",
                         DeclareShow, RunShow);
  AddVerb<ListOptions>(intake, chosen, "list", "Intakes, newest first", DeclareList, RunList);
  CLI::App& duty = AddNoun(app, "duty", "Duties under TVPA 107(c) (DOJ, DOS)");
  AddVerb<DutyOptions>(duty, chosen, "record",
                       "Record that a duty was done, or why it could not be", DeclareDuty, RunDuty);
}

}  // namespace waystation::cli
