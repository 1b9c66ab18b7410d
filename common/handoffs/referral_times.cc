#include "common/handoffs/referral_times.h"

#include <algorithm>
#include <map>

namespace waystation::handoffs {
namespace {

using types::v1::Transition;

// Case messages that the log has accepted, in its order.
std::vector<const Handoff*> StepsOf(const HandoffLog& log, absl::Time until) {
  std::vector<const Handoff*> steps;
  for (const auto& [id, handoff] : log.handoffs()) {
    if (!handoff.step.has_value() || handoff.acceptances.empty()) continue;
    if (handoff.acceptances.front().time < until) steps.push_back(&handoff);
  }
  auto sequence = [](const Handoff* h) { return h->acceptances.front().sequence; };
  std::sort(steps.begin(), steps.end(),
            [&](const Handoff* a, const Handoff* b) { return sequence(a) < sequence(b); });
  return steps;
}

ReferralTimes Begin(const Handoff& request, const std::map<std::string, std::string>& roots,
                    absl::Time until) {
  ReferralTimes times;
  const CaseStep& step = *request.step;
  times.referral_id = step.referral_id;
  times.root = step.referral_id;
  for (const std::string& from : {step.parent_referral_id, step.replaces_referral_id}) {
    auto found = roots.find(from);
    if (found != roots.end()) times.root = found->second;
  }
  times.requester = request.sender;
  times.target = request.recipients.empty() ? "" : request.recipients.front();
  times.requested = request.acceptances.front().time;
  times.due = step.due;
  if (request.referral_expired < until) times.ended = request.referral_expired;
  auto delivery = request.deliveries.find(times.target);
  if (delivery != request.deliveries.end() && !delivery->second.receipts.empty()) {
    const absl::Time recorded = delivery->second.receipts.front().recorded;
    if (recorded < until) times.received = recorded;
  }
  return times;
}

void Follow(const Handoff& message, ReferralTimes& times) {
  const absl::Time at = message.acceptances.front().time;
  switch (message.step->transition) {
    case types::v1::TRANSITION_TAKE_UP:
      if (!times.taken_up) times.taken_up = at;
      break;
    case types::v1::TRANSITION_ANSWER:
    case types::v1::TRANSITION_RETURN:
      if (!times.completed) times.completed = at;
      break;
    case types::v1::TRANSITION_CANCEL:
    case types::v1::TRANSITION_CONFIRM_CANCEL:
    case types::v1::TRANSITION_ENTERED_IN_ERROR:
      if (!times.ended) times.ended = at;
      break;
    default:
      break;
  }
  if (times.open() && message.step->due) times.due = message.step->due;
}

}  // namespace

std::vector<ReferralTimes> ReferralsOf(const HandoffLog& log, absl::Time until) {
  std::vector<ReferralTimes> referrals;
  std::map<std::string, size_t> place;
  std::map<std::string, std::string> roots;
  for (const Handoff* message : StepsOf(log, until)) {
    const std::string& id = message->step->referral_id;
    auto found = place.find(id);
    if (found == place.end()) {
      if (message->step->transition != types::v1::TRANSITION_REQUEST) continue;
      found = place.emplace(id, referrals.size()).first;
      referrals.push_back(Begin(*message, roots, until));
      roots[id] = referrals.back().root;
      continue;
    }
    Follow(*message, referrals[found->second]);
  }
  return referrals;
}

}  // namespace waystation::handoffs
