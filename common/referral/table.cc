#include "common/referral/table.h"

#include <array>

namespace waystation::referral {
namespace {

constexpr unsigned Bit(ReferralState state) { return 1u << static_cast<unsigned>(state); }

constexpr unsigned kNone = Bit(types::v1::REFERRAL_STATE_UNSPECIFIED);
constexpr unsigned kRequested = Bit(types::v1::REFERRAL_STATE_REQUESTED);
constexpr unsigned kReceived = Bit(types::v1::REFERRAL_STATE_RECEIVED);
constexpr unsigned kTakenUp = Bit(types::v1::REFERRAL_STATE_TAKEN_UP);
constexpr unsigned kOnHold = Bit(types::v1::REFERRAL_STATE_ON_HOLD);
constexpr unsigned kCancelAsked = Bit(types::v1::REFERRAL_STATE_CANCEL_ASKED);
constexpr unsigned kReturned = Bit(types::v1::REFERRAL_STATE_RETURNED);
constexpr unsigned kAnswered = Bit(types::v1::REFERRAL_STATE_ANSWERED);
constexpr unsigned kCancelled = Bit(types::v1::REFERRAL_STATE_CANCELLED);
constexpr unsigned kExpired = Bit(types::v1::REFERRAL_STATE_EXPIRED);
constexpr unsigned kInError = Bit(types::v1::REFERRAL_STATE_ENTERED_IN_ERROR);

constexpr unsigned kOpen = kRequested | kReceived | kTakenUp | kOnHold | kCancelAsked;
constexpr unsigned kFinalButError = kReturned | kAnswered | kCancelled | kExpired;

constexpr ReferralState kNowhere = types::v1::REFERRAL_STATE_UNSPECIFIED;

constexpr std::array kTable = {
    Edge{kNone, Event::kRequest, Party::kRequester, Destination::kState,
         types::v1::REFERRAL_STATE_REQUESTED},
    Edge{kRequested, Event::kReceived, Party::kTarget, Destination::kState,
         types::v1::REFERRAL_STATE_RECEIVED},
    Edge{kRequested | kReceived, Event::kTakeUp, Party::kTarget, Destination::kState,
         types::v1::REFERRAL_STATE_TAKEN_UP},
    Edge{kRequested | kReceived | kTakenUp | kOnHold, Event::kReturn, Party::kTarget,
         Destination::kState, types::v1::REFERRAL_STATE_RETURNED},
    Edge{kTakenUp, Event::kHold, Party::kTarget, Destination::kState,
         types::v1::REFERRAL_STATE_ON_HOLD},
    Edge{kOnHold, Event::kResume, Party::kTarget, Destination::kState,
         types::v1::REFERRAL_STATE_TAKEN_UP},
    Edge{kTakenUp, Event::kAnswer, Party::kTarget, Destination::kState,
         types::v1::REFERRAL_STATE_ANSWERED},
    Edge{kTakenUp | kOnHold, Event::kForward, Party::kTarget, Destination::kSame, kNowhere},
    Edge{kRequested, Event::kCancel, Party::kRequester, Destination::kState,
         types::v1::REFERRAL_STATE_CANCELLED},
    Edge{kReceived | kTakenUp | kOnHold, Event::kAskToCancel, Party::kRequester,
         Destination::kState, types::v1::REFERRAL_STATE_CANCEL_ASKED},
    Edge{kCancelAsked, Event::kConfirmCancel, Party::kTarget, Destination::kState,
         types::v1::REFERRAL_STATE_CANCELLED},
    // An outcome beats a late cancellation.
    Edge{kCancelAsked, Event::kAnswer, Party::kTarget, Destination::kState,
         types::v1::REFERRAL_STATE_ANSWERED},
    Edge{kCancelAsked, Event::kContinue, Party::kTarget, Destination::kFormer, kNowhere},
    Edge{kRequested | kReceived, Event::kExpire, Party::kBroker, Destination::kState,
         types::v1::REFERRAL_STATE_EXPIRED},
    Edge{kOpen, Event::kChangeScope, Party::kRequester, Destination::kSame, kNowhere},
    // A holder answers for what it holds, also after its own answer.
    Edge{kOpen | kFinalButError, Event::kScopeConfirmed, Party::kTarget, Destination::kSame,
         kNowhere},
    Edge{kOpen | kFinalButError, Event::kRetainedUnder, Party::kTarget, Destination::kSame,
         kNowhere},
    Edge{kOpen | kFinalButError, Event::kEnteredInError, Party::kRequester, Destination::kState,
         types::v1::REFERRAL_STATE_ENTERED_IN_ERROR},
};

struct EventNames {
  Event event;
  Transition transition;
  std::string_view name;
};

constexpr std::array<EventNames, kEventCount> kEvents = {{
    {Event::kRequest, types::v1::TRANSITION_REQUEST, "request"},
    {Event::kReceived, types::v1::TRANSITION_RECEIVED, "delivery receipt"},
    {Event::kTakeUp, types::v1::TRANSITION_TAKE_UP, "take up"},
    {Event::kReturn, types::v1::TRANSITION_RETURN, "return"},
    {Event::kHold, types::v1::TRANSITION_HOLD, "hold"},
    {Event::kResume, types::v1::TRANSITION_RESUME, "resume"},
    {Event::kAnswer, types::v1::TRANSITION_ANSWER, "answer"},
    {Event::kForward, types::v1::TRANSITION_REQUEST, "forward"},
    {Event::kCancel, types::v1::TRANSITION_CANCEL, "cancel"},
    {Event::kAskToCancel, types::v1::TRANSITION_ASK_TO_CANCEL, "ask to cancel"},
    {Event::kConfirmCancel, types::v1::TRANSITION_CONFIRM_CANCEL, "confirm cancel"},
    {Event::kContinue, types::v1::TRANSITION_CONTINUE, "continue"},
    {Event::kExpire, types::v1::TRANSITION_EXPIRE, "expire"},
    {Event::kChangeScope, types::v1::TRANSITION_CHANGE_SCOPE, "change scope"},
    {Event::kScopeConfirmed, types::v1::TRANSITION_SCOPE_CONFIRMED, "scope confirmed"},
    {Event::kRetainedUnder, types::v1::TRANSITION_RETAINED_UNDER, "retained under"},
    {Event::kEnteredInError, types::v1::TRANSITION_ENTERED_IN_ERROR, "entered in error"},
}};

}  // namespace

std::span<const Edge> ReferralTable() { return kTable; }

const Edge* FindEdge(ReferralState state, Event event, Party actor) {
  for (const Edge& edge : kTable) {
    if (edge.event == event && edge.actor == actor && (edge.from & Bit(state)) != 0) return &edge;
  }
  return nullptr;
}

Standing Follow(const Standing& from, const Edge& edge) {
  if (edge.destination == Destination::kSame) return from;
  ReferralState to = edge.destination == Destination::kFormer ? from.former : edge.to;
  if (to == from.state) return from;
  bool asks = to == types::v1::REFERRAL_STATE_CANCEL_ASKED;
  return {to, asks ? from.state : types::v1::REFERRAL_STATE_UNSPECIFIED};
}

bool IsFinal(ReferralState state) { return (Bit(state) & (kFinalButError | kInError)) != 0; }

std::string_view StateName(ReferralState state) {
  switch (state) {
    case types::v1::REFERRAL_STATE_REQUESTED:
      return "requested";
    case types::v1::REFERRAL_STATE_RECEIVED:
      return "received";
    case types::v1::REFERRAL_STATE_TAKEN_UP:
      return "taken-up";
    case types::v1::REFERRAL_STATE_ON_HOLD:
      return "on-hold";
    case types::v1::REFERRAL_STATE_CANCEL_ASKED:
      return "cancel-asked";
    case types::v1::REFERRAL_STATE_RETURNED:
      return "returned";
    case types::v1::REFERRAL_STATE_ANSWERED:
      return "answered";
    case types::v1::REFERRAL_STATE_CANCELLED:
      return "cancelled";
    case types::v1::REFERRAL_STATE_EXPIRED:
      return "expired";
    case types::v1::REFERRAL_STATE_ENTERED_IN_ERROR:
      return "entered-in-error";
    default:
      return "none";
  }
}

std::string_view EventName(Event event) { return kEvents[static_cast<size_t>(event)].name; }

std::string_view PartyName(Party party) {
  constexpr std::string_view kNames[] = {"requester", "target", "broker", "no party"};
  return kNames[static_cast<size_t>(party)];
}

std::optional<Event> EventOfMessage(Transition transition) {
  for (const EventNames& row : kEvents) {
    bool by_message = row.event != Event::kReceived && row.event != Event::kExpire;
    if (row.transition == transition && by_message) return row.event;
  }
  return std::nullopt;
}

Transition TransitionOf(Event event) { return kEvents[static_cast<size_t>(event)].transition; }

}  // namespace waystation::referral
