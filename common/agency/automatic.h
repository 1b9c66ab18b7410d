#ifndef WAYSTATION_COMMON_AGENCY_AUTOMATIC_H_
#define WAYSTATION_COMMON_AGENCY_AUTOMATIC_H_

#include <string>
#include <string_view>

#include "waystation/types/v1/official.pb.h"

namespace waystation::agency {

// Staff id of what an agency does by a rule and no person: the staff register
// refuses it, so no officer can have it.
inline constexpr std::string_view kAutomaticStaffId = "automatic";

// The official of such an act, e.g. of title "Automatic check on receipt".
// Thread-safe.
inline types::v1::ActingOfficial Automatic(std::string_view office, std::string_view title,
                                           std::string_view unit) {
  types::v1::ActingOfficial official;
  official.set_office(std::string(office));
  official.set_title(std::string(title));
  official.set_staff_id(std::string(kAutomaticStaffId));
  official.set_unit(std::string(unit));
  return official;
}

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_AUTOMATIC_H_
