#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "common/status/status.h"
#include "tools/waystation/case_desk.h"
#include "tools/waystation/case_text.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

using casework::v1::CaseworkService;
using referral::v1::ConsentScope;

struct ScopeOptions {
  std::vector<std::string> purposes;
  std::vector<std::string> agencies;
  std::string until;
};

void DeclareScope(CLI::App& verb, ScopeOptions& options) {
  verb.add_option("--purpose", options.purposes,
                  "services, return, tell-origin-government, share-with-iom, investigation")
      ->delimiter(',');
  verb.add_option("--agency", options.agencies, "Agencies that may have it, e.g. dol,dos")
      ->delimiter(',');
  verb.add_option("--until", options.until, "Its last day, e.g. +180d");
}

// Replaces what the options name and leaves the rest.
absl::Status FillScope(const ScopeOptions& options, absl::Time now, ConsentScope& scope) {
  if (!options.purposes.empty()) scope.clear_purposes();
  for (const std::string& text : options.purposes) {
    WS_ASSIGN_OR_RETURN(auto purpose, ParseWords<referral::v1::ConsentPurpose>("--purpose", text));
    scope.add_purposes(purpose);
  }
  if (!options.agencies.empty()) {
    scope.mutable_agencies()->Assign(options.agencies.begin(), options.agencies.end());
  }
  if (options.until.empty()) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(types::v1::Date last, ParseDate("--until", options.until, now));
  // The last day counts whole.
  const absl::CivilDay after = absl::CivilDay(last.year(), last.month(), last.day()) + 1;
  *scope.mutable_valid_until() = ToProto(absl::FromCivil(after, absl::UTCTimeZone()));
  return absl::OkStatus();
}

struct RecordOptions {
  std::string as;
  std::string request_id;
  std::string person;
  std::string given_by = "person";
  std::string given_on = "today";
  ScopeOptions scope;
  bool child = false;
};

void DeclareRecord(CLI::App& verb, RecordOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("PERSON", options.person, "Handle, pv-...")->required();
  DeclareScope(verb, options.scope);
  for (const char* name : {"--purpose", "--agency", "--until"}) verb.get_option(name)->required();
  verb.add_option("--given-by", options.given_by, "person, guardian or child-advocate")
      ->capture_default_str();
  verb.add_option("--given-on", options.given_on, "Day it was given")->capture_default_str();
  verb.add_flag("--child", options.child, "The person is under 18, or of unknown age");
}

absl::Status RunRecord(Session& session, const RecordOptions& options) {
  const absl::Time now = session.clock.Now();
  casework::v1::RecordConsentRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_person(options.person);
  request.set_treated_as_child(options.child);
  WS_RETURN_IF_ERROR(FillScope(options.scope, now, *request.mutable_scope()));
  WS_ASSIGN_OR_RETURN(auto giver,
                      ParseWords<referral::v1::ConsentGiver>("--given-by", options.given_by));
  request.set_given_by(giver);
  WS_ASSIGN_OR_RETURN(*request.mutable_given_on(), ParseDate("--given-on", options.given_on, now));
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "", options.as));
  auto response = officer.Ask(&CaseworkService::Stub::RecordConsent, request);
  if (ReasonOf(response.status()) == "GUARDIAN_REQUIRED") {
    return WithNext(response.status(), "the same with --given-by guardian or child-advocate");
  }
  if (!response.ok()) return ExplainCase(response.status(), request.request_id());
  session.out.Show(response->consent(), ConsentFields(response->consent()));
  return absl::OkStatus();
}

struct ConsentOptions {
  std::string as;
  std::string consent;
};

void DeclareConsent(CLI::App& verb, ConsentOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("CONSENT", options.consent, "Consent, as recorded")->required();
}

absl::StatusOr<casework::v1::GetConsentResponse> ReadConsent(Officer& officer,
                                                             const std::string& consent_id) {
  casework::v1::GetConsentRequest request;
  request.set_consent_id(consent_id);
  auto response = officer.Ask(&CaseworkService::Stub::GetConsent, request);
  if (!response.ok()) return ExplainCase(response.status(), "");
  return response;
}

