#include <string>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "tools/waystation/certification_text.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/person_terms.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

using hhs::v1::CertificationCase;
using hhs::v1::HhsService;

constexpr char kOrr[] = "hhs/orr";

struct CaseOptions {
  std::string as;
  std::string request_id;
  std::string which;
  std::string person;
  std::string door;
  std::string immigration_class;
  std::string statement;
  std::string stated_on = "today";
  std::string kind;
  std::string proposal;
  AgeOptions age;
  bool not_willing = false;
};

void ShowIt(Session& session, const CertificationCase& one) {
  session.out.Show(one, CertificationFields(one, session.clock.Now()));
}

absl::StatusOr<CertificationCase> Read(Officer& officer, const std::string& which) {
  hhs::v1::GetCaseRequest request;
  if (which.starts_with("pv-")) {
    request.set_person(which);
  } else {
    request.set_case_id(which);
  }
  auto response = officer.Ask(&HhsService::Stub::GetCase, request);
  if (!response.ok()) return ExplainHhs(response.status(), which);
  return response->certification_case();
}

// A case is named by its id, or by the person's handle, which every agency has.
absl::StatusOr<std::string> IdOf(Officer& officer, const std::string& which) {
  if (!which.starts_with("pv-")) return which;
  WS_ASSIGN_OR_RETURN(CertificationCase one, Read(officer, which));
  return one.case_id();
}

// Calls, and shows the case as it is then.
template <typename Method, typename Request>
absl::Status Change(Session& session, Officer& officer, const CaseOptions& options, Method method,
                    Request request) {
  request.set_request_id(RequestId(session, options.request_id));
  auto response = officer.Ask(method, request);
  if (!response.ok()) {
    return ExplainHhs(response.status(), options.which, request.request_id());
  }
  ShowIt(session, response->certification_case());
  return absl::OkStatus();
}

// The same for a request that names its case.
template <typename Method, typename Request>
absl::Status ChangeCase(Session& session, const CaseOptions& options, Method method,
                        Request request) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kOrr, options.as));
  WS_ASSIGN_OR_RETURN(*request.mutable_case_id(), IdOf(officer, options.which));
  return Change(session, officer, options, method, std::move(request));
}

void DeclareCase(CLI::App& verb, CaseOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("CASE", options.which, "Case, or the person's handle, pv-...")->required();
}

void DeclareClass(CLI::App& verb, CaseOptions& options) {
  DeclareAge(verb, options.age);
  verb.add_option("--immigration-class", options.immigration_class,
                  "citizen or permanent-resident, who need no letter (unset: other or unknown)");
}

template <typename Request>
absl::Status FillFacts(const CaseOptions& options, absl::Time now, Request& request) {
  WS_ASSIGN_OR_RETURN(*request.mutable_age(), ParseAge(options.age, now));
  if (options.immigration_class.empty()) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(auto value, ParseWords<hhs::v1::ImmigrationClass>("--immigration-class",
                                                                        options.immigration_class));
  request.set_immigration_class(value);
  return absl::OkStatus();
}

void DeclareOpen(CLI::App& verb, CaseOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("--person", options.person,
                  "Handle that an agency gave out (default: a new one)");
  verb.add_option("--door", options.door, "How the person came: agency, ngo or self")->required();
  DeclareClass(verb, options);
}

absl::Status RunOpen(Session& session, const CaseOptions& options) {
  hhs::v1::OpenCaseRequest request;
  request.set_person(options.person);
  WS_ASSIGN_OR_RETURN(auto door, ParseWords<hhs::v1::CaseDoor>("--door", options.door));
  request.set_door(door);
  WS_RETURN_IF_ERROR(FillFacts(options, session.clock.Now(), request));
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kOrr, options.as));
  CaseOptions named = options;
  named.which = options.person;
  return Change(session, officer, named, &HhsService::Stub::OpenCase, std::move(request));
}

void DeclareShow(CLI::App& verb, CaseOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("CASE", options.which, "Case, or the person's handle, pv-...")->required();
}

absl::Status RunShow(Session& session, const CaseOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kOrr, options.as));
  WS_ASSIGN_OR_RETURN(CertificationCase one, Read(officer, options.which));
  ShowIt(session, one);
  return absl::OkStatus();
}

struct ListOptions {
  std::string as;
  std::string next_move_agency;
};

void DeclareList(CLI::App& verb, ListOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("--next-move-of", options.next_move_agency,
                  "Only cases in which this agency must act, e.g. ins");
}

absl::Status RunList(Session& session, const ListOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kOrr, options.as));
  hhs::v1::ListCasesRequest request;
  request.set_next_move_agency(options.next_move_agency);
  std::vector<CertificationCase> cases;
  do {
    auto page = officer.Ask(&HhsService::Stub::ListCases, request);
    if (!page.ok()) return ExplainHhs(page.status(), "");
    cases.insert(cases.end(), page->cases().begin(), page->cases().end());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  session.out.List(cases, CertificationTable(cases, session.clock.Now()), "no case");
  return absl::OkStatus();
}

void DeclareFacts(CLI::App& verb, CaseOptions& options) {
  DeclareCase(verb, options);
  DeclareClass(verb, options);
}

