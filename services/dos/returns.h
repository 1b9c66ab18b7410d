#ifndef WAYSTATION_SERVICES_DOS_RETURNS_H_
#define WAYSTATION_SERVICES_DOS_RETURNS_H_

#include "common/casework/procedures.h"

namespace waystation::dos {

// What DOS takes and sends: it takes SafeReturn with the rules of
// common/statute/safe_return.h, and sends Reintegration, ChildToHhs and, as
// reports.h says, Complaint.
//
// A return goes back at once when a rule stands against it: nothing that DOS
// learns later mends it. The same rules are asked again at take-up, because a
// consent may lapse or be withdrawn meanwhile. That the person declined, or
// stays, can be answered at any time, whatever the rules say.
//
// The rules read what the request says of the three consents together with the
// consent that the referral rests on, as the requester stated its scope last. A
// consent that is another object at the requester is known by the request alone.
casework::Procedures MakeProcedures();

}  // namespace waystation::dos

#endif  // WAYSTATION_SERVICES_DOS_RETURNS_H_
