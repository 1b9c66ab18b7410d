#ifndef WAYSTATION_COMMON_EVIDENCE_TRUST_CACHE_H_
#define WAYSTATION_COMMON_EVIDENCE_TRUST_CACHE_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/crypto/certificate.h"
#include "common/crypto/trust.h"

namespace waystation::evidence {

// Whether signing certificates were good at a time, at the price of one chain
// verification for each certificate instead of each message (0.3 ms). A
// certificate that was good at two times was good between them, since validity
// is one span and a revocation is never taken back.
//
//   TrustCache trusted(trust->Current());
//   WS_RETURN_IF_ERROR(trusted.Check(certificate, accept_time));
//
// New revocation lists mean a new cache.
// Limits: 10,000 certificates, then it starts anew.
// Thread-compatible; one for each stream or thread.
class TrustCache {
 public:
  explicit TrustCache(crypto::TrustStore store) : store_(std::move(store)) {}

  // Errors: UNAUTHENTICATED (CERTIFICATE_REVOKED, CERTIFICATE_EXPIRED also
  // before its time, CERTIFICATE_UNTRUSTED).
  absl::Status Check(const crypto::Certificate& certificate, absl::Time at);

  const crypto::TrustStore& store() const { return store_; }

 private:
  struct Span {
    absl::Time from;
    absl::Time until;
  };

  crypto::TrustStore store_;
  // By SHA-256 of the certificate.
  absl::flat_hash_map<crypto::Digest, Span> good_;
};

}  // namespace waystation::evidence

#endif  // WAYSTATION_COMMON_EVIDENCE_TRUST_CACHE_H_
