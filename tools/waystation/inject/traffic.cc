#include "tools/waystation/inject/traffic.h"

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "tools/waystation/scenes/casework.h"
#include "tools/waystation/scenes/certifying.h"
#include "tools/waystation/scenes/scenes.h"
#include "waystation/casework/v1/casework.grpc.pb.h"
#include "waystation/dol/v1/services.pb.h"

namespace waystation::cli {
namespace {

using casework::v1::CaseworkService;
using casework::v1::StepReferralRequest;

constexpr char kEta[] = "eta-4201";
constexpr int kConsentDays = 90;

// What the scenes tell is not for this reader.
absl::Status PlayScenes(Play& play, Signals& signals) {
  std::ostringstream unread;
  Output out(unread, unread, Format::kTable, /*color=*/false);
  Teller teller(out);
  Stage stage{play, teller, signals, ""};
  for (const Scene& scene : Scenes()) {
    if (scene.wants_journal) continue;
    WS_RETURN_IF_ERROR(scene.play(stage));
  }
  return absl::OkStatus();
}

// Opens them all at once: what waits together is delivered and acknowledged
// together, so that there are batches of receipts.
absl::StatusOr<std::vector<std::string>> OpenServices(Play& play, int referrals) {
  WS_ASSIGN_OR_RETURN(auto one, OpenCertificationCase(play, hhs::v1::CASE_DOOR_SELF));
  WS_ASSIGN_OR_RETURN(std::string consent, RecordConsent(play, kOrr, one.person(),
                                                         {referral::v1::CONSENT_PURPOSE_SERVICES},
                                                         {"dol"}, kConsentDays));
  dol::v1::ServicesReferral body;
  body.add_services(dol::v1::SERVICE_KIND_LANGUAGE_TRAINING);
  casework::v1::OpenReferralRequest request = UnderConsent("dol/eta", one.person(), consent);
  WS_ASSIGN_OR_RETURN(*request.mutable_from_unit(), play.UnitOf(kOrr));
  request.mutable_body()->PackFrom(body);
  std::vector<std::string> opened;
  for (int i = 0; i < referrals; ++i) {
    request.set_request_id(play.NewRequestId());
    WS_ASSIGN_OR_RETURN(auto response,
                        play.Ask(kOrr, &CaseworkService::Stub::OpenReferral, request));
    opened.push_back(response.referral().referral_id());
  }
  return opened;
}

absl::Status Take(Play& play, const std::string& referral, types::v1::Transition transition) {
  StepReferralRequest step;
  step.set_transition(transition);
  if (transition == types::v1::TRANSITION_HOLD || transition == types::v1::TRANSITION_RETURN) {
    step.set_reason_text("SYNTHETIC. The course is full.");
  }
  if (transition == types::v1::TRANSITION_HOLD) *step.mutable_hold_until() = play.Day(30);
  if (transition == types::v1::TRANSITION_RETURN) {
    step.mutable_return_detail()->set_reason(types::v1::RETURN_REASON_INCOMPLETE);
  }
  return TakeStep(play, kEta, referral, std::move(step)).status();
}

absl::Status Answer(Play& play, const std::string& referral) {
  dol::v1::ServicesOutcome outcome;
  outcome.add_outcomes()->set_service(dol::v1::SERVICE_KIND_LANGUAGE_TRAINING);
  outcome.mutable_outcomes(0)->set_outcome(dol::v1::SERVICES_OUTCOME_KIND_ENROLLED);
  return AnswerCaseWith(play, kEta, referral, outcome).status();
}

// One in four each: answered, returned, held and then answered, left open.
absl::Status Serve(Play& play, const std::string& referral, size_t number) {
  switch (number % 4) {
    case 0:
      return Answer(play, referral);
    case 1:
      return Take(play, referral, types::v1::TRANSITION_RETURN);
    case 2:
      WS_RETURN_IF_ERROR(Take(play, referral, types::v1::TRANSITION_HOLD));
      WS_RETURN_IF_ERROR(Take(play, referral, types::v1::TRANSITION_RESUME));
      return Answer(play, referral);
    default:
      return absl::OkStatus();
  }
}

}  // namespace

absl::Status MakeTraffic(Play& play, Signals& signals, int referrals) {
  WS_RETURN_IF_ERROR(PlayScenes(play, signals));
  WS_ASSIGN_OR_RETURN(std::vector<std::string> opened, OpenServices(play, referrals));
  for (const std::string& referral : opened) {
    WS_RETURN_IF_ERROR(TakeUpCase(play, kEta, referral).status());
  }
  for (size_t i = 0; i < opened.size(); ++i) WS_RETURN_IF_ERROR(Serve(play, opened[i], i));
  return absl::OkStatus();
}

}  // namespace waystation::cli
