#ifndef WAYSTATION_COMMON_HANDOFFS_METRICS_H_
#define WAYSTATION_COMMON_HANDOFFS_METRICS_H_

#include <cstddef>
#include <map>
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

// Handoffs of one kind, by the log alone.
struct HandoffMetrics {
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

// From one agency to another.
struct PairMetrics : HandoffMetrics {
  std::string requester;
  std::string target;
};

// Of one procedure; "" of those for which none was told.
struct ProcedureMetrics : HandoffMetrics {
  std::string procedure;
};

// What referrals are for, by their ids: what no log says, and the requesters do.
using ProcedureOfReferral = std::map<std::string, std::string>;

// Each pair that has a referral, by requester and target. What is past due is
// judged at `now`. Nothing is suppressed: for the audit itself, never for
// publication. Thread-safe.
std::vector<PairMetrics> MetricsByPair(const std::vector<ReferralTimes>& referrals, absl::Time now);

// The same for each procedure, by its name.
std::vector<ProcedureMetrics> MetricsByProcedure(const std::vector<ReferralTimes>& referrals,
                                                 const ProcedureOfReferral& procedures,
                                                 absl::Time now);

}  // namespace waystation::handoffs

#endif  // WAYSTATION_COMMON_HANDOFFS_METRICS_H_
