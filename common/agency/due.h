#ifndef WAYSTATION_COMMON_AGENCY_DUE_H_
#define WAYSTATION_COMMON_AGENCY_DUE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/agency/case.h"

// When the next move of a referral is due. The Act sets few deadlines; a policy
// version does, and is named with each. Pure functions. Thread-safe.

namespace waystation::agency {

struct DuePolicy {
  int business_days = 0;  // Monday to Friday; federal holidays count. 0: no time is set.
  std::string basis;      // E.g. "POLICY-CP-3 (2001-10-01)".
};

// The end of the `days`-th business day after `from`.
absl::Time AfterBusinessDays(absl::Time from, int days);

// Sets the policy's due time and basis, or the sooner time that the requester
// needs. Errors: INVALID_ARGUMENT (FIELD_INVALID) needed_by is not after now and
// before the policy's time.
absl::Status SetDue(const DuePolicy& policy, std::optional<absl::Time> needed_by, absl::Time now,
                    Tx::Request& request);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_DUE_H_
