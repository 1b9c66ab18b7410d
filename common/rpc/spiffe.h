#ifndef WAYSTATION_COMMON_RPC_SPIFFE_H_
#define WAYSTATION_COMMON_RPC_SPIFFE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace waystation::rpc {

// A SPIFFE ID in its parts: "waystation.example" and "/agency/ins".
struct SpiffeId {
  std::string trust_domain;
  std::string path;
};

// Reads a SPIFFE ID (SPIFFE-ID standard, section 2), at most 256 bytes, with a
// path; no query, fragment, empty segment or dot segment. Thread-safe.
// Errors: INVALID_ARGUMENT.
absl::StatusOr<SpiffeId> ParseSpiffeId(std::string_view text);

}  // namespace waystation::rpc

#endif  // WAYSTATION_COMMON_RPC_SPIFFE_H_
