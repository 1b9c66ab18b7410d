#ifndef WAYSTATION_COMMON_PROCEDURES_HHS_H_
#define WAYSTATION_COMMON_PROCEDURES_HHS_H_

#include <string_view>

#include "common/procedures/contract.h"

// What HHS is asked and told. Contracts are constants. Thread-safe.

namespace waystation::procedures {

inline constexpr std::string_view kOrr = "hhs/orr";

// INS tells what certification rests on (C8): hhs.v1.StatusNotice.
const Contract& StatusNotice();

// Anybody refers a child (C15): hhs.v1.ChildReferral.
const Contract& ChildToHhs();

// Another agency asks what HHS knows: hhs.v1.InformationRequest.
const Contract& InformationFromHhs();

}  // namespace waystation::procedures

#endif  // WAYSTATION_COMMON_PROCEDURES_HHS_H_
