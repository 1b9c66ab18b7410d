#ifndef WAYSTATION_SERVICES_HHS_HHS_SERVICE_H_
#define WAYSTATION_SERVICES_HHS_HHS_SERVICE_H_

#include <memory>

#include "common/agency/main.h"
#include "common/clock/clock.h"

namespace waystation::hhs {

// The Department of Health and Human Services on the bus: its officers' API and
// what it does with what comes. See README.md.
//
// Thread-safe.
std::unique_ptr<agency::Service> MakeService(const agency::Identity& identity, const Clock& clock);

}  // namespace waystation::hhs

#endif  // WAYSTATION_SERVICES_HHS_HHS_SERVICE_H_
