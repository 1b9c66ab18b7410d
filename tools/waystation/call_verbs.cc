#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "common/status/status.h"
#include "tools/waystation/call_text.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/person_terms.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

using dol::v1::Call;
using dol::v1::DolService;

constexpr char kLine[] = "dol/complaint-line";

// What to type after a refusal, by its reason.
std::string NextAfter(const std::string& reason, const std::string& call_id) {
  if (reason == "CALL_UNKNOWN") return "waystation call list";
  if (reason == "UNIT_NOT_OWN") return "the same with --as ID of an officer of the complaint line";
  if (reason == "SAFE_CONTACT_MISSING") {
    return "waystation call safe-contact " + call_id +
           " --contact-way WAY --contact-hours HOURS --if-somebody-else TEXT";
  }
  if (reason == "LINK_NOT_AGREED") return "the same with --caller-agrees, once the caller does";
  if (reason == "EMERGENCY_NOT_RECORDED") return "the same with --consent ID";
  if (reason == "NOT_A_CHILD") return "waystation call refer " + call_id + " --consent ID";
  if (absl::StartsWith(reason, "CONSENT_") || reason == "GUARDIAN_REQUIRED") {
    return "waystation consent record --help";
  }
  if (reason == "CALL_ALREADY_REFERRED") return "waystation call show " + call_id;
  return "";
}

absl::Status Explain(absl::Status status, const std::string& call_id,
                     const std::string& request_id = "") {
  const std::string next = NextAfter(ReasonOf(status), call_id);
  if (!next.empty()) return WithNext(std::move(status), next);
  return request_id.empty() ? status : WithRetry(std::move(status), request_id);
}

// Calls, and shows the call as it is then.
template <typename Method, typename Request>
absl::Status Change(Session& session, const std::string& as, Method method, const Request& request,
                    const std::string& call_id) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kLine, as));
  auto response = officer.Ask(method, request);
  if (!response.ok()) return Explain(response.status(), call_id, request.request_id());
  session.out.Show(response->call(), CallFields(response->call(), session.clock.Now()));
  return absl::OkStatus();
}

struct RecordOptions {
  std::string as;
  std::string request_id;
  std::string language;
  std::string circumstances;
  std::vector<std::string> wishes;
  AgeOptions age;
  ContactOptions contact;
  bool danger = false;
};

void DeclareRecord(CLI::App& verb, RecordOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("--circumstances", options.circumstances,
                  "What the caller reports, without names and numbers")
      ->required();
  verb.add_option("--wish", options.wishes, "investigation, services, information")->delimiter(',');
  verb.add_option("--language", options.language, "Language, BCP 47, e.g. th");
  verb.add_flag("--danger-now", options.danger, "Somebody is in danger now");
  DeclareAge(verb, options.age);
  DeclareContact(verb, options.contact);
}

absl::Status RunRecord(Session& session, const RecordOptions& options) {
  dol::v1::RecordCallRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_language(options.language);
  request.set_circumstances(options.circumstances);
  request.set_danger_now(options.danger);
  for (const std::string& text : options.wishes) {
    WS_ASSIGN_OR_RETURN(auto wish, ParseWords<dol::v1::CallerWish>("--wish", text));
    request.add_wishes(wish);
  }
  WS_ASSIGN_OR_RETURN(*request.mutable_age(), ParseAge(options.age, session.clock.Now()));
  if (!options.contact.empty()) *request.mutable_safe_contact() = MakePlan(options.contact);
  return Change(session, options.as, &DolService::Stub::RecordCall, request, "CALL");
}

struct CallOptions {
  std::string as;
  std::string call;
};

void DeclareShow(CLI::App& verb, CallOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("CALL", options.call, "Call, as call record gave it out")->required();
}

absl::Status RunShow(Session& session, const CallOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kLine, options.as));
  dol::v1::GetCallRequest request;
  request.set_call_id(options.call);
  auto response = officer.Ask(&DolService::Stub::GetCall, request);
  if (!response.ok()) return Explain(response.status(), options.call);
  session.out.Show(response->call(), CallFields(response->call(), session.clock.Now()));
  return absl::OkStatus();
}

struct ListOptions {
  std::string as;
  bool open = false;
  bool danger = false;
};

void DeclareList(CLI::App& verb, ListOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_flag("--open", options.open, "Only calls of which something is still to come");
  verb.add_flag("--danger", options.danger, "Only calls in which somebody was in danger");
}

absl::Status RunList(Session& session, const ListOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kLine, options.as));
  dol::v1::ListCallsRequest request;
  request.set_open_only(options.open);
  request.set_danger_now_only(options.danger);
  std::vector<Call> calls;
  do {
    auto page = officer.Ask(&DolService::Stub::ListCalls, request);
    if (!page.ok()) return Explain(page.status(), "CALL");
    calls.insert(calls.end(), page->calls().begin(), page->calls().end());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  session.out.List(calls, CallTable(calls, session.clock.Now()), "no call");
  return absl::OkStatus();
}

// One call that changes, and what the verbs ask of it.
struct ChangeOptions : CallOptions {
  std::string request_id;
  std::string outcome;
  std::string other;
  std::string reason;
  ContactOptions contact;
  BasisOptions basis;
  bool agrees = false;
  bool nobody = false;
  bool guardian = false;
};

void DeclareCall(CLI::App& verb, ChangeOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("CALL", options.call, "Call, as call record gave it out")->required();
}

template <typename Request>
Request About(Session& session, const ChangeOptions& options) {
  Request request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_call_id(options.call);
  return request;
}

