#ifndef WAYSTATION_COMMON_CRYPTO_SIGNING_KEY_H_
#define WAYSTATION_COMMON_CRYPTO_SIGNING_KEY_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/sha256.h"

struct evp_pkey_st;

namespace waystation::crypto {

// An ECDSA P-256 private key, with which an identity signs messages, receipts
// and checkpoints.
//
//   WS_ASSIGN_OR_RETURN(SigningKey key, SigningKey::FromPem(pem));
//   WS_ASSIGN_OR_RETURN(std::string signature,
//                       key.SignDigest(PreAuthDigest(type, body)));
//
// Signatures are randomised: signing the same digest twice gives different
// bytes, so callers keep the first ones. Only P-256 is taken. Movable, not
// copyable; the key bytes are wiped when the object goes.
// A moved-from key may only be assigned or destroyed.
// Thread-safe.
class SigningKey {
 public:
  // Reads exactly one unencrypted PEM private key (PKCS#8 or SEC1).
  // Errors: INVALID_ARGUMENT not PEM, encrypted, doubled, not P-256, or a
  // private part that does not fit its public part.
  static absl::StatusOr<SigningKey> FromPem(std::string_view pem);

  // Makes a new key. Errors: INTERNAL OpenSSL failed.
  static absl::StatusOr<SigningKey> Generate();

  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

  // Returns the key as PKCS#8 PEM, unencrypted: for a file of mode 0600 only.
  absl::StatusOr<std::string> ToPem() const;

  // The public half as DER SubjectPublicKeyInfo (RFC 5280 4.1.2.7); equals
  // `Certificate::public_key_der()` of a certificate for this key.
  const std::string& public_key_der() const;

  // Signs a SHA-256 digest. Returns a DER Ecdsa-Sig-Value (RFC 3279 2.2.3), at
  // most 72 bytes. Safe to retry. Errors: INTERNAL OpenSSL failed.
  absl::StatusOr<std::string> SignDigest(const Digest& digest) const;

  // The OpenSSL object, owned by this key. For common/crypto only.
  evp_pkey_st* native() const;

 private:
  struct State;
  explicit SigningKey(std::unique_ptr<State> state);
  static absl::StatusOr<SigningKey> FromState(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace waystation::crypto

#endif  // WAYSTATION_COMMON_CRYPTO_SIGNING_KEY_H_
