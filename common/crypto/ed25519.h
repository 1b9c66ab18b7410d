#ifndef WAYSTATION_COMMON_CRYPTO_ED25519_H_
#define WAYSTATION_COMMON_CRYPTO_ED25519_H_

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct evp_pkey_st;

namespace waystation::crypto {

inline constexpr size_t kEd25519KeyBytes = 32;
inline constexpr size_t kEd25519SignatureBytes = 64;

// An Ed25519 private key (RFC 8032), with which a log signs its checkpoints and
// a cosigner countersigns them.
//
//   WS_ASSIGN_OR_RETURN(Ed25519Key key, Ed25519Key::FromPem(pem));
//   WS_ASSIGN_OR_RETURN(std::string signature, key.Sign(text));
//
// Signatures are deterministic. Movable, not copyable; the key bytes are wiped
// when the object goes. A moved-from key may only be assigned or destroyed.
// Thread-safe.
class Ed25519Key {
 public:
  // Reads one unencrypted PKCS#8 PEM private key. Errors: INVALID_ARGUMENT not
  // PEM, encrypted, or of another kind.
  static absl::StatusOr<Ed25519Key> FromPem(std::string_view pem);
  // The key of a 32-byte seed (RFC 8032 5.1.5). Errors: INVALID_ARGUMENT.
  static absl::StatusOr<Ed25519Key> FromSeed(std::string_view seed);
  // Makes a new key. Errors: INTERNAL OpenSSL failed.
  static absl::StatusOr<Ed25519Key> Generate();

  Ed25519Key(Ed25519Key&&) noexcept;
  Ed25519Key& operator=(Ed25519Key&&) noexcept;
  ~Ed25519Key();

  // Returns the key as PKCS#8 PEM, unencrypted: for a file of mode 0600 only.
  absl::StatusOr<std::string> ToPem() const;
  // The public key, 32 bytes.
  const std::string& public_key() const { return public_key_; }
  // Returns the 64-byte signature. Safe to retry. Errors: INTERNAL.
  absl::StatusOr<std::string> Sign(std::string_view message) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  using Native = std::unique_ptr<evp_pkey_st, Free>;
  Ed25519Key(Native key, std::string public_key);
  static absl::StatusOr<Ed25519Key> Of(Native key);

  Native key_;
  std::string public_key_;
};

// Whether `signature` is the key's over `message`. False for a key or a
// signature of the wrong length too. Thread-safe.
bool VerifyEd25519(std::string_view public_key, std::string_view message,
                   std::string_view signature);

// Whether `signature` (DER) is that of the P-256 key over the SHA-256 of
// `message`. `public_key_der` is a SubjectPublicKeyInfo. False for anything that
// cannot be read too. Thread-safe.
bool VerifyP256(std::string_view public_key_der, std::string_view message,
                std::string_view signature);

}  // namespace waystation::crypto

#endif  // WAYSTATION_COMMON_CRYPTO_ED25519_H_
