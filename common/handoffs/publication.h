#ifndef WAYSTATION_COMMON_HANDOFFS_PUBLICATION_H_
#define WAYSTATION_COMMON_HANDOFFS_PUBLICATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/handoffs/log.h"

namespace waystation::handoffs {

// What is counted in a week, each by what happened in it.
enum class Measure { kRequested, kReceived, kTakenUp, kCompleted, kDue, kDueOnTime };

// One number that may be published, or that one stood there.
struct PublishedCell {
  absl::CivilDay week;  // Its Monday.
  Measure measure = Measure::kRequested;
  std::string requester;          // "" all.
  std::string target;             // "" all.
  std::optional<uint64_t> count;  // Nothing: suppressed.
  // Whole hours since the request; of a pair that is shown, for what takes time.
  std::optional<int64_t> median_h;
};

// The snapshot of the week that begins on Monday `week` (UTC), which must be over
// in the log: it says what had happened by its end and never changes. The
// breakdown is fixed: each pair of agencies that ever had a referral, with
// totals. Groups under 11 stay out, and what would give them away. People are told
// apart by the root of their referrals, as near as the log comes.
//
// Weeks are never added up in print: who publishes other sums of these cells
// undoes the suppression. Thread-safe.
std::vector<PublishedCell> WeekSnapshot(const HandoffLog& log, absl::CivilDay week);

// Mondays of the weeks from the first request that are over in the log.
// Thread-safe.
std::vector<absl::CivilDay> CompleteWeeks(const HandoffLog& log);

}  // namespace waystation::handoffs

#endif  // WAYSTATION_COMMON_HANDOFFS_PUBLICATION_H_
