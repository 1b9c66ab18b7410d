#ifndef WAYSTATION_TOOLS_WAYSTATION_PUBLISHED_TEXT_H_
#define WAYSTATION_TOOLS_WAYSTATION_PUBLISHED_TEXT_H_

#include <vector>

#include "common/handoffs/log.h"
#include "tools/waystation/output.h"
#include "tools/waystation/reconcile.pb.h"

// Metrics for publication as the command prints them. A cell that is suppressed has
// no figure in any form: not even a 0, which would say that nobody was there.
// Thread-safe functions.

namespace waystation::cli {

// The snapshot of every week that is over in the log, week by week.
std::vector<v1::PublishedCell> PublishedCells(const handoffs::HandoffLog& log);

// A row for each.
Table PublishedTable(const std::vector<v1::PublishedCell>& cells);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_PUBLISHED_TEXT_H_
