#ifndef WAYSTATION_SERVICES_DOS_DOS_SERVICE_H_
#define WAYSTATION_SERVICES_DOS_DOS_SERVICE_H_

#include <memory>

#include "common/agency/main.h"
#include "common/clock/clock.h"

namespace waystation::dos {

// The Department of State on the bus: returns, and what posts abroad report. See
// README.md.
//
// Thread-safe.
std::unique_ptr<agency::Service> MakeService(const agency::Identity& identity, const Clock& clock);

}  // namespace waystation::dos

#endif  // WAYSTATION_SERVICES_DOS_DOS_SERVICE_H_
