#ifndef WAYSTATION_COMMON_PROCEDURES_DOS_H_
#define WAYSTATION_COMMON_PROCEDURES_DOS_H_

#include <string_view>

#include "common/procedures/contract.h"

// What DOS is asked. Contracts are constants. Thread-safe.

namespace waystation::procedures {

inline constexpr std::string_view kPrm = "dos/prm";

// Safe and dignified return (C13): dos.v1.ReturnReferral.
const Contract& SafeReturn();

}  // namespace waystation::procedures

#endif  // WAYSTATION_COMMON_PROCEDURES_DOS_H_
