#include <algorithm>
#include <initializer_list>
#include <optional>

#include "services/broker/core/naive_bus.h"

// The naive bus's referrals: the table and the rules of steps, written out a
// second time on purpose, with nothing of common/referral.

namespace waystation::broker {
namespace {

using types::v1::REFERRAL_STATE_ANSWERED;
using types::v1::REFERRAL_STATE_CANCEL_ASKED;
using types::v1::REFERRAL_STATE_CANCELLED;
using types::v1::REFERRAL_STATE_ENTERED_IN_ERROR;
using types::v1::REFERRAL_STATE_EXPIRED;
using types::v1::REFERRAL_STATE_ON_HOLD;
using types::v1::REFERRAL_STATE_RECEIVED;
using types::v1::REFERRAL_STATE_REQUESTED;
using types::v1::REFERRAL_STATE_RETURNED;
using types::v1::REFERRAL_STATE_TAKEN_UP;
using types::v1::REFERRAL_STATE_UNSPECIFIED;

bool OneOf(ReferralState state, std::initializer_list<ReferralState> states) {
  return std::find(states.begin(), states.end(), state) != states.end();
}

std::optional<ReferralState> If(bool condition, ReferralState to) {
  return condition ? std::optional(to) : std::nullopt;
}

}  // namespace

NaiveReferral* NaiveBus::FindReferral(const ReferralId& id) {
  for (NaiveReferral& referral : referrals) {
    if (referral.id == id) return &referral;
  }
  return nullptr;
}

std::optional<ReferralState> NaiveBus::Next(const NaiveReferral& referral, Transition transition,
                                            bool by_target) {
  ReferralState state = referral.state;
  bool target = by_target;
  bool requester = !by_target;
  bool open =
      OneOf(state, {REFERRAL_STATE_REQUESTED, REFERRAL_STATE_RECEIVED, REFERRAL_STATE_TAKEN_UP,
                    REFERRAL_STATE_ON_HOLD, REFERRAL_STATE_CANCEL_ASKED});
  bool asked = state == REFERRAL_STATE_CANCEL_ASKED;
  bool working = OneOf(state, {REFERRAL_STATE_TAKEN_UP, REFERRAL_STATE_ON_HOLD});
  bool untouched = OneOf(state, {REFERRAL_STATE_REQUESTED, REFERRAL_STATE_RECEIVED});
  switch (transition) {
    case types::v1::TRANSITION_TAKE_UP:
      return If(target && untouched, REFERRAL_STATE_TAKEN_UP);
    case types::v1::TRANSITION_RETURN:
      return If(target && (untouched || working), REFERRAL_STATE_RETURNED);
    case types::v1::TRANSITION_HOLD:
      return If(target && state == REFERRAL_STATE_TAKEN_UP, REFERRAL_STATE_ON_HOLD);
    case types::v1::TRANSITION_RESUME:
      return If(target && state == REFERRAL_STATE_ON_HOLD, REFERRAL_STATE_TAKEN_UP);
    case types::v1::TRANSITION_ANSWER:
      return If(target && (asked || state == REFERRAL_STATE_TAKEN_UP), REFERRAL_STATE_ANSWERED);
    case types::v1::TRANSITION_CANCEL:
      return If(requester && state == REFERRAL_STATE_REQUESTED, REFERRAL_STATE_CANCELLED);
    case types::v1::TRANSITION_ASK_TO_CANCEL:
      return If(requester && (working || state == REFERRAL_STATE_RECEIVED),
                REFERRAL_STATE_CANCEL_ASKED);
    case types::v1::TRANSITION_CONFIRM_CANCEL:
      return If(target && asked, REFERRAL_STATE_CANCELLED);
    case types::v1::TRANSITION_CONTINUE:
      return If(target && asked, referral.former);
    case types::v1::TRANSITION_CHANGE_SCOPE:
      return If(requester && open, state);
    case types::v1::TRANSITION_SCOPE_CONFIRMED:
    case types::v1::TRANSITION_RETAINED_UNDER:
      return If(target && state != REFERRAL_STATE_ENTERED_IN_ERROR, state);
    case types::v1::TRANSITION_ENTERED_IN_ERROR:
      return If(requester && state != REFERRAL_STATE_ENTERED_IN_ERROR,
                REFERRAL_STATE_ENTERED_IN_ERROR);
    default:
      return std::nullopt;
  }
}

std::string NaiveBus::CheckLinks(const PublishCommand& command) {
  const std::string& source = command.header->source();
  if (command.parent.has_value()) {
    const NaiveReferral* parent = FindReferral(*command.parent);
    bool party = parent != nullptr && (parent->requester == source || parent->target == source);
    if (!party) return "FAILED_PRECONDITION LINK_INVALID";
    bool forwards = parent->target == source &&
                    OneOf(parent->state, {REFERRAL_STATE_TAKEN_UP, REFERRAL_STATE_ON_HOLD});
    if (!forwards) return "FAILED_PRECONDITION ILLEGAL_TRANSITION";
  }
  if (command.replaces.has_value()) {
    const NaiveReferral* old = FindReferral(*command.replaces);
    bool mine = old != nullptr && old->requester == source;
    if (!mine || !OneOf(old->state, {REFERRAL_STATE_RETURNED, REFERRAL_STATE_EXPIRED})) {
      return "FAILED_PRECONDITION LINK_INVALID";
    }
  }
  return "OK";
}

std::string NaiveBus::CheckRequest(const PublishCommand& command) {
  const bus::v1::Header& header = *command.header;
  const NaiveReferral* taken = FindReferral(*ReferralIdFrom(header.referral().referral_id()));
  if (taken != nullptr) {
    bool party = taken->requester == header.source() || taken->target == header.source();
    return party ? "FAILED_PRECONDITION ILLEGAL_TRANSITION" : "ALREADY_EXISTS REFERRAL_EXISTS";
  }
  if (header.referral().expected_version() != 0) return "ABORTED STALE_VERSION";
  if (header.referral().scope_version() != 1) return "FAILED_PRECONDITION SCOPE_VERSION";
  return CheckLinks(command);
}

std::string NaiveBus::CheckStep(const PublishCommand& command) {
  const bus::v1::Header& header = *command.header;
  const bus::v1::ReferralHeader& step = header.referral();
  bool carried = step.transition() >= types::v1::TRANSITION_REQUEST &&
                 step.transition() <= types::v1::TRANSITION_ENTERED_IN_ERROR;
  if (!carried) return "INVALID_ARGUMENT ILLEGAL_TRANSITION";
  if (step.transition() == types::v1::TRANSITION_REQUEST) return CheckRequest(command);
  const NaiveReferral* referral = FindReferral(*ReferralIdFrom(step.referral_id()));
  if (referral == nullptr) return "NOT_FOUND UNKNOWN_REFERRAL";
  bool by_requester = header.source() == referral->requester;
  bool by_target = header.source() == referral->target;
  if (!by_requester && !by_target) return "PERMISSION_DENIED NOT_A_PARTY";
  if (step.expected_version() != referral->version) return "ABORTED STALE_VERSION";
  if (!Next(*referral, step.transition(), by_target)) {
    return "FAILED_PRECONDITION ILLEGAL_TRANSITION";
  }
  bool changes = step.transition() == types::v1::TRANSITION_CHANGE_SCOPE;
  bool answers = step.transition() == types::v1::TRANSITION_SCOPE_CONFIRMED ||
                 step.transition() == types::v1::TRANSITION_RETAINED_UNDER;
  if (step.scope_version() != referral->scope + (changes ? 1 : 0) ||
      (answers && !referral->scope_unanswered)) {
    return "FAILED_PRECONDITION SCOPE_VERSION";
  }
  if (header.recipients(0) != (by_target ? referral->requester : referral->target)) {
    return "INVALID_ARGUMENT RECIPIENTS_INVALID";
  }
  return "OK";
}

void NaiveBus::TakeStep(const PublishCommand& command, uint64_t sequence) {
  const bus::v1::Header& header = *command.header;
  const bus::v1::ReferralHeader& step = header.referral();
  ReferralId id = *ReferralIdFrom(step.referral_id());
  if (step.transition() == types::v1::TRANSITION_REQUEST) {
    NaiveReferral fresh;
    fresh.id = id;
    fresh.root = command.parent ? FindReferral(*command.parent)->root : id;
    fresh.requester = header.source();
    fresh.target = header.recipients(0);
    fresh.expire_us = header.has_expire_time() ? MicrosOf(header.expire_time()) : 0;
    fresh.request_sequence = sequence;
    referrals.push_back(fresh);
    return;
  }
  NaiveReferral& referral = *FindReferral(id);
  ReferralState before = referral.state;
  referral.state = *Next(referral, step.transition(), header.source() == referral.target);
  if (step.transition() == types::v1::TRANSITION_ASK_TO_CANCEL) referral.former = before;
  if (referral.state != REFERRAL_STATE_CANCEL_ASKED) referral.former = REFERRAL_STATE_UNSPECIFIED;
  bool answers = step.transition() == types::v1::TRANSITION_SCOPE_CONFIRMED ||
                 step.transition() == types::v1::TRANSITION_RETAINED_UNDER;
  if (step.transition() == types::v1::TRANSITION_CHANGE_SCOPE) {
    ++referral.scope;
    referral.scope_unanswered = true;
  }
  if (answers) referral.scope_unanswered = false;
  ++referral.version;
}

}  // namespace waystation::broker
