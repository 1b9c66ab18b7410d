#ifndef WAYSTATION_SERVICES_DOJ_INCOMING_H_
#define WAYSTATION_SERVICES_DOJ_INCOMING_H_

#include "absl/status/status.h"
#include "common/agency/case.h"

// What comes to DOJ over the bus: INS's steps on DOJ's petitions, and notices
// about presences. Answers are judged before they are kept: one that does not
// hold together is quarantined, for an officer to see, and changes nothing.
//
// Single-threaded: the transaction.

namespace waystation::doj {

// Applies one message; errors as agency::Handler::OnCase.
absl::Status OnCase(const agency::CaseMessage& message, agency::Tx& tx);

}  // namespace waystation::doj

#endif  // WAYSTATION_SERVICES_DOJ_INCOMING_H_
