#ifndef WAYSTATION_COMMON_RPC_CALLER_H_
#define WAYSTATION_COMMON_RPC_CALLER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/sha256.h"
#include "common/crypto/trust.h"
#include "grpcpp/security/auth_context.h"

namespace waystation::rpc {

// Who calls, by the certificate of the connection.
struct Caller {
  std::string identity;      // "spiffe://waystation.example/agency/ins"
  std::string trust_domain;  // "waystation.example"
  std::string path;          // "/agency/ins"
  crypto::Digest certificate_sha256;
};

// Reads the caller of a call and judges its certificate again, since a
// connection may be older than a revocation. Costs a chain verification (about
// 0.3 ms): once for each unary call, and for a stream at its start and on a
// timer. Whether the identity is enrolled is the caller's question. Thread-safe.
// Errors: UNAUTHENTICATED (IDENTITY_MISSING no certificate, or no SPIFFE URI SAN;
// IDENTITY_AMBIGUOUS more than one URI SAN; CERTIFICATE_REVOKED, CERTIFICATE_EXPIRED,
// CERTIFICATE_UNTRUSTED).
absl::StatusOr<Caller> CallerOf(const grpc::AuthContext& context, const crypto::TrustStore& trust,
                                absl::Time now);

}  // namespace waystation::rpc

#endif  // WAYSTATION_COMMON_RPC_CALLER_H_
