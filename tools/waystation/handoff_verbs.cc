#include <string>

#include "common/status/status.h"
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
  auto* confirm = verb.add_flag("--confirm", options.confirm, "The petition is cancelled");
  auto* reason = verb.add_option("--reason", options.reason, "Why, without names");
  verb.add_flag("--continue", options.go_on, "INS goes on with it, and says why")
      ->excludes(confirm)
      ->needs(reason);
}

void DeclareHold(CLI::App& verb, StepOptions& options) {
  DeclareStep(verb, options);
  verb.add_option("--until", options.until, "Last day of the hold, e.g. +14d")->required();
  verb.add_option("--reason", options.reason, "Why, without names")->required();
}

// Fills what every step has, calls it, shows the petition as it is now.
template <typename Request, typename Response>
absl::Status TakeStep(Session& session, const StepOptions& options, Request request,
                      grpc::Status (InsService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                               Response*)) {
  WS_ASSIGN_OR_RETURN(*request.mutable_referral_id(), ParseReferralId(options.referral));
  request.set_request_id(RequestId(session, options.request_id));
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "ins", options.as));
  WS_ASSIGN_OR_RETURN(ins::v1::Petition present, PresentPetition(officer, request.referral_id()));
  request.set_expected_version(present.version());
  absl::StatusOr<Response> response = officer.Ins(method, request);
  if (!response.ok()) return WithRetry(response.status(), request.request_id());
  session.out.Show(response->petition(), PetitionFields(response->petition()));
  return absl::OkStatus();
}

// What an officer does with a petition that is taken up.
void SayDecide(Session& session, const StepOptions& options) {
  session.out.Say(absl::StrCat("next: ", AsTyped("waystation answer " + options.referral),
                               " --grant --mechanism parole, or --deny --reasons TEXT"));
}

absl::Status RunTakeUp(Session& session, const StepOptions& options) {
  WS_RETURN_IF_ERROR(TakeStep(session, options, ins::v1::TakeUpPetitionRequest(),
                              &InsService::Stub::TakeUpPetition));
  SayDecide(session, options);
  return absl::OkStatus();
}

absl::Status RunReturn(Session& session, const StepOptions& options) {
  ins::v1::ReturnPetitionRequest request;
  WS_ASSIGN_OR_RETURN(auto kind, ParseWords<types::v1::ReturnReason>("--kind", options.kind));
  request.set_reason(kind);
  request.set_citation(options.citation);
  request.set_reason_text(options.reason);
  return TakeStep(session, options, request, &InsService::Stub::ReturnPetition);
}

absl::Status RunCancellation(Session& session, const CancellationOptions& options) {
  if (!options.confirm && !options.go_on) {
    return UsageError("cancellation: no answer, want --confirm, or --continue --reason TEXT");
  }
  ins::v1::DecideCancellationRequest request;
  request.set_outcome(options.confirm ? ins::v1::CANCELLATION_OUTCOME_CONFIRMED
                                      : ins::v1::CANCELLATION_OUTCOME_CONTINUED);
  request.set_reason(options.reason);
  WS_RETURN_IF_ERROR(TakeStep(session, options, request, &InsService::Stub::DecideCancellation));
  session.out.Say(options.confirm ? "cancelled and sent" : "INS goes on; the reason is sent");
  return absl::OkStatus();
}

absl::Status RunHold(Session& session, const StepOptions& options) {
  ins::v1::HoldPetitionRequest request;
  WS_ASSIGN_OR_RETURN(*request.mutable_until(),
                      ParseDate("--until", options.until, session.clock.Now()));
  request.set_reason(options.reason);
  WS_RETURN_IF_ERROR(TakeStep(session, options, request, &InsService::Stub::HoldPetition));
  session.out.Say(absl::StrCat("on hold until ", FormatDate(request.until()),
                               "; before: ", AsTyped("waystation resume " + options.referral)));
  return absl::OkStatus();
}

absl::Status RunResume(Session& session, const StepOptions& options) {
  WS_RETURN_IF_ERROR(TakeStep(session, options, ins::v1::ResumePetitionRequest(),
                              &InsService::Stub::ResumePetition));
  SayDecide(session, options);
  return absl::OkStatus();
}

}  // namespace

void AddHandoffVerbs(CLI::App& app, Chosen& chosen) {
  AddVerb<StepOptions>(app, chosen, "take-up", "Say that INS works on it (INS)", DeclareStep,
                       RunTakeUp);
  AddVerb<StepOptions>(app, chosen, "return", "Give it back undecided, with a reason (INS)",
                       DeclareReturn, RunReturn);
  AddVerb<CancellationOptions>(app, chosen, "cancellation",
                               "Answer a petitioner who asks to cancel (INS)", DeclareCancellation,
                               RunCancellation);
  AddVerb<StepOptions>(app, chosen, "hold", "Pause work until a day (INS)", DeclareHold, RunHold);
  AddVerb<StepOptions>(app, chosen, "resume", "Take it up again (INS)", DeclareStep, RunResume);
}

}  // namespace waystation::cli