// The consent, then each holder with its answer.
template <typename Response>
void ShowConsent(Session& session, const Response& response) {
  Fields fields = ConsentFields(response.consent());
  const Fields holders = HolderFields(response.holders());
  fields.insert(fields.end(), holders.begin(), holders.end());
  session.out.Show(response, fields);
}

absl::Status RunShow(Session& session, const ConsentOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "", options.as));
  WS_ASSIGN_OR_RETURN(auto response, ReadConsent(officer, options.consent));
  ShowConsent(session, response);
  return absl::OkStatus();
}

struct PersonOptions {
  std::string as;
  std::string person;
};

void DeclareList(CLI::App& verb, PersonOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("PERSON", options.person, "Handle, pv-...")->required();
}

absl::Status RunList(Session& session, const PersonOptions& options) {
  casework::v1::ListConsentsRequest request;
  request.set_person(options.person);
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "", options.as));
  WS_ASSIGN_OR_RETURN(auto response, officer.Ask(&CaseworkService::Stub::ListConsents, request));
  const std::vector<casework::v1::Consent> consents(response.consents().begin(),
                                                    response.consents().end());
  session.out.List(consents, ConsentsTable(consents), "no consent of this person here");
  return absl::OkStatus();
}

struct ChangeOptions : ConsentOptions {
  std::string request_id;
  std::string reason;
  ScopeOptions scope;
};

void DeclareWithdraw(CLI::App& verb, ChangeOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("CONSENT", options.consent, "Consent, as recorded")->required();
  verb.add_option("--reason", options.reason, "Why, without names")->required();
}

void DeclareNarrow(CLI::App& verb, ChangeOptions& options) {
  DeclareWithdraw(verb, options);
  DeclareScope(verb, options.scope);
}

absl::Status Change(Session& session, const ChangeOptions& options, Officer& officer,
                    const ConsentScope& scope) {
  casework::v1::ChangeConsentRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_consent_id(options.consent);
  request.set_reason_text(options.reason);
  *request.mutable_scope() = scope;
  auto response = officer.Ask(&CaseworkService::Stub::ChangeConsent, request);
  if (ReasonOf(response.status()) == "CONSENT_WIDENED") {
    return WithNext(response.status(), "waystation consent record PERSON, as a new one");
  }
  if (!response.ok()) return ExplainCase(response.status(), request.request_id());
  ShowConsent(session, *response);
  session.out.Say(absl::StrCat(response->holders_size(), " to answer; who has: ",
                               AsTyped("waystation consent show " + options.consent), " --as ",
                               officer.staff().staff_id()));
  return absl::OkStatus();
}

absl::Status RunChange(Session& session, const ChangeOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "", options.as));
  WS_ASSIGN_OR_RETURN(auto present, ReadConsent(officer, options.consent));
  ConsentScope scope = present.consent().scope();
  WS_RETURN_IF_ERROR(FillScope(options.scope, session.clock.Now(), scope));
  return Change(session, options, officer, scope);
}

absl::Status RunWithdraw(Session& session, const ChangeOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "", options.as));
  return Change(session, options, officer, ConsentScope());
}

}  // namespace

void AddConsentVerbs(CLI::App& app, Chosen& chosen) {
  CLI::App& noun = AddNoun(app, "consent", "What a person agreed to, and who holds what under it");
  AddVerb<RecordOptions>(noun, chosen, "record", "Record a consent; nothing is sent", DeclareRecord,
                         RunRecord);
  AddVerb<ChangeOptions>(noun, chosen, "change", "Narrow a consent, and tell every holder",
                         DeclareNarrow, RunChange);
  AddVerb<ChangeOptions>(noun, chosen, "withdraw", "End a consent, and tell every holder",
                         DeclareWithdraw, RunWithdraw);
  AddVerb<ConsentOptions>(noun, chosen, "show", "One consent, and each holder's answer",
                          DeclareConsent, RunShow);
  AddVerb<PersonOptions>(noun, chosen, "list", "A person's consents, newest first", DeclareList,
                         RunList);
}

}  // namespace waystation::cli
