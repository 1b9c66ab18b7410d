#include "common/agency/handoff.h"

#include <optional>

namespace waystation::agency {
namespace {

using referral::Edge;
using referral::Event;
using referral::Party;
using types::v1::ReferralState;
using types::v1::Transition;

// Any edge of the transition: all edges of one event lead to the same place.
const Edge* EdgeOf(Transition transition) {
  for (const Edge& edge : referral::ReferralTable()) {
    if (referral::TransitionOf(edge.event) == transition) return &edge;
  }
  return nullptr;
}

}  // namespace

bool MayStep(ReferralState state, Transition transition, bool by_target) {
  std::optional<Event> event = referral::EventOfMessage(transition);
  if (!event.has_value()) return false;
  Party party = by_target ? Party::kTarget : Party::kRequester;
  return state != types::v1::REFERRAL_STATE_UNSPECIFIED &&
         referral::FindEdge(state, *event, party) != nullptr;
}

Standing After(Standing from, Transition transition) {
  const Edge* edge = EdgeOf(transition);
  return edge == nullptr ? from : referral::Follow(from, *edge);
}

std::string_view StepName(Transition transition) {
  std::optional<Event> event = referral::EventOfMessage(transition);
  return event.has_value() ? referral::EventName(*event) : "no step";
}

}  // namespace waystation::agency
