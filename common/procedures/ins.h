#ifndef WAYSTATION_COMMON_PROCEDURES_INS_H_
#define WAYSTATION_COMMON_PROCEDURES_INS_H_

#include <string_view>

#include "common/procedures/contract.h"

// What INS is asked. Contracts are constants. Thread-safe.

namespace waystation::procedures {

inline constexpr std::string_view kVermontServiceCenter = "ins/vermont-service-center";

// Continued presence (C4): ins.v1.ContinuedPresencePetition. Anybody may ask;
// INS alone says who may petition, and returns it with the citation. Agencies
// that have findings of their own petition through common/petitioner instead.
const Contract& ContinuedPresence();

}  // namespace waystation::procedures

#endif  // WAYSTATION_COMMON_PROCEDURES_INS_H_
