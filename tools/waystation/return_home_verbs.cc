#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "tools/waystation/case_desk.h"
#include "tools/waystation/casework_call.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/person_terms.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"
#include "waystation/dos/v1/return.pb.h"
#include "waystation/usaid/v1/reintegration.pb.h"

namespace waystation::cli {
namespace {

using casework::v1::CaseworkService;

constexpr char kPrm[] = "dos/prm";
constexpr char kMissions[] = "usaid/missions";

struct ReferOptions {
  std::string as;
  std::string request_id;
  std::string person;
  std::string country;
  std::string return_consent;
  std::string government_consent;
  std::string iom_consent;
  std::string risk;
  std::string risk_summary;
  std::string risk_on = "today";
  std::string needs;
  AgeOptions age;
  bool best_interests = false;
};

void DeclareRefer(CLI::App& verb, ReferOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("--person", options.person, "Handle, pv-...")->required();
  verb.add_option("--country", options.country, "Country of return, ISO 3166-1, e.g. MD")
      ->required();
  verb.add_option("--return-consent", options.return_consent, "Consent to return")->required();
  verb.add_option("--origin-government-consent", options.government_consent,
                  "Consent to tell the government of origin (unset: not given)");
  verb.add_option("--iom-consent", options.iom_consent,
                  "Consent to share with IOM (unset: not given)");
  verb.add_option("--risk", options.risk, "What the assessment concluded: low, manageable, high")
      ->required();
  verb.add_option("--risk-summary", options.risk_summary, "Risks and measures, without names")
      ->required();
  verb.add_option("--risk-on", options.risk_on, "Day of the assessment")->capture_default_str();
  verb.add_flag("--best-interests", options.best_interests,
                "A child's best interests were determined in favour of return");
  verb.add_option("--needs", options.needs, "On the way and after, without names");
  DeclareAge(verb, options.age);
}

// The last whole day of a consent, from the agency's own record of it.
absl::StatusOr<types::v1::Date> LastDayOf(Officer& officer, const std::string& consent_id) {
  casework::v1::GetConsentRequest request;
  request.set_consent_id(consent_id);
  auto response = officer.Ask(&CaseworkService::Stub::GetConsent, request);
  if (!response.ok()) return ExplainCase(response.status(), "");
  // A withdrawn consent has no end: the service refuses it by its own rule.
  const absl::Time end = FromProto(response->consent().scope().valid_until());
  const absl::CivilDay day = absl::ToCivilDay(end - absl::Nanoseconds(1), absl::UTCTimeZone());
  types::v1::Date date;
  date.set_year(static_cast<int>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

absl::Status FillConsent(Officer& officer, const std::string& consent_id,
                         dos::v1::ReturnConsent& consent) {
  consent.set_given(!consent_id.empty());
  if (consent_id.empty()) return absl::OkStatus();
  consent.set_consent_id(consent_id);
  WS_ASSIGN_OR_RETURN(*consent.mutable_valid_until(), LastDayOf(officer, consent_id));
  return absl::OkStatus();
}

absl::Status FillBody(const ReferOptions& options, absl::Time now, dos::v1::ReturnReferral& body) {
  body.set_country(options.country);
  WS_ASSIGN_OR_RETURN(auto level, ParseWords<dos::v1::RiskLevel>("--risk", options.risk));
  body.mutable_risk()->set_level(level);
  body.mutable_risk()->set_summary(options.risk_summary);
  WS_ASSIGN_OR_RETURN(*body.mutable_risk()->mutable_made_on(),
                      ParseDate("--risk-on", options.risk_on, now));
  WS_ASSIGN_OR_RETURN(*body.mutable_age(), ParseAge(options.age, now));
  body.set_best_interests_determined(options.best_interests);
  body.set_needs(options.needs);
  return absl::OkStatus();
}

absl::Status RunRefer(Session& session, const ReferOptions& options) {
  casework::v1::OpenReferralRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_to_unit(kPrm);
  request.set_person(options.person);
  dos::v1::ReturnReferral body;
  WS_RETURN_IF_ERROR(FillBody(options, session.clock.Now(), body));
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, "hhs/orr", options.as));
  WS_RETURN_IF_ERROR(FillConsent(officer, options.return_consent, *body.mutable_return_consent()));
  WS_RETURN_IF_ERROR(
      FillConsent(officer, options.government_consent, *body.mutable_origin_government_consent()));
  WS_RETURN_IF_ERROR(FillConsent(officer, options.iom_consent, *body.mutable_iom_consent()));
  return ReferUnderConsent(session, officer, std::move(request), options.return_consent, body);
}

struct ForwardOptions {
  std::string as;
  std::string request_id;
  std::string referral;
  std::vector<std::string> support;
  std::string needs;
};

void DeclareForward(CLI::App& verb, ForwardOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("REFERRAL", options.referral, "Referral, 32 hexadecimal digits")->required();
  verb.add_option("--support", options.support, "shelter, care, livelihood, legal")
      ->required()
      ->delimiter(',');
  verb.add_option("--needs", options.needs, "What the partner should know, without names");
}

// The country is that of the return: another mission has no need to know.
absl::StatusOr<std::string> CountryOf(const CaseAtDesk& desk) {
  dos::v1::ReturnReferral body;
  if (desk.referral.request().UnpackTo(&body)) return body.country();
  const std::string& why = desk.referral.withheld_because();
  return WithNext(absl::FailedPreconditionError(Problem(
                      "referral", "no return whose content is shown",
                      why.empty() ? desk.referral.procedure() : why, "one that dos/prm has")),
                  "the same with --as ID of an officer of dos/prm");
}

absl::Status RunForward(Session& session, const ForwardOptions& options) {
  usaid::v1::ReintegrationReferral body;
  for (const std::string& text : options.support) {
    WS_ASSIGN_OR_RETURN(auto one, ParseWords<usaid::v1::ReintegrationSupport>("--support", text));
    body.add_support(one);
  }
  body.set_needs(options.needs);
  WS_ASSIGN_OR_RETURN(CaseAtDesk desk, CaseAtUnit(session, kPrm, options.as, options.referral));
  WS_ASSIGN_OR_RETURN(*body.mutable_country(), CountryOf(desk));
  casework::v1::ForwardReferralRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_referral_id(desk.referral.referral_id());
  request.set_to_unit(kMissions);
  request.mutable_body()->PackFrom(body);
  auto response = desk.officer.Ask(&CaseworkService::Stub::ForwardReferral, request);
  if (!response.ok()) return ExplainCase(response.status(), request.request_id());
  ShowCase(session, response->referral());
  session.out.Say(desk.officer.staff().unit() + " stays answerable for " + options.referral);
  return absl::OkStatus();
}

struct AnswerOptions {
  std::string as;
  std::string request_id;
  std::string referral;
  std::string outcome;
  std::string on = "today";
  std::string note;
};

void DeclareAnswer(CLI::App& verb, AnswerOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("REFERRAL", options.referral, "Referral, 32 hexadecimal digits")->required();
  verb.add_option("--outcome", options.outcome, "returned, declined, integration-here or not-safe")
      ->required();
  verb.add_option("--on", options.on, "Day of the return")->capture_default_str();
  verb.add_option("--note", options.note, "In words, without names; required when not safe");
}

absl::Status RunAnswer(Session& session, const AnswerOptions& options) {
  dos::v1::ReturnOutcome body;
  WS_ASSIGN_OR_RETURN(auto kind,
                      ParseWords<dos::v1::ReturnOutcomeKind>("--outcome", options.outcome));
  body.set_kind(kind);
  body.set_note(options.note);
  if (kind == dos::v1::RETURN_OUTCOME_KIND_RETURNED) {
    WS_ASSIGN_OR_RETURN(*body.mutable_returned_on(),
                        ParseDate("--on", options.on, session.clock.Now()));
  }
  WS_ASSIGN_OR_RETURN(CaseAtDesk desk, CaseAtUnit(session, kPrm, options.as, options.referral));
  return AnswerCase(session, desk, options.request_id, body);
}

}  // namespace

void AddReturnHomeVerbs(CLI::App& app, Chosen& chosen) {
  CLI::App& noun =
      AddNoun(app, "return-home", "Return to the country of origin, TVPA 107(a): wished and safe");
  AddVerb<ReferOptions>(noun, chosen, "refer", "Refer a person who wishes to return (HHS to DOS)",
                        DeclareRefer, RunRefer);
  AddVerb<ForwardOptions>(noun, chosen, "forward",
                          "Ask USAID to arrange reintegration, and stay answerable (DOS)",
                          DeclareForward, RunForward);
  AddVerb<AnswerOptions>(noun, chosen, "answer", "How it ended (DOS)", DeclareAnswer, RunAnswer);
}

}  // namespace waystation::cli
