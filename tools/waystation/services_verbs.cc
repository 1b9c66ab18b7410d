#include <string>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "tools/waystation/case_desk.h"
#include "tools/waystation/case_text.h"
#include "tools/waystation/casework_call.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"
#include "waystation/dol/v1/services.pb.h"

namespace waystation::cli {
namespace {

using casework::v1::CaseworkService;
using casework::v1::Referral;

constexpr char kEta[] = "dol/eta";
constexpr char kProcedure[] = "services";

struct ReferOptions {
  std::string as;
  std::string request_id;
  std::string person;
  std::string consent;
  std::vector<std::string> services;
  std::string letter;
  std::string language;
  std::string needs;
};

void DeclareRefer(CLI::App& verb, ReferOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("--person", options.person, "Handle, pv-...")->required();
  verb.add_option("--service", options.services,
                  "job-search, job-training, language-training, career-counseling, wage-claim")
      ->required()
      ->delimiter(',');
  verb.add_option("--consent", options.consent, "Consent to services that names dol")->required();
  verb.add_option("--letter", options.letter,
                  "Number of the letter that the person carries; without one nothing is barred");
  verb.add_option("--language", options.language, "Language, BCP 47, e.g. th");
  verb.add_option("--needs", options.needs, "What the center should know, without names");
}

absl::Status RunRefer(Session& session, const ReferOptions& options) {
  casework::v1::OpenReferralRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_to_unit(kEta);
  request.set_person(options.person);
  dol::v1::ServicesReferral body;
  for (const std::string& text : options.services) {
    WS_ASSIGN_OR_RETURN(auto service, ParseWords<dol::v1::ServiceKind>("--service", text));
    body.add_services(service);
  }
  body.set_language(options.language);
  body.set_needs(options.needs);
  body.set_letter_number(options.letter);
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, "hhs/orr", options.as));
  return ReferUnderConsent(session, officer, std::move(request), options.consent, body);
}

struct ListOptions {
  std::string as;
  std::string person;
  std::vector<std::string> states;
};

void DeclareList(CLI::App& verb, ListOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("--person", options.person, "Only of this person, pv-...");
  verb.add_option("--state", options.states, "Only these states, e.g. received,taken-up")
      ->delimiter(',');
}

absl::Status RunList(Session& session, const ListOptions& options) {
  casework::v1::ListReferralsRequest request;
  request.set_procedure(kProcedure);
  request.set_person(options.person);
  for (const std::string& text : options.states) {
    WS_ASSIGN_OR_RETURN(auto state, ParseWords<types::v1::ReferralState>("--state", text));
    request.add_states(state);
  }
  // Both sides have the list: whoever --as names, else the asked one.
  WS_ASSIGN_OR_RETURN(Officer officer, options.as.empty() ? Officer::AtUnit(session, kEta, "")
                                                          : Officer::At(session, "", options.as));
  std::vector<Referral> referrals;
  do {
    auto page = officer.Ask(&CaseworkService::Stub::ListReferrals, request);
    if (!page.ok()) return ExplainCase(page.status(), "");
    referrals.insert(referrals.end(), page->referrals().begin(), page->referrals().end());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  session.out.List(referrals, CasesTable(referrals, session.clock.Now()), "no services referral");
  return absl::OkStatus();
}

struct ShowOptions {
  std::string as;
  std::string referral;
};

void DeclareShow(CLI::App& verb, ShowOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("REFERRAL", options.referral, "Referral, 32 hexadecimal digits")->required();
}

absl::Status RunShow(Session& session, const ShowOptions& options) {
  auto desk = options.as.empty() ? CaseAtUnit(session, kEta, "", options.referral)
                                 : CaseOf(session, options.as, options.referral);
  WS_RETURN_IF_ERROR(desk.status());
  ShowCase(session, desk->referral);
  return absl::OkStatus();
}

struct AnswerOptions {
  std::string as;
  std::string request_id;
  std::string referral;
  std::vector<std::string> outcomes;
  std::string note;
};

void DeclareAnswer(CLI::App& verb, AnswerOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("REFERRAL", options.referral, "Referral, 32 hexadecimal digits")->required();
  verb.add_option("--outcome", options.outcomes,
                  "One for each service, e.g. job-training=completed: enrolled, completed, "
                  "placed, declined, not-reached")
      ->required()
      ->delimiter(',');
  verb.add_option("--note", options.note, "In words, without names");
}

absl::Status AddOutcome(const std::string& text, dol::v1::ServicesOutcome& body) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) {
    return UsageError(Problem("--outcome", "no service and outcome", Quoted(text),
                              "e.g. job-training=completed"));
  }
  dol::v1::ServiceOutcome& one = *body.add_outcomes();
  WS_ASSIGN_OR_RETURN(auto service,
                      ParseWords<dol::v1::ServiceKind>("--outcome", text.substr(0, equals)));
  WS_ASSIGN_OR_RETURN(
      auto outcome, ParseWords<dol::v1::ServicesOutcomeKind>("--outcome", text.substr(equals + 1)));
  one.set_service(service);
  one.set_outcome(outcome);
  return absl::OkStatus();
}

absl::Status RunAnswer(Session& session, const AnswerOptions& options) {
  dol::v1::ServicesOutcome body;
  for (const std::string& text : options.outcomes) WS_RETURN_IF_ERROR(AddOutcome(text, body));
  body.set_note(options.note);
  WS_ASSIGN_OR_RETURN(CaseAtDesk desk, CaseAtUnit(session, kEta, options.as, options.referral));
  return AnswerCase(session, desk, options.request_id, body);
}

}  // namespace

void AddServicesVerbs(CLI::App& app, Chosen& chosen) {
  CLI::App& services =
      AddNoun(app, "services", "One-Stop services, regardless of status, TVPA 107(b)(1)(B)");
  AddVerb<ReferOptions>(services, chosen, "refer", "Refer a person to DOL's One-Stop system (HHS)",
                        DeclareRefer, RunRefer);
  AddVerb<ListOptions>(services, chosen, "list", "Services referrals, newest first (both)",
                       DeclareList, RunList);
  AddVerb<ShowOptions>(services, chosen, "show", "One referral, what was asked and what came of it",
                       DeclareShow, RunShow);
  AddVerb<AnswerOptions>(services, chosen, "answer", "What came of each service (DOL)",
                         DeclareAnswer, RunAnswer);
}

}  // namespace waystation::cli
