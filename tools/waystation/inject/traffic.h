#ifndef WAYSTATION_TOOLS_WAYSTATION_INJECT_TRAFFIC_H_
#define WAYSTATION_TOOLS_WAYSTATION_INJECT_TRAFFIC_H_

#include "absl/status/status.h"
#include "tools/waystation/play.h"
#include "tools/waystation/signals.h"

namespace waystation::cli {

// Puts real handoffs on a throwaway bus: the demo's scenes but the one of the
// journal, which reach all six agencies, and then `referrals` from HHS to DOL
// that are answered, returned, put on hold and taken up again, or left open.
// Errors: of the services; of Play's waits. Single-threaded: the command.
absl::Status MakeTraffic(Play& play, Signals& signals, int referrals);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_INJECT_TRAFFIC_H_
