#ifndef WAYSTATION_COMMON_PROCEDURES_INS_H_
#define WAYSTATION_COMMON_PROCEDURES_INS_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "common/procedures/contract.h"
#include "waystation/ins/v1/petition.pb.h"

// What INS is asked, and what both sides make of its answer. Contracts are
// constants. Thread-safe.

namespace waystation::procedures {

inline constexpr std::string_view kVermontServiceCenter = "ins/vermont-service-center";

// Continued presence (C4): ins.v1.ContinuedPresencePetition. Anybody may ask;
// INS alone says who may petition, and returns it with the citation. Agencies
// that have findings of their own petition through common/petitioner instead.
const Contract& ContinuedPresence();

// Cuts a work authorization to a presence that ends on `ended_on`, since work ends
// with what it rests on; false when nothing is left of it, and it is unchanged.
// Errors: INVALID_ARGUMENT (DATE_INVALID).
absl::StatusOr<bool> CutWork(const types::v1::Date& ended_on, ins::v1::WorkAuthorization& work);

}  // namespace waystation::procedures

#endif  // WAYSTATION_COMMON_PROCEDURES_INS_H_
