#ifndef WAYSTATION_COMMON_PROCEDURES_DOL_H_
#define WAYSTATION_COMMON_PROCEDURES_DOL_H_

#include <string_view>

#include "common/procedures/contract.h"

// What DOL is asked. Contracts are constants. Thread-safe.

namespace waystation::procedures {

inline constexpr std::string_view kEta = "dol/eta";

// One-Stop services, regardless of status (C9): dol.v1.ServicesReferral.
const Contract& OneStopServices();

}  // namespace waystation::procedures

#endif  // WAYSTATION_COMMON_PROCEDURES_DOL_H_
