#ifndef WAYSTATION_SERVICES_USAID_USAID_SERVICE_H_
#define WAYSTATION_SERVICES_USAID_USAID_SERVICE_H_

#include <memory>

#include "common/agency/main.h"
#include "common/clock/clock.h"

namespace waystation::usaid {

// The Agency for International Development on the bus: its missions take
// reintegration. It has no rule and no record of its own.
//
// Thread-safe.
std::unique_ptr<agency::Service> MakeService(const agency::Identity& identity, const Clock& clock);

}  // namespace waystation::usaid

#endif  // WAYSTATION_SERVICES_USAID_USAID_SERVICE_H_
