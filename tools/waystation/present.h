#ifndef WAYSTATION_TOOLS_WAYSTATION_PRESENT_H_
#define WAYSTATION_TOOLS_WAYSTATION_PRESENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "tools/waystation/officer.h"
#include "waystation/doj/v1/doj_service.pb.h"
#include "waystation/ins/v1/ins_service.pb.h"

namespace waystation::cli {

// A petition as INS holds it now, whose version the next step names.
// Single-threaded: the command. Errors: NOT_FOUND (REFERRAL_UNKNOWN).
absl::StatusOr<ins::v1::Petition> PresentPetition(Officer& officer, const std::string& referral_id);

// The same as DOJ holds it.
absl::StatusOr<doj::v1::Petition> FiledPetition(Officer& officer, const std::string& referral_id);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_PRESENT_H_
