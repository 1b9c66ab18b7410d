#ifndef WAYSTATION_COMMON_REFERRAL_TABLE_H_
#define WAYSTATION_COMMON_REFERRAL_TABLE_H_

#include <optional>
#include <span>
#include <string_view>

#include "waystation/types/v1/referral.pb.h"

// The referral's handoff as data: every edge that exists, and nothing else.
// What is not in the table is refused. The broker decides by it; an agency tells
// its officers by it beforehand and keeps its own copy in step. Thread-safe
// functions.

namespace waystation::referral {

using types::v1::ReferralState;
using types::v1::Transition;

// Who takes a step. Requester and target are one agency each.
enum class Party { kRequester, kTarget, kBroker, kOther };

// What happens to a referral: the wire's transitions, and the forwarding of a
// parent, which the wire says as a REQUEST with a parent link.
enum class Event {
  kRequest,
  kReceived,
  kTakeUp,
  kReturn,
  kHold,
  kResume,
  kAnswer,
  kForward,
  kCancel,
  kAskToCancel,
  kConfirmCancel,
  kContinue,
  kExpire,
  kChangeScope,
  kScopeConfirmed,
  kRetainedUnder,
  kEnteredInError,
};
inline constexpr int kEventCount = 17;

// Where an edge leads.
enum class Destination {
  kState,   // To Edge::to.
  kSame,    // The state stays.
  kFormer,  // Back to the state before CANCEL_ASKED.
};

// One row of the table. `from` is a set of states, bit n for state n; state 0
// (UNSPECIFIED) stands for "no such referral yet".
struct Edge {
  unsigned from;
  Event event;
  Party actor;
  Destination destination;
  ReferralState to;
};

// Where a referral stands. `former` is the state before CANCEL_ASKED, and
// UNSPECIFIED in every other state.
struct Standing {
  ReferralState state = types::v1::REFERRAL_STATE_UNSPECIFIED;
  ReferralState former = types::v1::REFERRAL_STATE_UNSPECIFIED;
};

std::span<const Edge> ReferralTable();

// The edge for a cell, or null when the step does not exist.
const Edge* FindEdge(ReferralState state, Event event, Party actor);

// Where an edge leads from here. It does not ask whether the edge starts here.
Standing Follow(const Standing& from, const Edge& edge);

bool IsFinal(ReferralState state);

// Names as people and refusals read them: "taken-up", "ask to cancel", "target".
std::string_view StateName(ReferralState state);
std::string_view EventName(Event event);
std::string_view PartyName(Party party);

// The event of a transition that a message may carry; nothing for RECEIVED,
// EXPIRE and what is no transition.
std::optional<Event> EventOfMessage(Transition transition);
Transition TransitionOf(Event event);

}  // namespace waystation::referral

#endif  // WAYSTATION_COMMON_REFERRAL_TABLE_H_
