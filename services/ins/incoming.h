#ifndef WAYSTATION_SERVICES_INS_INCOMING_H_
#define WAYSTATION_SERVICES_INS_INCOMING_H_

#include "absl/status/status.h"
#include "common/agency/case.h"

// What comes to INS over the bus, and what the service does by itself: it returns
// what the law forbids INS to entertain from this sender, what nobody can read,
// and what was sent to a unit that may not see it. All else waits for an officer.
//
// Single-threaded: the transaction.

namespace waystation::ins {

// Applies one message; errors as agency::Handler::OnCase.
absl::Status OnCase(const agency::CaseMessage& message, agency::Tx& tx);

// Undoes what a message of ours would have made true. An answer that the bus
// refused, e.g. because the petitioner asked to cancel at the same moment, is open
// again with its proposal, for the second official to confirm anew.
absl::Status OnRefused(const agency::CaseMessage& message, agency::Tx& tx);

}  // namespace waystation::ins

#endif  // WAYSTATION_SERVICES_INS_INCOMING_H_
