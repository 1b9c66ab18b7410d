#ifndef WAYSTATION_COMMON_CASEWORK_BREAK_GLASS_H_
#define WAYSTATION_COMMON_CASEWORK_BREAK_GLASS_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/casework/procedures.h"
#include "waystation/casework/v1/casework.pb.h"

// Reading past one's need: reason, time limit, immediate notice to the owners, on
// the record. It opens content and permits no step; what a rule denies the unit,
// it does not open. Single-threaded: the transaction.

namespace waystation::casework {

// The rpc of CaseworkService, whose errors it has.
absl::Status BreakGlass(const Procedures& procedures, const agency::Officer& officer,
                        const v1::BreakGlassRequest& request, agency::Tx& tx,
                        v1::BreakGlassResponse& response);

// Whether the officer broke the glass of a referral and the time has not passed.
absl::StatusOr<bool> IsOpenByGlass(const agency::Officer& officer, std::string_view referral_id,
                                   agency::Tx& tx);

}  // namespace waystation::casework

#endif  // WAYSTATION_COMMON_CASEWORK_BREAK_GLASS_H_
