#include "common/handoffs/metrics.h"

#include <algorithm>
#include <map>
#include <utility>

namespace waystation::handoffs {
namespace {

// What is gathered of one kind.
struct Gathered {
  HandoffMetrics metrics;
  std::vector<absl::Duration> receipt;
  std::vector<absl::Duration> acceptance;
  std::vector<absl::Duration> completion;
};

void Note(const ReferralTimes& referral, const std::optional<absl::Time>& at,
          std::vector<absl::Duration>& durations) {
  if (at.has_value()) durations.push_back(*at - referral.requested);
}

void Gather(const ReferralTimes& referral, absl::Time now, Gathered& into) {
  HandoffMetrics& metrics = into.metrics;
  ++metrics.requested;
  Note(referral, referral.received, into.receipt);
  Note(referral, referral.taken_up, into.acceptance);
  Note(referral, referral.completed, into.completion);
  if (referral.open()) {
    ++metrics.open;
    if (!metrics.oldest_open || referral.requested < *metrics.oldest_open) {
      metrics.oldest_open = referral.requested;
      metrics.oldest_open_referral = referral.referral_id;
    }
  }
  if (!referral.due) return;
  const bool late = referral.open() && now > *referral.due;
  if (!referral.completed && !late) return;
  ++metrics.due;
  if (referral.completed && *referral.completed <= *referral.due) ++metrics.on_time;
}

HandoffMetrics Measure(Gathered gathered) {
  HandoffMetrics metrics = std::move(gathered.metrics);
  metrics.to_receipt = SpreadOf(std::move(gathered.receipt));
  metrics.to_acceptance = SpreadOf(std::move(gathered.acceptance));
  metrics.to_completion = SpreadOf(std::move(gathered.completion));
  return metrics;
}

}  // namespace

Spread SpreadOf(std::vector<absl::Duration> durations) {
  Spread spread;
  if (durations.empty()) return spread;
  std::sort(durations.begin(), durations.end());
  const size_t count = durations.size();
  spread.count = count;
  spread.median = durations[(count - 1) / 2];
  spread.p90 = durations[(count * 9 + 9) / 10 - 1];
  spread.max = durations.back();
  return spread;
}

std::vector<PairMetrics> MetricsByPair(const std::vector<ReferralTimes>& referrals,
                                       absl::Time now) {
  std::map<std::pair<std::string, std::string>, Gathered> pairs;
  for (const ReferralTimes& referral : referrals) {
    Gather(referral, now, pairs[{referral.requester, referral.target}]);
  }
  std::vector<PairMetrics> all;
  for (auto& [pair, gathered] : pairs) {
    all.push_back({Measure(std::move(gathered)), pair.first, pair.second});
  }
  return all;
}

std::vector<ProcedureMetrics> MetricsByProcedure(const std::vector<ReferralTimes>& referrals,
                                                 const ProcedureOfReferral& procedures,
                                                 absl::Time now) {
  std::map<std::string, Gathered> by_procedure;
  for (const ReferralTimes& referral : referrals) {
    const auto told = procedures.find(referral.referral_id);
    Gather(referral, now, by_procedure[told == procedures.end() ? "" : told->second]);
  }
  std::vector<ProcedureMetrics> all;
  for (auto& [procedure, gathered] : by_procedure) {
    all.push_back({Measure(std::move(gathered)), procedure});
  }
  return all;
}

}  // namespace waystation::handoffs
