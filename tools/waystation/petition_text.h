#ifndef WAYSTATION_TOOLS_WAYSTATION_PETITION_TEXT_H_
#define WAYSTATION_TOOLS_WAYSTATION_PETITION_TEXT_H_

#include <string>
#include <utility>
#include <vector>

#include "tools/waystation/output.h"
#include "waystation/doj/v1/doj_service.pb.h"
#include "waystation/ins/v1/ins_service.pb.h"

namespace waystation::cli {

using Fields = std::vector<std::pair<std::string, Cell>>;

// What an officer sees of a petition, as DOJ and as INS hold it. Thread-safe.
Fields PetitionFields(const doj::v1::Petition& petition);
Fields PetitionFields(const ins::v1::Petition& petition);

// "granted: parole, 2026-11-23 to 2027-11-23, work authorized (parole)".
std::string DecisionWords(const ins::v1::ContinuedPresenceDecision& decision);

// "parole, 2026-11-23 to 2027-11-23, by adjudicator-2101".
std::string WorkWords(const ins::v1::WorkAuthorization& work);

// "agent-1101, Special Agent, doj/fbi".
std::string OfficialWords(const types::v1::ActingOfficial& official);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_PETITION_TEXT_H_
