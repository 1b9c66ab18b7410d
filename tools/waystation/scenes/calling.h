#ifndef WAYSTATION_TOOLS_WAYSTATION_SCENES_CALLING_H_
#define WAYSTATION_TOOLS_WAYSTATION_SCENES_CALLING_H_

#include <string>

#include "absl/status/statusor.h"
#include "tools/waystation/play.h"
#include "waystation/dol/v1/dol_service.pb.h"

// A call to DOL's complaint line, by an adult.
// Single-threaded: the command.

namespace waystation::cli {

inline constexpr char kLine[] = "line-4101";

// Records the call with its safe-contact plan.
absl::StatusOr<dol::v1::Call> RecordCall(Play& play);

// Refers it to DOJ under a consent that the caller gives; returns the referral
// once DOJ has it.
absl::StatusOr<std::string> ReferCall(Play& play, const dol::v1::Call& call);

// "the shelter's desk, weekdays 10:00; else say wrong extension".
std::string PlanWords(const types::v1::SafeContactPlan& plan);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_SCENES_CALLING_H_
