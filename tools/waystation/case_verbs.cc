#include <string>
#include <vector>

#include "common/status/status.h"
#include "tools/waystation/case_desk.h"
#include "tools/waystation/case_text.h"
#include "tools/waystation/casework_call.h"
#include "tools/waystation/contracts.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

using casework::v1::CaseworkService;
using referral::v1::DisclosureBasis;

// An emergency ends by itself, so that nothing rests on it for long.
constexpr absl::Duration kEmergency = absl::Hours(24);
// What the service refuses with its rule, and not as a word that is no time.
constexpr absl::Duration kDay = absl::Hours(24);

struct ListOptions {
  std::string as;
  std::string person;
  std::string procedure;
  std::vector<std::string> states;
};

void DeclareList(CLI::App& verb, ListOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("--person", options.person, "Only of this person, pv-...");
  verb.add_option("--procedure", options.procedure, "Only of this procedure, e.g. services");
  verb.add_option("--state", options.states, "Only these states, e.g. taken-up,on-hold")
      ->delimiter(',');
}

absl::Status RunList(Session& session, const ListOptions& options) {
  casework::v1::ListReferralsRequest request;
  request.set_person(options.person);
  if (!options.procedure.empty()) {
    WS_ASSIGN_OR_RETURN(const procedures::Contract* contract, FindContract(options.procedure));
    request.set_procedure(std::string(contract->terms.name));
  }
  for (const std::string& text : options.states) {
    WS_ASSIGN_OR_RETURN(auto state, ParseWords<types::v1::ReferralState>("--state", text));
    request.add_states(state);
  }
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "", options.as));
  WS_ASSIGN_OR_RETURN(auto referrals, AllReferrals(officer, request));
  session.out.List(referrals, CasesTable(referrals, session.clock.Now()), "no referral");
  return absl::OkStatus();
}

struct ShowOptions {
  std::string as;
  std::string referral;
};

void DeclareReferral(CLI::App& verb, std::string& referral) {
  verb.add_option("REFERRAL", referral, "Referral, 32 hexadecimal digits")->required();
}

void DeclareShow(CLI::App& verb, ShowOptions& options) {
  DeclareAs(verb, options.as);
  DeclareReferral(verb, options.referral);
}

absl::Status RunShow(Session& session, const ShowOptions& options) {
  WS_ASSIGN_OR_RETURN(CaseAtDesk desk, CaseOf(session, options.as, options.referral));
  ShowCase(session, desk.referral);
  return absl::OkStatus();
}

struct GlassOptions {
  std::string as;
  std::string request_id;
  std::string referral;
  std::string reason;
  std::string time = "30m";
};

void DeclareGlass(CLI::App& verb, GlassOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  DeclareReferral(verb, options.referral);
  verb.add_option("--reason", options.reason,
                  "Why, without names; the owners of the content read it")
      ->required();
  verb.add_option("--for", options.time, "How long, at most 1h")->capture_default_str();
}

absl::Status RunGlass(Session& session, const GlassOptions& options) {
  casework::v1::BreakGlassRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_reason(options.reason);
  WS_ASSIGN_OR_RETURN(*request.mutable_referral_id(), ParseReferralId(options.referral));
  absl::Duration time;
  if (!absl::ParseDuration(options.time, &time) || time < -kDay || time > kDay) {
    return UsageError(Problem("--for", "no duration", Quoted(options.time), "e.g. 30m"));
  }
  request.mutable_duration()->set_seconds(absl::ToInt64Seconds(time));
  request.mutable_duration()->set_nanos(
      static_cast<int>(absl::ToInt64Nanoseconds(time % absl::Seconds(1))));
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "", options.as));
  auto response = officer.Ask(&CaseworkService::Stub::BreakGlass, request);
  if (!response.ok()) return ExplainCase(response.status(), request.request_id());
  ShowCase(session, response->referral());
  session.out.Say("the unit that has it and the other agency are told", Tone::kBad);
  return absl::OkStatus();
}

struct OpenOptions {
  std::string as;
  std::string request_id;
  std::string unit;
  std::string to_unit;
  std::string type;
  std::string body;
  std::string person;
  std::string basis;
  std::string needed_within;
  std::string replaces;
};

