#ifndef WAYSTATION_COMMON_PETITIONER_INCOMING_H_
#define WAYSTATION_COMMON_PETITIONER_INCOMING_H_

#include "absl/status/status.h"
#include "common/agency/case.h"
#include "common/casework/procedures.h"
#include "common/petitioner/petitioner.h"

// What comes to a petitioner over the bus: INS's steps on its petitions, and notices
// about presences. Answers are judged before they are kept: one that does not
// hold together is quarantined, for an officer to see, and changes nothing.
//
// Single-threaded: the transaction.

namespace waystation::petitioner {

// Applies one message that is not of `procedures`; errors as agency::Handler::OnCase. A
// request that is no such notice goes back by casework's hand.
absl::Status OnCase(const Petitioner& petitioner, const casework::Procedures& procedures,
                    const agency::CaseMessage& message, agency::Tx& tx);

}  // namespace waystation::petitioner

#endif  // WAYSTATION_COMMON_PETITIONER_INCOMING_H_
