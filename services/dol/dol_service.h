#ifndef WAYSTATION_SERVICES_DOL_DOL_SERVICE_H_
#define WAYSTATION_SERVICES_DOL_DOL_SERVICE_H_

#include <memory>

#include "common/agency/main.h"
#include "common/clock/clock.h"

namespace waystation::dol {

// The Department of Labor on the bus: the complaint line's records, and One-Stop
// services as they are asked for. See README.md.
//
// Thread-safe.
std::unique_ptr<agency::Service> MakeService(const agency::Identity& identity, const Clock& clock);

}  // namespace waystation::dol

#endif  // WAYSTATION_SERVICES_DOL_DOL_SERVICE_H_