void DeclareBody(CLI::App& verb, OpenOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("--to-unit", options.to_unit, "Asked unit, e.g. dol/eta")->required();
  verb.add_option("--type", options.type,
                  "What is asked: a procedure or its body, e.g. services; see explain")
      ->required();
  verb.add_option("--body", options.body, "The body as JSON, or @FILE with it")->required();
}

void DeclareOpen(CLI::App& verb, OpenOptions& options) {
  DeclareBody(verb, options);
  verb.add_option("--unit", options.unit, "Asking unit (default: the officer's)");
  verb.add_option("--person", options.person, "Handle, pv-...")->required();
  verb.add_option("--basis", options.basis,
                  "Why it may be disclosed: consent:ID, duty:CITATION, order:COURT AND DOCKET, or "
                  "emergency:DANGER (for 24 h)")
      ->required();
  verb.add_option("--needed-within", options.needed_within,
                  "An answer is needed sooner than the policy says, e.g. 36h");
  verb.add_option("--replaces", options.replaces, "Referral that came back and that this replaces");
}

absl::StatusOr<DisclosureBasis> ParseBasis(std::string_view text, absl::Time now) {
  const size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const std::string rest(colon == std::string_view::npos ? "" : text.substr(colon + 1));
  DisclosureBasis basis;
  if (kind == "consent") {
    basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_CONSENT);
    basis.set_consent_id(rest);
  } else if (kind == "duty" || kind == "order") {
    basis.set_kind(kind == "duty" ? referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY
                                  : referral::v1::DISCLOSURE_BASIS_KIND_COURT_ORDER);
    basis.set_citation(rest);
  } else if (kind == "emergency") {
    basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_EMERGENCY);
    basis.set_circumstances(rest);
    *basis.mutable_valid_until() = ToProto(now + kEmergency);
  }
  if (basis.kind() != 0 && !rest.empty()) return basis;
  return UsageError(Problem("--basis", "no ground", Quoted(text),
                            "consent:ID, duty:CITATION, order:COURT AND DOCKET, emergency:DANGER"));
}

absl::StatusOr<google::protobuf::Any> RequestBody(const OpenOptions& options, absl::Time now) {
  WS_ASSIGN_OR_RETURN(const procedures::Contract* contract, FindContract(options.type));
  return ParseBody(*contract->request, "--body", options.body, now);
}

absl::Status FillOpen(const OpenOptions& options, absl::Time now,
                      casework::v1::OpenReferralRequest& request) {
  request.set_to_unit(options.to_unit);
  request.set_person(options.person);
  WS_ASSIGN_OR_RETURN(*request.mutable_body(), RequestBody(options, now));
  WS_ASSIGN_OR_RETURN(*request.mutable_basis(), ParseBasis(options.basis, now));
  if (!options.replaces.empty()) {
    WS_ASSIGN_OR_RETURN(*request.mutable_replaces_referral_id(), ParseReferralId(options.replaces));
  }
  if (options.needed_within.empty()) return absl::OkStatus();
  absl::Duration within;
  if (!absl::ParseDuration(options.needed_within, &within) || within <= absl::ZeroDuration()) {
    return UsageError(Problem("--needed-within", "no duration", Quoted(options.needed_within),
                              "e.g. 90m or 36h"));
  }
  *request.mutable_needed_by() = ToProto(now + within);
  return absl::OkStatus();
}

void SayFollow(Session& session, const casework::v1::Referral& referral) {
  session.out.Say(AsTyped("waystation history " + FormatReferralId(referral.referral_id())) +
                  " follows it");
}

absl::Status RunOpen(Session& session, const OpenOptions& options) {
  casework::v1::OpenReferralRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  WS_RETURN_IF_ERROR(FillOpen(options, TypedAt(session, request.request_id()), request));
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "", options.as));
  request.set_from_unit(options.unit.empty() ? officer.staff().unit() : options.unit);
  auto response = officer.Ask(&CaseworkService::Stub::OpenReferral, request);
  if (!response.ok()) return ExplainCase(response.status(), request.request_id(), options.type);
  ShowCase(session, response->referral());
  SayFollow(session, response->referral());
  return absl::OkStatus();
}

