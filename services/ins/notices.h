#ifndef WAYSTATION_SERVICES_INS_NOTICES_H_
#define WAYSTATION_SERVICES_INS_NOTICES_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/casework/procedure.h"
#include "services/ins/record.pb.h"

// What INS tells HHS, because certification rests on it (C8, TVPA
// 107(b)(1)(E)(i)(II)): that a continued presence was granted or renewed, and that
// it has ended. What is told is worked out from the register each time, so a
// notice cannot differ from it. A presence and the renewals that follow on without
// a gap are one to HHS, under the identifier of the first.
//
// Where HHS is not on the bus nothing is sent and nothing is hindered; where it is
// and cannot be sent to, the error is the caller's.
//
// Single-threaded: the transaction.

namespace waystation::ins {

// INS's part in the procedure, for its list. An officer may send a notice by hand,
// e.g. after a return, but only as the register has it.
std::unique_ptr<casework::Procedure> MakeStatusNotices();

// The identifier under which HHS knows the presence.
absl::StatusOr<std::string> ReferenceOf(const record::StoredPresence& stored, agency::Tx& tx);

// Tells how the presence stands now, after the official's act on it was saved.
// Errors: as casework::SendAsk.
absl::Status TellHhs(const record::StoredPresence& stored, const agency::Officer& official,
                     agency::Tx& tx);

// Takes back what was told last, because the decision behind it never reached the
// petitioner, and tells how the presence stands without it. Both were true to the
// register when they were sent: the bus has no message that waits for another
// referral's. What cannot be sent now goes out with `TellWhatIsDue`.
absl::Status CorrectHhs(const std::string& reference, agency::Tx& tx);

// Whether the calendar has made something untrue that HHS was told.
absl::StatusOr<bool> IsHhsDue(agency::Tx& tx);

// Tells of it, by rule. What cannot be sent stays due.
absl::Status TellWhatIsDue(agency::Tx& tx);

}  // namespace waystation::ins

#endif  // WAYSTATION_SERVICES_INS_NOTICES_H_
