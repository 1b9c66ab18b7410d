#ifndef WAYSTATION_TOOLS_WAYSTATION_PRESENCE_TEXT_H_
#define WAYSTATION_TOOLS_WAYSTATION_PRESENCE_TEXT_H_

#include <string>
#include <vector>

#include "tools/waystation/output.h"
#include "tools/waystation/petition_text.h"
#include "waystation/ins/v1/ins_service.pb.h"

namespace waystation::cli {

// What an officer sees of a presence, of INS or as INS told it to DOJ.
// Thread-safe.
Fields PresenceFields(const ins::v1::Presence& presence);
Table PresenceTable(const std::vector<ins::v1::Presence>& presences);

// The command that a second official types to end the presence as `request`
// proposes: the same kind, reason and day.
std::string SecondEndCommand(const ins::v1::EndPresenceRequest& request);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_PRESENCE_TEXT_H_
