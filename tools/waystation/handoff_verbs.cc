#include <string>

#include "common/status/status.h"
#include "tools/waystation/case_desk.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/petition_text.h"
#include "tools/waystation/present.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

using ins::v1::InsService;

struct StepOptions {
  std::string as;
  std::string request_id;
  std::string referral;
  std::string reason;
  std::string kind;
  std::string citation;
  std::string until;
};

void DeclareStep(CLI::App& verb, StepOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("REFERRAL", options.referral, "Referral, 32 hexadecimal digits")->required();
}

void DeclareReturn(CLI::App& verb, StepOptions& options) {
  DeclareStep(verb, options);
  verb.add_option("--kind", options.kind,
                  "not-ours, incomplete, duplicate, no-capacity or not-authorized-by-law")
      ->required();
  verb.add_option("--citation", options.citation, "The rule, when the kind is the law");
  verb.add_option("--reason", options.reason, "Why, without names")->required();
}

struct CancellationOptions : StepOptions {
  bool confirm = false;
  bool go_on = false;
};

void DeclareCancellation(CLI::App& verb, CancellationOptions& options) {
  DeclareStep(verb, options);
  auto* confirm = verb.add_flag("--confirm", options.confirm, "It is cancelled");
  auto* reason = verb.add_option("--reason", options.reason, "Why, without names");
  verb.add_flag("--continue", options.go_on, "The agency goes on with it, and says why")
      ->excludes(confirm)
      ->needs(reason);
}

void DeclareHold(CLI::App& verb, StepOptions& options) {
  DeclareStep(verb, options);
  verb.add_option("--until", options.until, "Last day of the hold, e.g. +14d")->required();
  verb.add_option("--reason", options.reason, "Why, without names")->required();
}

casework::v1::StepReferralRequest CaseStep(types::v1::Transition transition,
                                           const std::string& reason) {
  casework::v1::StepReferralRequest request;
  request.set_transition(transition);
  request.set_reason_text(reason);
  return request;
}

// Takes the step when the referral is casework; false when it is a petition.
absl::StatusOr<bool> TryCase(Session& session, const StepOptions& options,
                             const casework::v1::StepReferralRequest& request) {
  return TryStepCase(session, "ins", options.as, options.referral, options.request_id, request);
}

// Fills what every step has, calls it, shows the petition as it is now.
template <typename Request, typename Response>
absl::StatusOr<ins::v1::Petition> TakeStep(
    Session& session, const StepOptions& options, Request request,
    grpc::Status (InsService::Stub::*method)(grpc::ClientContext*, const Request&, Response*)) {
  WS_ASSIGN_OR_RETURN(*request.mutable_referral_id(), ParseReferralId(options.referral));
  request.set_request_id(RequestId(session, options.request_id));
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "ins", options.as));
  WS_ASSIGN_OR_RETURN(ins::v1::Petition present, PresentPetition(officer, request.referral_id()));
  request.set_expected_version(present.version());
  absl::StatusOr<Response> response = officer.Ins(method, request);
  if (!response.ok()) return WithRetry(response.status(), request.request_id());
  session.out.Show(response->petition(), PetitionFields(response->petition()));
  return response->petition();
}

// What an officer does with a petition that is taken up. A renewal must end
// after the presence that it renews, which the usual days may not.
void SayDecide(Session& session, const ins::v1::Petition& petition) {
  const ins::v1::ContinuedPresencePetition& asked = petition.content();
  std::string days;
  if (asked.kind() == ins::v1::PETITION_KIND_RENEWAL) {
    days = absl::StrCat(" --from ", FormatDate(asked.requested_from()), " --until ",
                        FormatDate(asked.requested_until()));
  }
  session.out.Say(absl::StrCat(
      "next: ", AsTyped("waystation answer " + FormatReferralId(petition.referral_id())),
      " --grant --mechanism parole", days, ", or --deny --reasons TEXT"));
}

absl::Status RunTakeUp(Session& session, const StepOptions& options) {
  WS_ASSIGN_OR_RETURN(bool done,
                      TryCase(session, options, CaseStep(types::v1::TRANSITION_TAKE_UP, "")));
  if (done) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(auto petition, TakeStep(session, options, ins::v1::TakeUpPetitionRequest(),
                                              &InsService::Stub::TakeUpPetition));
  SayDecide(session, petition);
  return absl::OkStatus();
}

