#include "common/agency/handoff.h"

#include <array>

namespace waystation::agency {
namespace {

using types::v1::ReferralState;
using types::v1::Transition;

constexpr unsigned Bit(ReferralState state) { return 1u << static_cast<unsigned>(state); }

constexpr unsigned kRequested = Bit(types::v1::REFERRAL_STATE_REQUESTED);
constexpr unsigned kReceived = Bit(types::v1::REFERRAL_STATE_RECEIVED);
constexpr unsigned kTakenUp = Bit(types::v1::REFERRAL_STATE_TAKEN_UP);
constexpr unsigned kOnHold = Bit(types::v1::REFERRAL_STATE_ON_HOLD);
constexpr unsigned kCancelAsked = Bit(types::v1::REFERRAL_STATE_CANCEL_ASKED);
constexpr unsigned kOpen = kRequested | kReceived | kTakenUp | kOnHold | kCancelAsked;
constexpr unsigned kEnded =
    Bit(types::v1::REFERRAL_STATE_RETURNED) | Bit(types::v1::REFERRAL_STATE_ANSWERED) |
    Bit(types::v1::REFERRAL_STATE_CANCELLED) | Bit(types::v1::REFERRAL_STATE_EXPIRED);
constexpr unsigned kInError = Bit(types::v1::REFERRAL_STATE_ENTERED_IN_ERROR);

constexpr ReferralState kSame = types::v1::REFERRAL_STATE_UNSPECIFIED;

// One step that a message may take on a referral that exists.
struct Step {
  Transition transition;
  std::string_view name;
  bool by_target;
  unsigned from;
  ReferralState to;  // kSame: the state stays.
};

constexpr std::array kSteps = {
    Step{types::v1::TRANSITION_TAKE_UP, "take up", true, kRequested | kReceived,
         types::v1::REFERRAL_STATE_TAKEN_UP},
    Step{types::v1::TRANSITION_RETURN, "return", true, kRequested | kReceived | kTakenUp | kOnHold,
         types::v1::REFERRAL_STATE_RETURNED},
    Step{types::v1::TRANSITION_HOLD, "hold", true, kTakenUp, types::v1::REFERRAL_STATE_ON_HOLD},
    Step{types::v1::TRANSITION_RESUME, "resume", true, kOnHold, types::v1::REFERRAL_STATE_TAKEN_UP},
    Step{types::v1::TRANSITION_ANSWER, "answer", true, kTakenUp | kCancelAsked,
         types::v1::REFERRAL_STATE_ANSWERED},
    Step{types::v1::TRANSITION_CANCEL, "cancel", false, kRequested,
         types::v1::REFERRAL_STATE_CANCELLED},
    Step{types::v1::TRANSITION_ASK_TO_CANCEL, "ask to cancel", false,
         kReceived | kTakenUp | kOnHold, types::v1::REFERRAL_STATE_CANCEL_ASKED},
    Step{types::v1::TRANSITION_CONFIRM_CANCEL, "confirm cancel", true, kCancelAsked,
         types::v1::REFERRAL_STATE_CANCELLED},
    Step{types::v1::TRANSITION_CONTINUE, "continue", true, kCancelAsked, kSame},
    Step{types::v1::TRANSITION_CHANGE_SCOPE, "change scope", false, kOpen, kSame},
    Step{types::v1::TRANSITION_SCOPE_CONFIRMED, "scope confirmed", true, kOpen | kEnded, kSame},
    Step{types::v1::TRANSITION_RETAINED_UNDER, "retained under", true, kOpen | kEnded, kSame},
    Step{types::v1::TRANSITION_ENTERED_IN_ERROR, "entered in error", false, kOpen | kEnded,
         types::v1::REFERRAL_STATE_ENTERED_IN_ERROR},
};

const Step* FindStep(Transition transition) {
  for (const Step& step : kSteps) {
    if (step.transition == transition) return &step;
  }
  return nullptr;
}

}  // namespace

bool MayStep(ReferralState state, Transition transition, bool by_target) {
  const Step* step = FindStep(transition);
  return step != nullptr && step->by_target == by_target && (step->from & Bit(state)) != 0;
}

Standing After(Standing from, Transition transition) {
  if (transition == types::v1::TRANSITION_REQUEST) return {types::v1::REFERRAL_STATE_REQUESTED};
  if (transition == types::v1::TRANSITION_RECEIVED) return {types::v1::REFERRAL_STATE_RECEIVED};
  if (transition == types::v1::TRANSITION_CONTINUE) return {from.former};
  const Step* step = FindStep(transition);
  if (step == nullptr || step->to == kSame) return from;
  bool asks = step->to == types::v1::REFERRAL_STATE_CANCEL_ASKED;
  return {step->to, asks ? from.state : kSame};
}

bool IsFinal(ReferralState state) { return (Bit(state) & (kEnded | kInError)) != 0; }

std::string_view StateName(ReferralState state) {
  constexpr std::array<std::string_view, 11> kNames = {
      "unknown",  "requested", "received",  "taken-up", "on-hold",         "cancel-asked",
      "returned", "answered",  "cancelled", "expired",  "entered-in-error"};
  auto index = static_cast<size_t>(state);
  return index < kNames.size() ? kNames[index] : kNames[0];
}

std::string_view StepName(Transition transition) {
  if (transition == types::v1::TRANSITION_REQUEST) return "request";
  const Step* step = FindStep(transition);
  return step != nullptr ? step->name : "no step";
}

}  // namespace waystation::agency
