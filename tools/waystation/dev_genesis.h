#ifndef WAYSTATION_TOOLS_WAYSTATION_DEV_GENESIS_H_
#define WAYSTATION_TOOLS_WAYSTATION_DEV_GENESIS_H_

#include <string_view>
#include <vector>

#include "tools/waystation/dev_agencies.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::cli {

// The draft of a development bus's first record (genesis.h): who is on it, which
// units and message types there are, and a policy of default deny. `agencies`, two
// or more, are on it; the policy administrators of the first two are pinned.
// deploy/config/genesis.textproto is the same for those that are compiled in.
// Pure. Thread-safe.
journal::v1::Genesis MakeDevGenesis(const std::vector<v1::DevAgency>& agencies,
                                    std::string_view trust_domain);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_DEV_GENESIS_H_
