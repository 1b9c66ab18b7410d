#ifndef WAYSTATION_COMMON_LOG_FOLLOWER_FORMER_LOGS_H_
#define WAYSTATION_COMMON_LOG_FOLLOWER_FORMER_LOGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/tlog/note.h"

namespace waystation {

// The keys of the logs that the log of a policy was begun in place of. Their policies
// lie beside it as `<policy_path>.<any name>.former`, where `waystation pki log-key`
// puts them; so whoever gives somebody the policy says which former logs there were.
// Errors: of config::ReadFile and tlog::Policy::Parse, naming the file. Thread-safe.
absl::StatusOr<std::vector<tlog::VerifierKey>> LoadFormerLogKeys(const std::string& policy_path);

}  // namespace waystation

#endif  // WAYSTATION_COMMON_LOG_FOLLOWER_FORMER_LOGS_H_
