#ifndef WAYSTATION_TOOLS_WAYSTATION_RECORD_LINE_H_
#define WAYSTATION_TOOLS_WAYSTATION_RECORD_LINE_H_

#include <string>

#include "waystation/journal/v1/record.pb.h"

namespace waystation::cli {

// One record on one line: sequence, time, what, who. Thread-safe.
std::string RecordLine(const journal::v1::Record& record);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_RECORD_LINE_H_
