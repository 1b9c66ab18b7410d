#ifndef WAYSTATION_TOOLS_WAYSTATION_DEV_GENESIS_H_
#define WAYSTATION_TOOLS_WAYSTATION_DEV_GENESIS_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/waystation/dev_agencies.h"
#include "waystation/bus/v1/directory.pb.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::cli {

// Returns the DER of the certificate of an identity path for a use.
using FindDer =
    std::function<absl::StatusOr<std::string>(std::string_view path, bus::v1::CertificateUse use)>;

// The first record of a development bus: who is on it, which units and message
// types there are, and a policy of default deny. `agencies`, two or more, are on
// it; the policy administrators of the first two are pinned. `bus_id` is 16 random
// bytes.
// Pure but for `find_der`. Thread-safe. Errors: those of `find_der`.
absl::StatusOr<journal::v1::Genesis> MakeDevGenesis(const std::vector<v1::DevAgency>& agencies,
                                                    std::string_view trust_domain,
                                                    const std::string& roots_pem,
                                                    const std::string& bus_id,
                                                    const FindDer& find_der);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_DEV_GENESIS_H_
