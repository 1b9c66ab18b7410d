#include <string>

#include "common/status/status.h"
#include "tools/waystation/case_desk.h"
#include "tools/waystation/contracts.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/petition_text.h"
#include "tools/waystation/present.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

using casework::v1::CaseworkService;
using ins::v1::InsService;

struct AnswerOptions {
  std::string as;
  std::string request_id;
  std::string referral;
  std::string mechanism;
  std::string mechanism_text;
  std::string from = "today";
  std::string until = "+365d";
  std::string reasons;
  std::string work;
  std::string work_citation;
  std::string proposal;
  std::string body;
  bool grant = false;
  bool deny = false;
  bool countersign = false;
  bool necessity = false;
};

void DeclareAnswer(CLI::App& verb, AnswerOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("REFERRAL", options.referral, "Referral, 32 hexadecimal digits")->required();
  auto* grant = verb.add_flag("--grant", options.grant, "Propose to permit the presence");
  auto* deny = verb.add_flag("--deny", options.deny, "Propose not to");
  auto* second = verb.add_flag("--countersign", options.countersign,
                               "Confirm the open proposal as the second official, and send it");
  verb.add_option("--proposal", options.proposal,
                  "Proposal that you read (default: the open one); refused when it changed")
      ->needs(second);
  auto* body = verb.add_option("--body", options.body,
                               "Casework: the procedure's answer as JSON, or @FILE with it; it is "
                               "sent, or proposed where two officials answer");
  grant->excludes(deny)->excludes(second)->excludes(body);
  deny->excludes(second)->excludes(body);
  second->excludes(body);
  verb.add_option("--mechanism", options.mechanism,
                  "parole, stay-of-removal, deferred-action or other");
  verb.add_option("--mechanism-text", options.mechanism_text, "Name of another mechanism");
  verb.add_option("--from", options.from, "First day")->capture_default_str();
  verb.add_option("--until", options.until, "Last day")->capture_default_str();
  verb.add_option("--reasons", options.reasons, "Reasons of a denial, with citations, no names");
  verb.add_option("--work", options.work,
                  "Authorize work: parole, deferred-action, order-of-supervision or other");
  verb.add_option("--work-citation", options.work_citation, "Citation of another class");
  verb.add_flag("--economic-necessity", options.necessity,
                "The person established economic necessity (8 CFR 274a.12(c)(14))");
}

absl::Status FillWork(const AnswerOptions& options, ins::v1::DecisionTerms* terms) {
  if (options.work.empty()) return absl::OkStatus();
  ins::v1::WorkAuthorizationTerms* work = terms->mutable_work_authorization();
  WS_ASSIGN_OR_RETURN(auto basis,
                      ParseWords<ins::v1::WorkAuthorizationBasis>("--work", options.work));
  work->set_basis(basis);
  work->set_basis_citation(options.work_citation);
  *work->mutable_effective_date() = terms->effective_date();
  *work->mutable_expires_on() = terms->expires_on();
  work->set_economic_necessity_established(options.necessity);
  return absl::OkStatus();
}

absl::Status FillTerms(const AnswerOptions& options, absl::Time now,
                       ins::v1::DecisionTerms* terms) {
  if (options.deny) {
    terms->set_outcome(ins::v1::DECISION_OUTCOME_DENIED);
    terms->set_reasons(options.reasons);
    return absl::OkStatus();
  }
  terms->set_outcome(ins::v1::DECISION_OUTCOME_GRANTED);
  WS_ASSIGN_OR_RETURN(auto mechanism,
                      ParseWords<ins::v1::PresenceMechanism>("--mechanism", options.mechanism));
  terms->set_mechanism(mechanism);
  terms->set_mechanism_text(options.mechanism_text);
  WS_ASSIGN_OR_RETURN(*terms->mutable_effective_date(), ParseDate("--from", options.from, now));
  WS_ASSIGN_OR_RETURN(*terms->mutable_expires_on(), ParseDate("--until", options.until, now));
  return FillWork(options, terms);
}

absl::Status Propose(Session& session, const AnswerOptions& options, Officer& officer,
                     const std::string& referral_id, const ins::v1::DecisionTerms& terms) {
  WS_ASSIGN_OR_RETURN(ins::v1::Petition present, PresentPetition(officer, referral_id));
  ins::v1::ProposeDecisionRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_referral_id(referral_id);
  request.set_expected_version(present.version());
  *request.mutable_terms() = terms;
  auto response = officer.Ins(&InsService::Stub::ProposeDecision, request);
  if (ReasonOf(response.status()) == "RENEWAL_EXTENDS_NOTHING") {
    return WithNext(response.status(),
                    "the same with --from and --until; those asked for: " +
                        AsTyped("waystation petition show " + FormatReferralId(referral_id)) +
                        " --as " + officer.staff().staff_id());
  }
  if (!response.ok()) return WithRetry(response.status(), request.request_id());
  session.out.Show(response->petition(), PetitionFields(response->petition()));
  session.out.Say("proposed; nothing is sent until a second official countersigns");
  return absl::OkStatus();
}

