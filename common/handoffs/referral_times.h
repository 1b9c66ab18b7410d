#ifndef WAYSTATION_COMMON_HANDOFFS_REFERRAL_TIMES_H_
#define WAYSTATION_COMMON_HANDOFFS_REFERRAL_TIMES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/handoffs/log.h"

namespace waystation::handoffs {

// One referral by the log alone, in journal time. The log does not know whom it is
// about; `root` is as near as it comes: a child or a replacement is of the same
// person as what it comes from.
struct ReferralTimes {
  std::string referral_id;
  std::string root;  // referral_id of the first of its line.
  std::string requester;
  std::string target;
  absl::Time requested;
  std::optional<absl::Time> received;  // The target's receipt is on the log.
  std::optional<absl::Time> taken_up;
  std::optional<absl::Time> completed;  // Answered or returned.
  // Cancelled, expired, or entered in error: nobody owes anything any more.
  std::optional<absl::Time> ended;
  std::optional<absl::Time> due;  // As last set by then.

  bool open() const { return !completed.has_value() && !ended.has_value(); }
};

// Every referral, in the order of their requests, as it stood at `until`: what
// the log took at or after that is not there yet. Thread-safe.
std::vector<ReferralTimes> ReferralsOf(const HandoffLog& log,
                                       absl::Time until = absl::InfiniteFuture());

}  // namespace waystation::handoffs

#endif  // WAYSTATION_COMMON_HANDOFFS_REFERRAL_TIMES_H_
