#ifndef WAYSTATION_COMMON_RPC_REFUSALS_H_
#define WAYSTATION_COMMON_RPC_REFUSALS_H_

#include <string_view>

#include "common/crypto/trust.h"

namespace waystation::rpc {

// The reason that the peer and the refusal feed are told: CERTIFICATE_REVOKED,
// CERTIFICATE_EXPIRED (also before its time) or CERTIFICATE_UNTRUSTED. `problem`
// is not kNone. Thread-safe.
std::string_view ReasonFor(crypto::TrustProblem problem);

}  // namespace waystation::rpc

#endif  // WAYSTATION_COMMON_RPC_REFUSALS_H_
