#ifndef WAYSTATION_COMMON_HANDOFFS_METRICS_H_
#define WAYSTATION_COMMON_HANDOFFS_METRICS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/handoffs/referral_times.h"

namespace waystation::handoffs {

// How long something took, of those that got so far. All zero when none did.
struct Spread {
  size_t count = 0;
  absl::Duration median;  // Of an even number the lower of the two in the middle.
  absl::Duration p90;     // The smallest that nine of ten do not exceed.
  absl::Duration max;
};

// Takes the measure; any order. Thread-safe.
Spread SpreadOf(std::vector<absl::Duration> durations);

// Handoffs from one agency to another, by the log alone.
struct PairMetrics {
  std::string requester;
  std::string target;
  size_t requested = 0;
  Spread to_receipt;     // Request to the target's receipt.
  Spread to_acceptance;  // Request to TAKE_UP.
  Spread to_completion;  // Request to ANSWER or RETURN.
  size_t open = 0;
  std::optional<absl::Time> oldest_open;  // When it was requested.
  std::string oldest_open_referral;       // "" when none is open.
  // Of those that were due: completed, or still open past their due time.
  size_t due = 0;
  size_t on_time = 0;
};

// Each pair that has a referral, by requester and target. What is past due is
// judged at `now`. Nothing is suppressed: for the audit itself, never for
// publication. Thread-safe.
std::vector<PairMetrics> MetricsByPair(const std::vector<ReferralTimes>& referrals, absl::Time now);

}  // namespace waystation::handoffs

#endif  // WAYSTATION_COMMON_HANDOFFS_METRICS_H_
