#ifndef WAYSTATION_SERVICES_DOJ_DOJ_SERVICE_H_
#define WAYSTATION_SERVICES_DOJ_DOJ_SERVICE_H_

#include <memory>

#include "common/agency/main.h"
#include "common/clock/clock.h"
#include "common/ids/random.h"
#include "services/doj/petitions.h"

namespace waystation::doj {

// The Department of Justice on the bus: its officers' API and what it does with
// what comes. See README.md.
//
// Thread-safe.
struct Options {
  DuePolicy due;
  RandomSource random = SystemRandom;
};

std::unique_ptr<agency::Service> MakeServiceWith(Options options);

// What the program runs: the options in force.
std::unique_ptr<agency::Service> MakeService(const agency::Identity& identity, const Clock& clock);

}  // namespace waystation::doj

#endif  // WAYSTATION_SERVICES_DOJ_DOJ_SERVICE_H_
