#ifndef WAYSTATION_SERVICES_DOJ_DOJ_SERVICE_H_
#define WAYSTATION_SERVICES_DOJ_DOJ_SERVICE_H_

#include <memory>

#include "common/agency/main.h"
#include "common/clock/clock.h"

namespace waystation::doj {

// The Department of Justice on the bus: its officers' APIs and what it does with
// what comes. See README.md.
//
// Thread-safe.
std::unique_ptr<agency::Service> MakeService(const agency::Identity& identity, const Clock& clock);

}  // namespace waystation::doj

#endif  // WAYSTATION_SERVICES_DOJ_DOJ_SERVICE_H_
