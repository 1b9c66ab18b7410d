#include <string>
#include <vector>

#include "common/status/status.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

struct FindingOptions {
  std::string as;
  std::string request_id;
  std::string person;
  std::string unit;
  std::string act;
  std::vector<std::string> conduct;
  std::vector<std::string> means;
  std::vector<std::string> purposes;
  std::string evidence;
  std::string made_on = "today";
  bool minor_at_act = false;
  bool not_found = false;
};

void DeclareFinding(CLI::App& verb, FindingOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("PERSON", options.person, "Handle, pv-...")->required();
  verb.add_option("--unit", options.unit, "Unit that finds (default: the officer's)");
  verb.add_option("--act", options.act, "commercial-sex or labor-or-services");
  verb.add_option("--conduct", options.conduct,
                  "recruitment, harboring, transportation, provision, obtaining")
      ->delimiter(',');
  verb.add_option("--means", options.means, "force, fraud, coercion")->delimiter(',');
  verb.add_option("--purpose", options.purposes,
                  "involuntary-servitude, peonage, debt-bondage, slavery")
      ->delimiter(',');
  verb.add_flag("--under-eighteen-at-act", options.minor_at_act,
                "Had not attained 18 at a commercial sex act");
  verb.add_flag("--not-found", options.not_found, "The elements are not there");
  verb.add_option("--evidence", options.evidence, "Summary, without names; stays at the agency")
      ->required();
  verb.add_option("--made-on", options.made_on, "Day of the finding")->capture_default_str();
}

absl::Status FillElements(const FindingOptions& options, types::v1::SevereFormElements* elements) {
  if (!options.act.empty()) {
    WS_ASSIGN_OR_RETURN(auto act, ParseWords<types::v1::ExploitationAct>("--act", options.act));
    elements->set_act(act);
  }
  for (const std::string& text : options.conduct) {
    WS_ASSIGN_OR_RETURN(auto conduct, ParseWords<types::v1::TraffickingConduct>("--conduct", text));
    elements->add_conduct(conduct);
  }
  for (const std::string& text : options.means) {
    WS_ASSIGN_OR_RETURN(auto means, ParseWords<types::v1::TraffickingMeans>("--means", text));
    elements->add_means(means);
  }
  for (const std::string& text : options.purposes) {
    WS_ASSIGN_OR_RETURN(auto purpose, ParseWords<types::v1::LaborPurpose>("--purpose", text));
    elements->add_purposes(purpose);
  }
  elements->set_under_eighteen_at_act(options.minor_at_act);
  return absl::OkStatus();
}

absl::Status RunFinding(Session& session, const FindingOptions& options) {
  doj::v1::RecordFindingRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_person(options.person);
  request.set_result(options.not_found ? doj::v1::FINDING_RESULT_NOT_FOUND
                                       : doj::v1::FINDING_RESULT_SEVERE_FORM);
  WS_RETURN_IF_ERROR(FillElements(options, request.mutable_elements()));
  request.set_evidence_summary(options.evidence);
  WS_ASSIGN_OR_RETURN(*request.mutable_made_on(),
                      ParseDate("--made-on", options.made_on, session.clock.Now()));
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtPetitioner(session, options.as));
  request.set_unit(options.unit.empty() ? officer.staff().unit() : options.unit);
  auto response = officer.Doj(&doj::v1::DojService::Stub::RecordFinding, request);
  if (!response.ok()) return WithRetry(response.status(), request.request_id());
  const doj::v1::Finding& finding = response->finding();
  session.out.Show(finding, {{"finding", finding.finding_id()},
                             {"result", Words(finding.result())},
                             {"unit", finding.unit()},
                             {"serves", finding.scope()}});
  return absl::OkStatus();
}

}  // namespace

void AddFindingVerb(CLI::App& app, Chosen& chosen) {
  CLI::App& finding =
      AddNoun(app, "finding", "Findings of a severe form of trafficking, TVPA 103(8) (DOJ, DOS)");
  AddVerb<FindingOptions>(finding, chosen, "record", "Record a unit's finding", DeclareFinding,
                          RunFinding);
}

}  // namespace waystation::cli
