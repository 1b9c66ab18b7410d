#include "common/rpc/refusals.h"

namespace waystation::rpc {

std::string_view ReasonFor(crypto::TrustProblem problem) {
  switch (problem) {
    case crypto::TrustProblem::kRevoked:
      return "CERTIFICATE_REVOKED";
    case crypto::TrustProblem::kExpired:
    case crypto::TrustProblem::kNotYetValid:
      return "CERTIFICATE_EXPIRED";
    default:
      return "CERTIFICATE_UNTRUSTED";
  }
}

}  // namespace waystation::rpc
