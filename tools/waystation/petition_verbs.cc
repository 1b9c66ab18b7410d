#include <string>
#include <vector>

#include "common/status/status.h"
#include "tools/waystation/case_desk.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/petition_asked.h"
#include "tools/waystation/petition_terms.h"
#include "tools/waystation/petition_text.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

using doj::v1::DojService;
using ins::v1::InsService;

struct FileOptions {
  std::string as;
  std::string request_id;
  std::string person;
  std::string unit;
  std::string to_unit;
  TermsOptions terms;
  std::string needed_within;
};

void DeclareFile(CLI::App& verb, FileOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("PERSON", options.person, "Handle, pv-...")->required();
  verb.add_option("--unit", options.unit, "Petitioning unit (default: the officer's)");
  verb.add_option("--to-unit", options.to_unit, "Receiving unit (default: the service center)");
  options.terms.from = "today";
  options.terms.until = "+365d";
  DeclareTerms(verb, options.terms);
  verb.add_option("--needed-within", options.needed_within,
                  "An answer is needed sooner than the policy says, e.g. 36h");
}

absl::Status FillNeededBy(const FileOptions& options, absl::Time now,
                          doj::v1::FilePetitionRequest& request) {
  if (options.needed_within.empty()) return absl::OkStatus();
  absl::Duration within;
  if (!absl::ParseDuration(options.needed_within, &within) || within <= absl::ZeroDuration()) {
    return UsageError(Problem("--needed-within", "no duration", Quoted(options.needed_within),
                              "e.g. 90m or 36h"));
  }
  *request.mutable_needed_by() = ToProto(now + within);
  return absl::OkStatus();
}

// Whoever asks. INS does not ask itself.
absl::StatusOr<Officer> AtAsker(const Session& session, const std::string& as) {
  if (as.empty()) return Officer::AtPetitioner(session, as);
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  WS_ASSIGN_OR_RETURN(v1::Staff staff, profile.StaffOf("", as));
  return staff.agency() == "ins" ? Officer::AtPetitioner(session, as)
                                 : Officer::At(session, "", as);
}

absl::Status RunFile(Session& session, const FileOptions& options) {
  doj::v1::FilePetitionRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_person(options.person);
  request.set_to_unit(options.to_unit);
  request.set_acknowledge_warnings(options.terms.acknowledge);
  const absl::Time typed = TypedAt(session, request.request_id());
  WS_RETURN_IF_ERROR(FillTerms(options.terms, typed, request.mutable_terms()));
  WS_RETURN_IF_ERROR(FillNeededBy(options, typed, request));
  WS_ASSIGN_OR_RETURN(Officer officer, AtAsker(session, options.as));
  request.set_unit(options.unit.empty() ? officer.staff().unit() : options.unit);
  if (!officer.has_petitions()) return FileAsCasework(session, officer, request);
  auto response = officer.Doj(&DojService::Stub::FilePetition, request);
  if (!response.ok()) return ExplainRefusedPetition(response.status(), request.request_id());
  session.out.Show(response->petition(), PetitionFields(response->petition()));
  session.out.Say(AsTyped("waystation history " +
                          FormatReferralId(response->petition().referral_id()) + " follows it"));
  return absl::OkStatus();
}

struct ListOptions {
  std::string as;
  std::vector<std::string> states;
};

void DeclareList(CLI::App& verb, ListOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("--state", options.states, "Only these states, e.g. taken-up,on-hold")
      ->delimiter(',');
}

// Reads every page into a table and a list. `call` asks for one page.
template <typename Petition, typename Request, typename CallOne>
absl::Status ListPages(Session& session, Request request, CallOne call,
                       std::string (*unit_of)(const Petition&)) {
  std::vector<Petition> petitions;
  do {
    auto page = call(request);
    if (!page.ok()) return page.status();
    petitions.insert(petitions.end(), page->petitions().begin(), page->petitions().end());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  Table table{{"REFERRAL", "STATE", "PERSON", "PETITIONER", "DUE"}, {}};
  for (const Petition& petition : petitions) {
    table.rows.push_back({FormatReferralId(petition.referral_id()), Words(petition.state()),
                          petition.person(), unit_of(petition), TimeText(petition.due_time())});
  }
  session.out.List(petitions, table, "no petition");
  return absl::OkStatus();
}

template <typename Request>
absl::StatusOr<Request> StateFilter(const ListOptions& options) {
  Request request;
  for (const std::string& text : options.states) {
    WS_ASSIGN_OR_RETURN(auto state, ParseWords<types::v1::ReferralState>("--state", text));
    request.add_states(state);
  }
  return request;
}

std::string DojUnit(const doj::v1::Petition& petition) { return petition.unit(); }
std::string InsUnit(const ins::v1::Petition& petition) { return petition.from_unit(); }

absl::Status RunList(Session& session, const ListOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "", options.as));
  if (officer.has_petitions()) {
    WS_ASSIGN_OR_RETURN(auto request, StateFilter<doj::v1::ListPetitionsRequest>(options));
    auto call = [&](const auto& page) {
      return officer.Doj(&DojService::Stub::ListPetitions, page);
    };
    return ListPages<doj::v1::Petition>(session, request, call, DojUnit);
  }
  WS_ASSIGN_OR_RETURN(auto request, StateFilter<ins::v1::ListPetitionsRequest>(options));
  if (officer.agency() != "ins") {
    std::vector<types::v1::ReferralState> states;
    for (int state : request.states()) {
      states.push_back(static_cast<types::v1::ReferralState>(state));
    }
    return ListAsCasework(session, officer, states);
  }
  auto call = [&](const auto& page) { return officer.Ins(&InsService::Stub::ListPetitions, page); };
  return ListPages<ins::v1::Petition>(session, request, call, InsUnit);
}

