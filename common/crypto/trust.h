#ifndef WAYSTATION_COMMON_CRYPTO_TRUST_H_
#define WAYSTATION_COMMON_CRYPTO_TRUST_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/certificate.h"

namespace waystation::crypto {

// Why a certificate is not trusted. The first that applies, in the order in
// which X509_verify_cert looks: issuer, revocation, time, use.
enum class TrustProblem {
  kNone,
  kUntrustedIssuer,
  kExpired,
  kNotYetValid,
  kRevoked,
  kCrlMissing,
  kCrlExpired,
  kMalformed,
  kWrongUse,
};

// Returns UPPER_SNAKE, for a refusal's reason: "CERTIFICATE_EXPIRED",
// "CRL_MISSING" and so on; "NONE" for kNone.
std::string_view TrustProblemName(TrustProblem problem);

struct TrustVerdict {
  TrustProblem problem = TrustProblem::kNone;
  // The standard error text. On a trusted certificate "", or a warning that a
  // stale CRL was accepted within its grace.
  std::string text;

  bool ok() const { return problem == TrustProblem::kNone; }
};

// The roots and revocation lists that decide whom to believe, fixed at
// creation; a new CRL means a new store.
//
//   WS_ASSIGN_OR_RETURN(TrustStore store,
//                       TrustStore::Create(roots_pem, crls_pem, absl::Hours(24)));
//   TrustVerdict verdict = store.Check(leaf, intermediates, KeyUse::kSign, accept_time);
//
// Every link of the chain, the root's own included, needs a CRL: one that is
// missing or stale beyond the grace fails the check. The question is always "at time
// `at`": a CRL issued after `at` is believed about the past by its revocation
// dates, which holds because a Waystation authority never drops an entry; so a
// certificate revoked later does not unmake a signature accepted earlier.
// Copies share their state.
// Thread-safe.
class TrustStore {
 public:
  // `roots_pem` holds 1 to 16 self-signed CA certificates; `crl_pem` up to 64
  // CRLs, and empty makes every check fail with kCrlMissing. `crl_grace` is how
  // long after its nextUpdate a CRL still counts, zero or more.
  // Errors: INVALID_ARGUMENT a root or CRL is malformed, a root is not a
  // self-signed CA, a CRL has no nextUpdate or no 64-bit CRL number, or the
  // grace is negative.
  static absl::StatusOr<TrustStore> Create(std::string_view roots_pem, std::string_view crl_pem,
                                           absl::Duration crl_grace);

  // Says whether `leaf` was good for `use` at time `at`. `intermediates` (at
  // most 16) may come in any order and need not be trusted. Whole seconds of
  // `at` count. Safe to repeat: the answer depends on the arguments alone.
  TrustVerdict Check(const Certificate& leaf, const std::vector<Certificate>& intermediates,
                     KeyUse use, absl::Time at) const;

  // The highest CRL number held (RFC 5280 5.2.3), 0 without CRLs.
  uint64_t crl_number() const;

  // The earliest nextUpdate of the newest CRL of each issuer;
  // absl::InfiniteFuture() without CRLs.
  absl::Time next_crl_update() const;

 private:
  struct State;
  explicit TrustStore(std::shared_ptr<const State> state);

  std::shared_ptr<const State> state_;
};

}  // namespace waystation::crypto

#endif  // WAYSTATION_COMMON_CRYPTO_TRUST_H_