absl::Status RunReturn(Session& session, const StepOptions& options) {
  ins::v1::ReturnPetitionRequest request;
  WS_ASSIGN_OR_RETURN(auto kind, ParseWords<types::v1::ReturnReason>("--kind", options.kind));
  auto step = CaseStep(types::v1::TRANSITION_RETURN, options.reason);
  step.mutable_return_detail()->set_reason(kind);
  step.mutable_return_detail()->set_citation(options.citation);
  WS_ASSIGN_OR_RETURN(bool done, TryCase(session, options, step));
  if (done) return absl::OkStatus();
  request.set_reason(kind);
  request.set_citation(options.citation);
  request.set_reason_text(options.reason);
  return TakeStep(session, options, request, &InsService::Stub::ReturnPetition).status();
}

absl::Status RunCancellation(Session& session, const CancellationOptions& options) {
  if (!options.confirm && !options.go_on) {
    return UsageError("cancellation: no answer, want --confirm, or --continue --reason TEXT");
  }
  const auto transition =
      options.confirm ? types::v1::TRANSITION_CONFIRM_CANCEL : types::v1::TRANSITION_CONTINUE;
  WS_ASSIGN_OR_RETURN(bool done, TryCase(session, options, CaseStep(transition, options.reason)));
  if (done) return absl::OkStatus();
  ins::v1::DecideCancellationRequest request;
  request.set_outcome(options.confirm ? ins::v1::CANCELLATION_OUTCOME_CONFIRMED
                                      : ins::v1::CANCELLATION_OUTCOME_CONTINUED);
  request.set_reason(options.reason);
  WS_RETURN_IF_ERROR(
      TakeStep(session, options, request, &InsService::Stub::DecideCancellation).status());
  session.out.Say(options.confirm ? "cancelled and sent" : "INS goes on; the reason is sent");
  return absl::OkStatus();
}

absl::Status RunHold(Session& session, const StepOptions& options) {
  ins::v1::HoldPetitionRequest request;
  WS_ASSIGN_OR_RETURN(*request.mutable_until(),
                      ParseDate("--until", options.until, session.clock.Now()));
  auto step = CaseStep(types::v1::TRANSITION_HOLD, options.reason);
  *step.mutable_hold_until() = request.until();
  WS_ASSIGN_OR_RETURN(bool done, TryCase(session, options, step));
  if (done) return absl::OkStatus();
  request.set_reason(options.reason);
  WS_RETURN_IF_ERROR(TakeStep(session, options, request, &InsService::Stub::HoldPetition).status());
  session.out.Say(absl::StrCat("on hold until ", FormatDate(request.until()),
                               "; before: ", AsTyped("waystation resume " + options.referral)));
  return absl::OkStatus();
}

absl::Status RunResume(Session& session, const StepOptions& options) {
  WS_ASSIGN_OR_RETURN(bool done,
                      TryCase(session, options, CaseStep(types::v1::TRANSITION_RESUME, "")));
  if (done) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(auto petition, TakeStep(session, options, ins::v1::ResumePetitionRequest(),
                                              &InsService::Stub::ResumePetition));
  SayDecide(session, petition);
  return absl::OkStatus();
}

}  // namespace

void AddHandoffVerbs(CLI::App& app, Chosen& chosen) {
  AddVerb<StepOptions>(app, chosen, "take-up", "Say that the agency works on it", DeclareStep,
                       RunTakeUp);
  AddVerb<StepOptions>(app, chosen, "return", "Give it back undecided, with a reason",
                       DeclareReturn, RunReturn);
  AddVerb<CancellationOptions>(app, chosen, "cancellation", "Answer one who asks to cancel",
                               DeclareCancellation, RunCancellation);
  AddVerb<StepOptions>(app, chosen, "hold", "Pause work until a day", DeclareHold, RunHold);
  AddVerb<StepOptions>(app, chosen, "resume", "Take it up again", DeclareStep, RunResume);
}

}  // namespace waystation::cli