absl::Status RunFacts(Session& session, const CaseOptions& options) {
  hhs::v1::RecordFactsRequest request;
  WS_RETURN_IF_ERROR(FillFacts(options, session.clock.Now(), request));
  return ChangeCase(session, options, &HhsService::Stub::RecordFacts, std::move(request));
}

void DeclareWillingness(CLI::App& verb, CaseOptions& options) {
  DeclareCase(verb, options);
  verb.add_option("--statement", options.statement, "In words, without names")->required();
  verb.add_option("--on", options.stated_on, "Day of the statement")->capture_default_str();
  verb.add_flag("--not-willing", options.not_willing, "Not willing, or not any more");
}

absl::Status RunWillingness(Session& session, const CaseOptions& options) {
  hhs::v1::RecordWillingnessRequest request;
  request.set_willing(!options.not_willing);
  request.set_statement(options.statement);
  WS_ASSIGN_OR_RETURN(*request.mutable_stated_on(),
                      ParseDate("--on", options.stated_on, session.clock.Now()));
  return ChangeCase(session, options, &HhsService::Stub::RecordWillingness, std::move(request));
}

absl::Status RunConsult(Session& session, const CaseOptions& options) {
  return ChangeCase(session, options, &HhsService::Stub::ConsultAttorneyGeneral,
                    hhs::v1::ConsultAttorneyGeneralRequest());
}

void DeclarePropose(CLI::App& verb, CaseOptions& options) {
  DeclareCase(verb, options);
  verb.add_option("--kind", options.kind,
                  "certification (18 or older) or eligibility (default: the one that is due)");
}

absl::Status RunPropose(Session& session, const CaseOptions& options) {
  hhs::v1::ProposeLetterRequest request;
  if (!options.kind.empty()) {
    WS_ASSIGN_OR_RETURN(auto kind, ParseWords<hhs::v1::LetterKind>("--kind", options.kind));
    request.set_kind(kind);
  }
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kOrr, options.as));
  WS_ASSIGN_OR_RETURN(CertificationCase one, Read(officer, options.which));
  request.set_case_id(one.case_id());
  if (options.kind.empty()) {
    // Where none is needed the service says so, whatever is proposed.
    const bool due = one.letter_due() != hhs::v1::LETTER_KIND_UNSPECIFIED;
    request.set_kind(due ? one.letter_due() : hhs::v1::LETTER_KIND_CERTIFICATION);
  }
  WS_RETURN_IF_ERROR(Change(session, officer, options, &HhsService::Stub::ProposeLetter, request));
  session.out.Say("proposed; nothing is issued until a second official types\n  " +
                  AsTyped("waystation certification confirm " + one.case_id()) + " --as ID");
  return absl::OkStatus();
}

void DeclareConfirm(CLI::App& verb, CaseOptions& options) {
  DeclareCase(verb, options);
  verb.add_option("--proposal", options.proposal,
                  "Proposal that you read (default: the open one); refused when it changed");
}

absl::Status RunConfirm(Session& session, const CaseOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kOrr, options.as));
  WS_ASSIGN_OR_RETURN(CertificationCase one, Read(officer, options.which));
  hhs::v1::ConfirmLetterRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_case_id(one.case_id());
  request.set_proposal_id(options.proposal.empty() ? one.proposal().proposal_id()
                                                   : options.proposal);
  auto response = officer.Ask(&HhsService::Stub::ConfirmLetter, request);
  if (!response.ok()) return ExplainHhs(response.status(), one.case_id(), request.request_id());
  session.out.Show(*response,
                   CertificationFields(response->certification_case(), session.clock.Now()));
  const auto& letters = response->certification_case().letters();
  if (letters.empty()) return absl::OkStatus();
  session.out.Say("issued by two officials; to hand it out:\n  " +
                  AsTyped("waystation letter export " + letters.rbegin()->number()) + " FILE");
  return absl::OkStatus();
}

}  // namespace

void AddCertificationVerbs(CLI::App& app, Chosen& chosen) {
  CLI::App& noun =
      AddNoun(app, "certification", "Certification and eligibility, TVPA 107(b)(1) (HHS)");
  AddVerb<CaseOptions>(noun, chosen, "open", "Open a case; no law enforcement is needed",
                       DeclareOpen, RunOpen);
  AddVerb<CaseOptions>(noun, chosen, "show",
                       "One case: what is missing, by which section, and who moves next",
                       DeclareShow, RunShow);
  AddVerb<ListOptions>(noun, chosen, "list", "Cases, newest first", DeclareList, RunList);
  AddVerb<CaseOptions>(noun, chosen, "facts", "Record age and immigration class", DeclareFacts,
                       RunFacts);
  AddVerb<CaseOptions>(noun, chosen, "willingness",
                       "Record what an adult says of assisting in the investigation",
                       DeclareWillingness, RunWillingness);
  AddVerb<CaseOptions>(noun, chosen, "consult", "Consult the Attorney General", DeclareCase,
                       RunConsult);
  AddVerb<CaseOptions>(noun, chosen, "propose", "Propose the letter, as the first official",
                       DeclarePropose, RunPropose);
  AddVerb<CaseOptions>(noun, chosen, "confirm", "Issue the letter, as the second official",
                       DeclareConfirm, RunConfirm);
}

}  // namespace waystation::cli
