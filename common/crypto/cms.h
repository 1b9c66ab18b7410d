#ifndef WAYSTATION_COMMON_CRYPTO_CMS_H_
#define WAYSTATION_COMMON_CRYPTO_CMS_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/crypto/certificate.h"

// Case payloads are CMS AuthEnvelopedData (RFC 5083) of one fixed shape, so
// that stock tools open them and nothing weaker is ever accepted:
//   content encryption  AES-256-GCM, 12-byte nonce, 16-byte tag (RFC 5084)
//   key agreement       one-pass ECDH on P-256, KDF SHA-256,
//                       dhSinglePass-stdDH-sha256kdf-scheme (RFC 5753 7.1.4)
//   key wrap            AES-256 key wrap (RFC 3394)
//   recipient           one KeyAgreeRecipientInfo each, by issuer and serial
//   encoding            DER
//   originator key      uncompressed point; parameters absent, NULL or P-256
// No attributes. The tag covers the content alone: what stands there for the
// other recipients is protected by the DSSE signature over the digest of the
// whole, so verify that first.

namespace waystation::crypto {

inline constexpr size_t kCmsRecipientsMax = 64;
inline constexpr size_t kCmsBytesMax = size_t{272} * 1024 * 1024;

// Encrypts `plaintext` (may be empty) to every one of 1 to 64 recipients.
// Randomised: encrypt once and keep the bytes. The caller has checked that the
// recipients are to be trusted. Thread-safe.
// Errors: INVALID_ARGUMENT no recipients, too many, the same one twice, one
// that is not a P-256 encryption certificate, or plaintext too long;
// INTERNAL OpenSSL failed.
absl::StatusOr<std::string> Encrypt(std::string_view plaintext,
                                    const std::vector<Certificate>& recipients);

// A P-256 private key with the encryption certificate by which messages name
// it. Copies share the key.
// Thread-safe.
class DecryptionKey {
 public:
  // Errors: INVALID_ARGUMENT either is malformed, they do not belong together,
  // or the certificate is not for encryption.
  static absl::StatusOr<DecryptionKey> FromPem(std::string_view key_pem, std::string_view cert_pem);

  const Certificate& certificate() const;

 private:
  friend absl::StatusOr<std::string> Decrypt(std::string_view der, const DecryptionKey& key);
  struct State;
  explicit DecryptionKey(std::shared_ptr<const State> state);

  std::shared_ptr<const State> state_;
};

// Returns the plaintext, or none of it: nothing is released before the tag has
// been verified. Safe to retry. Thread-safe.
// Errors: PERMISSION_DENIED `key` is not among the recipients; DATA_LOSS
// anything else: not of the shape above, cut, altered, followed by other bytes,
// or above 272 MiB. Neither says more, so that a sender learns nothing about
// the key from trying.
absl::StatusOr<std::string> Decrypt(std::string_view der, const DecryptionKey& key);

}  // namespace waystation::crypto

#endif  // WAYSTATION_COMMON_CRYPTO_CMS_H_