struct ForwardOptions : OpenOptions {
  std::string referral;
};

void DeclareForward(CLI::App& verb, ForwardOptions& options) {
  DeclareReferral(verb, options.referral);
  DeclareBody(verb, options);
}

absl::Status RunForward(Session& session, const ForwardOptions& options) {
  casework::v1::ForwardReferralRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_to_unit(options.to_unit);
  WS_ASSIGN_OR_RETURN(*request.mutable_body(), RequestBody(options, session.clock.Now()));
  WS_ASSIGN_OR_RETURN(CaseAtDesk desk, CaseOf(session, options.as, options.referral));
  request.set_referral_id(desk.referral.referral_id());
  auto response = desk.officer.Ask(&CaseworkService::Stub::ForwardReferral, request);
  if (!response.ok()) return ExplainCase(response.status(), request.request_id(), options.type);
  ShowCase(session, response->referral());
  session.out.Say(desk.officer.staff().unit() + " stays answerable for " + options.referral);
  return absl::OkStatus();
}

struct StepOptions {
  std::string as;
  std::string request_id;
  std::string referral;
  std::string reason;
  std::string authority;
};

void DeclareStep(CLI::App& verb, StepOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  DeclareReferral(verb, options.referral);
}

void DeclareError(CLI::App& verb, StepOptions& options) {
  DeclareStep(verb, options);
  verb.add_option("--reason", options.reason, "What was wrong, without names")->required();
}

void DeclareRetain(CLI::App& verb, StepOptions& options) {
  DeclareStep(verb, options);
  verb.add_option("--under", options.authority, "The authority, e.g. 45 CFR 74.53")->required();
  verb.add_option("--reason", options.reason, "Why, without names");
}

absl::Status RunStep(Session& session, const StepOptions& options,
                     types::v1::Transition transition) {
  casework::v1::StepReferralRequest request;
  request.set_transition(transition);
  request.set_reason_text(options.reason);
  request.set_authority(options.authority);
  WS_ASSIGN_OR_RETURN(CaseAtDesk desk, CaseOf(session, options.as, options.referral));
  return StepCase(session, desk, options.request_id, request);
}

absl::Status RunError(Session& session, const StepOptions& options) {
  return RunStep(session, options, types::v1::TRANSITION_ENTERED_IN_ERROR);
}

absl::Status RunConfirmScope(Session& session, const StepOptions& options) {
  return RunStep(session, options, types::v1::TRANSITION_SCOPE_CONFIRMED);
}

absl::Status RunRetain(Session& session, const StepOptions& options) {
  return RunStep(session, options, types::v1::TRANSITION_RETAINED_UNDER);
}

}  // namespace

void AddCaseVerbs(CLI::App& app, Chosen& chosen) {
  CLI::App& noun = AddNoun(app, "case", "Referrals of every procedure, as the agency has them");
  AddVerb<ListOptions>(noun, chosen, "list", "Referrals, newest first", DeclareList, RunList);
  AddVerb<ShowOptions>(noun, chosen, "show", "One referral: what was asked, and who moves next",
                       DeclareShow, RunShow);
  AddVerb<OpenOptions>(noun, chosen, "open", "Ask another agency", DeclareOpen, RunOpen);
  AddVerb<ForwardOptions>(noun, chosen, "forward",
                          "Ask a third agency, and stay answerable for the referral",
                          DeclareForward, RunForward);
  AddVerb<GlassOptions>(noun, chosen, "break-glass",
                        "Read past one's need, for a time: the owners are told at once",
                        DeclareGlass, RunGlass);
  AddVerb<StepOptions>(noun, chosen, "entered-in-error", "Take back what should not have been sent",
                       DeclareError, RunError);
  AddVerb<StepOptions>(app, chosen, "scope-confirm",
                       "Confirm that the agency acts within the consent's new scope", DeclareStep,
                       RunConfirmScope);
  AddVerb<StepOptions>(app, chosen, "retain",
                       "Keep what the agency has, under an authority that it names", DeclareRetain,
                       RunRetain);
}

}  // namespace waystation::cli
