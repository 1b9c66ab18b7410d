#ifndef WAYSTATION_SERVICES_HHS_PROCEDURES_H_
#define WAYSTATION_SERVICES_HHS_PROCEDURES_H_

#include "common/casework/procedures.h"
#include "common/ids/random.h"

namespace waystation::hhs {

// HHS's part in each kind of referral that it takes (StatusNotice, ChildToHhs,
// InformationFromHhs) and sends (AttorneyGeneralConsultation, OneStopServices,
// SafeReturn, and ContinuedPresence, which comes back with the citation). Thread-safe.
casework::Procedures MakeProcedures(const RandomSource& random);

}  // namespace waystation::hhs

#endif  // WAYSTATION_SERVICES_HHS_PROCEDURES_H_
