#ifndef WAYSTATION_TOOLS_WAYSTATION_PRESENCES_H_
#define WAYSTATION_TOOLS_WAYSTATION_PRESENCES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/waystation/officer.h"
#include "waystation/ins/v1/ins_service.pb.h"

namespace waystation::cli {

// Which presences to read; empty means all.
struct PresenceFilter {
  std::vector<ins::v1::PresenceState> states;  // Only INS works them out.
  std::string person;
};

// Every page of the presences that the officer's agency knows, the soonest to
// end first. INS holds a register. DOJ and DOS have what INS told them about their
// own petitions: there the state is unspecified until INS says that one has ended.
// Reads only: an outcome that nobody has read stays unread.
// Single-threaded: the command. Errors: INVALID_ARGUMENT (usage) states asked
// of another agency than INS; those of the service.
absl::StatusOr<std::vector<ins::v1::Presence>> ReadPresences(Officer& officer,
                                                             const PresenceFilter& filter);

// One of them. Errors: as above; NOT_FOUND (PRESENCE_UNKNOWN).
absl::StatusOr<ins::v1::Presence> FindPresence(Officer& officer, const std::string& presence_id);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_PRESENCES_H_
