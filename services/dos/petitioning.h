#ifndef WAYSTATION_SERVICES_DOS_PETITIONING_H_
#define WAYSTATION_SERVICES_DOS_PETITIONING_H_

#include "common/petitioner/petitioner.h"

namespace waystation::dos {

// DOS as it petitions (C4): Diplomatic Security is federal law enforcement and
// knows a person from a post's report that is routed to it; a consular section may
// only try, and is warned. Its units see nothing of each other's people.
petitioner::Petitioner MakePetitioner();

}  // namespace waystation::dos

#endif  // WAYSTATION_SERVICES_DOS_PETITIONING_H_
