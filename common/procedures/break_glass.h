#ifndef WAYSTATION_COMMON_PROCEDURES_BREAK_GLASS_H_
#define WAYSTATION_COMMON_PROCEDURES_BREAK_GLASS_H_

#include "common/procedures/contract.h"

// What every agency tells and is told when a content was opened past need. The
// contract is a constant. Thread-safe.

namespace waystation::procedures {

// referral.v1.BreakGlassNotice, to the unit that has the referral there.
const Contract& BreakGlassNotices();

}  // namespace waystation::procedures

#endif  // WAYSTATION_COMMON_PROCEDURES_BREAK_GLASS_H_