absl::Status Countersign(Session& session, const AnswerOptions& options, Officer& officer,
                         const std::string& referral_id) {
  WS_ASSIGN_OR_RETURN(ins::v1::Petition present, PresentPetition(officer, referral_id));
  ins::v1::ConfirmDecisionRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_referral_id(referral_id);
  request.set_expected_version(present.version());
  request.set_proposal_id(options.proposal.empty() ? present.proposal().proposal_id()
                                                   : options.proposal);
  auto response = officer.Ins(&InsService::Stub::ConfirmDecision, request);
  if (ReasonOf(response.status()) == "SECOND_OFFICIAL_REQUIRED") {
    return WithNext(response.status(), "the same with --as ID of another official");
  }
  if (!response.ok()) return WithRetry(response.status(), request.request_id());
  session.out.Show(*response, PetitionFields(response->petition()));
  session.out.Say("decided by two officials and sent");
  return absl::OkStatus();
}

// -- Casework: any procedure. --

absl::Status ShowAnswered(Session& session, const casework::v1::Referral& referral) {
  ShowCase(session, referral);
  session.out.Say(referral.has_proposal() ? "proposed; a second official sends it: " +
                                                AsTyped("waystation answer " +
                                                        FormatReferralId(referral.referral_id())) +
                                                " --countersign --as ID"
                                          : "answered and sent");
  return absl::OkStatus();
}

absl::Status ProposeCase(Session& session, const AnswerOptions& options, CaseAtDesk& desk) {
  casework::v1::ProposeAnswerRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_referral_id(desk.referral.referral_id());
  request.set_expected_version(desk.referral.version());
  WS_ASSIGN_OR_RETURN(const procedures::Contract* contract,
                      FindContract(desk.referral.procedure()));
  WS_ASSIGN_OR_RETURN(*request.mutable_body(),
                      ParseBody(*contract->answer, "--body", options.body, session.clock.Now()));
  auto response = desk.officer.Ask(&CaseworkService::Stub::ProposeAnswer, request);
  if (!response.ok())
    return ExplainCase(response.status(), request.request_id(), desk.referral.procedure());
  return ShowAnswered(session, response->referral());
}

absl::Status CountersignCase(Session& session, const AnswerOptions& options, CaseAtDesk& desk) {
  casework::v1::ConfirmAnswerRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_referral_id(desk.referral.referral_id());
  request.set_expected_version(desk.referral.version());
  request.set_proposal_id(options.proposal.empty() ? desk.referral.proposal().proposal_id()
                                                   : options.proposal);
  auto response = desk.officer.Ask(&CaseworkService::Stub::ConfirmAnswer, request);
  if (!response.ok()) return ExplainCase(response.status(), request.request_id());
  return ShowAnswered(session, response->referral());
}

absl::Status AnswerCase(Session& session, const AnswerOptions& options) {
  WS_ASSIGN_OR_RETURN(CaseAtDesk desk, CaseOf(session, options.as, options.referral));
  return ProposeCase(session, options, desk);
}

absl::Status RunAnswer(Session& session, const AnswerOptions& options) {
  if (!options.body.empty()) return AnswerCase(session, options);
  if (!options.grant && !options.deny && !options.countersign) {
    return WithNext(
        UsageError("answer: no decision, want --body, --grant, --deny or --countersign"),
        "waystation answer --help");
  }
  WS_ASSIGN_OR_RETURN(std::string referral_id, ParseReferralId(options.referral));
  ins::v1::DecisionTerms terms;
  if (!options.countersign) {
    WS_RETURN_IF_ERROR(FillTerms(options, session.clock.Now(), &terms));
  }
  if (options.countersign) {
    WS_ASSIGN_OR_RETURN(auto desk, FindCase(session, "ins", options.as, referral_id));
    if (desk.has_value()) return CountersignCase(session, options, *desk);
  }
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "ins", options.as));
  return options.countersign ? Countersign(session, options, officer, referral_id)
                             : Propose(session, options, officer, referral_id, terms);
}

}  // namespace

void AddAnswerVerb(CLI::App& app, Chosen& chosen) {
  AddVerb<AnswerOptions>(
      app, chosen, "answer",
      "Answer; where two officials decide, one proposes and another countersigns", DeclareAnswer,
      RunAnswer);
}

}  // namespace waystation::cli
