#ifndef WAYSTATION_TOOLS_WAYSTATION_CONTRACTS_H_
#define WAYSTATION_TOOLS_WAYSTATION_CONTRACTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/procedures/contract.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/message.h"

// The kinds of referral that agencies send each other, as the command line names
// them: by procedure, "services", or by body, "ServicesReferral".
// Thread-safe functions.

namespace waystation::cli {

// Every contract there is.
const std::vector<const procedures::Contract*>& AllContracts();

// "services", or "consultation-of-the-attorney-general".
std::string ProcedureWord(const procedures::Contract& contract);

// The contract of a procedure, of its request or of its answer.
// Errors: NOT_FOUND naming what there is.
absl::StatusOr<const procedures::Contract*> FindContract(std::string_view type);

// A body of the prototype's type from `text`: JSON as the protos spell it, or
// "@FILE" with that. Where the protos want an enum's name its words will do,
// "job-search", and where they want a Date, "2026-11-23" or "+90d" from `now`.
// Errors: INVALID_ARGUMENT (usage) naming `flag`; of reading the file.
absl::StatusOr<google::protobuf::Any> ParseBody(const google::protobuf::Message& prototype,
                                                std::string_view flag, std::string_view text,
                                                absl::Time now);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_CONTRACTS_H_