struct ShowOptions {
  std::string as;
  std::string referral;
};

void DeclareShow(CLI::App& verb, ShowOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("REFERRAL", options.referral, "Referral, 32 hexadecimal digits")->required();
}

template <typename Request>
Request Named(const std::string& referral_id) {
  Request request;
  request.set_referral_id(referral_id);
  return request;
}

absl::Status RunShow(Session& session, const ShowOptions& options) {
  WS_ASSIGN_OR_RETURN(std::string id, ParseReferralId(options.referral));
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "", options.as));
  if (officer.has_petitions()) {
    WS_ASSIGN_OR_RETURN(auto found, officer.Doj(&DojService::Stub::GetPetition,
                                                Named<doj::v1::GetPetitionRequest>(id)));
    session.out.Show(found.petition(), PetitionFields(found.petition()));
  } else if (officer.agency() != "ins") {
    return ShowAsCasework(session, officer, id);
  } else {
    WS_ASSIGN_OR_RETURN(auto found, officer.Ins(&InsService::Stub::GetPetition,
                                                Named<ins::v1::GetPetitionRequest>(id)));
    session.out.Show(found.petition(), PetitionFields(found.petition()));
  }
  return absl::OkStatus();
}

struct CancelOptions {
  std::string as;
  std::string request_id;
  std::string referral;
  std::string reason;
};

void DeclareCancel(CLI::App& verb, CancelOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("REFERRAL", options.referral, "Referral, 32 hexadecimal digits")->required();
  verb.add_option("--reason", options.reason, "Why, without names")->required();
}

absl::Status RunCancel(Session& session, const CancelOptions& options) {
  casework::v1::StepReferralRequest step;
  step.set_transition(types::v1::TRANSITION_CANCEL);
  step.set_reason_text(options.reason);
  WS_ASSIGN_OR_RETURN(bool done, TryStepCase(session, "doj", options.as, options.referral,
                                             options.request_id, step));
  if (done) return absl::OkStatus();
  doj::v1::CancelPetitionRequest request;
  WS_ASSIGN_OR_RETURN(*request.mutable_referral_id(), ParseReferralId(options.referral));
  request.set_request_id(RequestId(session, options.request_id));
  request.set_reason(options.reason);
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtPetitioner(session, options.as));
  WS_ASSIGN_OR_RETURN(auto present,
                      officer.Doj(&DojService::Stub::GetPetition,
                                  Named<doj::v1::GetPetitionRequest>(request.referral_id())));
  request.set_expected_version(present.petition().version());
  auto response = officer.Doj(&DojService::Stub::CancelPetition, request);
  if (!response.ok()) return WithRetry(response.status(), request.request_id());
  session.out.Show(response->petition(), PetitionFields(response->petition()));
  if (response->petition().state() == types::v1::REFERRAL_STATE_CANCEL_ASKED) {
    session.out.Say("INS has it already: it is asked to cancel, and may answer instead");
  }
  return absl::OkStatus();
}

}  // namespace

void AddPetitionVerbs(CLI::App& app, Chosen& chosen) {
  CLI::App& petition = AddNoun(app, "petition", "Petitions for continued presence, TVPA 107(c)(3)");
  AddVerb<FileOptions>(petition, chosen, "file", "File a petition with INS", DeclareFile, RunFile);
  AddVerb<ListOptions>(petition, chosen, "list", "Petitions of the officer's agency, newest first",
                       DeclareList, RunList);
  AddVerb<ShowOptions>(petition, chosen, "show", "One petition as the officer's agency holds it",
                       DeclareShow, RunShow);
  AddVerb<CancelOptions>(app, chosen, "cancel",
                         "Cancel a referral, or ask the agency to that has it", DeclareCancel,
                         RunCancel);
}

}  // namespace waystation::cli
