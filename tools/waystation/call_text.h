#ifndef WAYSTATION_TOOLS_WAYSTATION_CALL_TEXT_H_
#define WAYSTATION_TOOLS_WAYSTATION_CALL_TEXT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tools/waystation/output.h"
#include "waystation/dol/v1/dol_service.pb.h"

// Calls to the complaint line in words. Thread-safe functions.

namespace waystation::cli {

// What to do now stands first: the caller may still be on the line.
std::vector<std::pair<std::string, Cell>> CallFields(const dol::v1::Call& call, absl::Time now);

Table CallTable(const std::vector<dol::v1::Call>& calls, absl::Time now);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_CALL_TEXT_H_