void DeclareSafeContact(CLI::App& verb, ChangeOptions& options) {
  DeclareCall(verb, options);
  DeclareContact(verb, options.contact);
  verb.add_flag("--nobody", options.nobody, "Nobody may call back any more");
}

absl::Status RunSafeContact(Session& session, const ChangeOptions& options) {
  auto request = About<dol::v1::SetSafeContactRequest>(session, options);
  if (options.nobody != options.contact.empty()) {
    return UsageError(Problem("safe-contact", "neither a plan nor --nobody, or both", "",
                              "--contact-way, --contact-hours and --if-somebody-else, or "
                              "--nobody"));
  }
  if (!options.nobody) *request.mutable_plan() = MakePlan(options.contact);
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kLine, options.as));
  auto response = officer.Ask(&DolService::Stub::SetSafeContact, request);
  if (!response.ok()) return Explain(response.status(), options.call, request.request_id());
  session.out.Show(*response, CallFields(response->call(), session.clock.Now()));
  if (!response->tell_unit().empty()) {
    session.out.Say("TELL " + response->tell_unit() + " by telephone: it has another plan",
                    Tone::kBad);
  }
  return absl::OkStatus();
}

void DeclareCallBack(CLI::App& verb, ChangeOptions& options) {
  DeclareCall(verb, options);
  verb.add_option("--outcome", options.outcome, "reached, not-reached or somebody-else-answered")
      ->required();
}

absl::Status RunCallBack(Session& session, const ChangeOptions& options) {
  auto request = About<dol::v1::RecordCallBackRequest>(session, options);
  WS_ASSIGN_OR_RETURN(auto outcome,
                      ParseWords<dol::v1::CallBackOutcome>("--outcome", options.outcome));
  request.set_outcome(outcome);
  return Change(session, options.as, &DolService::Stub::RecordCallBack, request, options.call);
}

void DeclareLink(CLI::App& verb, ChangeOptions& options) {
  DeclareCall(verb, options);
  verb.add_option("OTHER", options.other, "Another call of the same person")->required();
  verb.add_flag("--caller-agrees", options.agrees, "The caller agrees that they are linked");
}

absl::Status RunLink(Session& session, const ChangeOptions& options) {
  auto request = About<dol::v1::LinkCallsRequest>(session, options);
  request.set_other_call_id(options.other);
  request.set_caller_agrees(options.agrees);
  return Change(session, options.as, &DolService::Stub::LinkCalls, request, options.call);
}

void DeclareRefer(CLI::App& verb, ChangeOptions& options) {
  DeclareCall(verb, options);
  DeclareBasis(verb, options.basis);
}

absl::Status RunRefer(Session& session, const ChangeOptions& options) {
  auto request = About<dol::v1::ReferCallRequest>(session, options);
  WS_ASSIGN_OR_RETURN(*request.mutable_basis(),
                      MakeBasis(options.basis, TypedAt(session, request.request_id())));
  return Change(session, options.as, &DolService::Stub::ReferCall, request, options.call);
}

void DeclareReferChild(CLI::App& verb, ChangeOptions& options) {
  DeclareCall(verb, options);
  DeclareBasisOrDuty(verb, options.basis);
  verb.add_flag("--has-guardian", options.guardian, "The child has a guardian or child advocate");
}

absl::Status RunReferChild(Session& session, const ChangeOptions& options) {
  auto request = About<dol::v1::ReferChildRequest>(session, options);
  WS_ASSIGN_OR_RETURN(*request.mutable_basis(),
                      MakeBasis(options.basis, TypedAt(session, request.request_id())));
  request.set_has_guardian(options.guardian);
  return Change(session, options.as, &DolService::Stub::ReferChild, request, options.call);
}

void DeclareClose(CLI::App& verb, ChangeOptions& options) {
  DeclareCall(verb, options);
  verb.add_option("--reason", options.reason, "Why, without names and numbers")->required();
}

absl::Status RunClose(Session& session, const ChangeOptions& options) {
  auto request = About<dol::v1::CloseCallRequest>(session, options);
  request.set_reason_text(options.reason);
  return Change(session, options.as, &DolService::Stub::CloseCall, request, options.call);
}

}  // namespace

void AddCallVerbs(CLI::App& app, Chosen& chosen) {
  CLI::App& call = AddNoun(app, "call", "Calls to the toll-free complaint line (DOL)");
  AddVerb<RecordOptions>(call, chosen, "record", "Record a call, give out the handle",
                         DeclareRecord, RunRecord);
  AddVerb<CallOptions>(call, chosen, "show", "One call: what was said, and who moves next",
                       DeclareShow, RunShow);
  AddVerb<ListOptions>(call, chosen, "list", "Calls, newest first", DeclareList, RunList);
  AddVerb<ChangeOptions>(call, chosen, "safe-contact", "How the caller may be called back",
                         DeclareSafeContact, RunSafeContact);
  AddVerb<ChangeOptions>(call, chosen, "call-back", "Record how a call back went", DeclareCallBack,
                         RunCallBack);
  AddVerb<ChangeOptions>(call, chosen, "link", "Two calls are of one person, who agrees",
                         DeclareLink, RunLink);
  AddVerb<ChangeOptions>(call, chosen, "refer", "Pass it on to DOJ for an investigation",
                         DeclareRefer, RunRefer);
  AddVerb<ChangeOptions>(call, chosen, "refer-child",
                         "Refer a child to HHS; no law enforcement agency learns of it",
                         DeclareReferChild, RunReferChild);
  AddVerb<ChangeOptions>(call, chosen, "close", "The line has nothing more to do", DeclareClose,
                         RunClose);
}

}  // namespace waystation::cli
