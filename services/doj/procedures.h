#ifndef WAYSTATION_SERVICES_DOJ_PROCEDURES_H_
#define WAYSTATION_SERVICES_DOJ_PROCEDURES_H_

#include "common/casework/procedures.h"
#include "common/petitioner/petitioner.h"

namespace waystation::doj {

// What DOJ takes and sends: it takes Complaint (C11) and the consultation of the
// Attorney General (C8), and sends ChildToHhs (C15) and InformationFromHhs.
//
// That a complaint led to an intake can be answered only when there is one for
// its person (INTAKE_MISSING); that there is no federal matter, at any time.
casework::Procedures MakeProcedures();

// DOJ as it petitions. A person is known from a complaint that is here, or that
// DOJ answered.
petitioner::Petitioner MakePetitioner();

}  // namespace waystation::doj

#endif  // WAYSTATION_SERVICES_DOJ_PROCEDURES_H_
