#ifndef WAYSTATION_SERVICES_INS_INS_SERVICE_H_
#define WAYSTATION_SERVICES_INS_INS_SERVICE_H_

#include <memory>

#include "common/agency/main.h"
#include "common/clock/clock.h"

namespace waystation::ins {

// The Immigration and Naturalization Service on the bus: its officers' API and
// what it does with what comes. See README.md.
//
// Thread-safe.
std::unique_ptr<agency::Service> MakeService(const agency::Identity& identity, const Clock& clock);

}  // namespace waystation::ins

#endif  // WAYSTATION_SERVICES_INS_INS_SERVICE_H_
