#ifndef WAYSTATION_COMMON_PROCEDURES_USAID_H_
#define WAYSTATION_COMMON_PROCEDURES_USAID_H_

#include <string_view>

#include "common/procedures/contract.h"

// What USAID is asked. Contracts are constants. Thread-safe.

namespace waystation::procedures {

inline constexpr std::string_view kMissions = "usaid/missions";

// Reintegration in the country of return (C13): usaid.v1.ReintegrationReferral.
const Contract& Reintegration();

}  // namespace waystation::procedures

#endif  // WAYSTATION_COMMON_PROCEDURES_USAID_H_
