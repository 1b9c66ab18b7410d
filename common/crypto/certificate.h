#ifndef WAYSTATION_COMMON_CRYPTO_CERTIFICATE_H_
#define WAYSTATION_COMMON_CRYPTO_CERTIFICATE_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/sha256.h"

struct x509_st;

namespace waystation::crypto {

// What a certificate's key is for. Each identity has one certificate for each
// of the first three. Recovery and archive keys are encryption keys kept
// elsewhere: the same X.509 bits, told apart by where the directory lists them.
enum class KeyUse { kTls, kSign, kEncrypt, kRecovery, kArchive };

// Returns "tls", "sign", "encrypt", "recovery" or "archive".
std::string_view KeyUseName(KeyUse use);

inline constexpr size_t kCertificateBytesMax = size_t{16} * 1024;
inline constexpr size_t kPemChainCertificatesMax = 16;

// One parsed X.509 certificate. Parsing says nothing about trust: ask
// `TrustStore::Check` before believing any field.
//
//   WS_ASSIGN_OR_RETURN(Certificate certificate, Certificate::FromDer(der));
//   WS_RETURN_IF_ERROR(certificate.VerifySignature(digest, signature));
//
// A copy shares the parsed certificate and its key, so it costs a reference
// count. Limits: 16 KiB of DER. A moved-from certificate may only be assigned
// or destroyed.
// Thread-safe.
class Certificate {
 public:
  // Reads one DER certificate. The bytes must be exactly the DER encoding, so
  // that equal content means equal `sha256()`.
  // Errors: INVALID_ARGUMENT empty, above the limit, malformed, followed by
  // other bytes, or with a URI SAN that is not printable ASCII.
  static absl::StatusOr<Certificate> FromDer(std::string_view der);

  // Reads exactly one PEM certificate; text around it is ignored. Errors: as
  // `FromDer`, and INVALID_ARGUMENT none or more than one.
  static absl::StatusOr<Certificate> FromPem(std::string_view pem);

  std::string ToPem() const;
  const std::string& der() const;
  // SHA-256 of the DER: the name by which records cite this certificate.
  const Digest& sha256() const;

  // Every URI subjectAltName in order, as many as there are. The caller that
  // wants an identity refuses any count but one.
  const std::vector<std::string>& uri_sans() const;
  absl::Time not_before() const;
  // Last second of validity, inclusive (RFC 5280 4.1.2.5).
  absl::Time not_after() const;
  // Lower-case hexadecimal of the serial number, without sign.
  const std::string& serial() const;
  // First CN of the subject as UTF-8, "" when there is none. Outside text:
  // quote it before printing.
  const std::string& subject_common_name() const;
  // The same of the issuer: what the certificate says of it, proven by a chain alone.
  const std::string& issuer_common_name() const;

  // The use that keyUsage and extendedKeyUsage allow: digitalSignature with
  // TLS server or client EKU is kTls, digitalSignature without EKU is kSign,
  // keyAgreement is kEncrypt (also for recovery and archive certificates).
  // Nothing for a CA, for no keyUsage, and for any other or mixed bits.
  std::optional<KeyUse> key_use() const;
  // Whether the certificate may serve as `use`.
  bool Allows(KeyUse use) const;
  bool is_p256() const;

  // DER SubjectPublicKeyInfo.
  const std::string& public_key_der() const;

  // Verifies an ECDSA P-256 signature (DER, as `SigningKey::SignDigest` makes)
  // over a SHA-256 digest. Says nothing about trust, time or key use.
  // Errors: UNAUTHENTICATED the signature is malformed or does not match;
  // FAILED_PRECONDITION the key is not P-256.
  absl::Status VerifySignature(const Digest& digest, std::string_view der_signature) const;

  // The OpenSSL object, owned by this certificate. For common/crypto only.
  x509_st* native() const;

  // Same DER.
  friend bool operator==(const Certificate& a, const Certificate& b) {
    return a.sha256() == b.sha256();
  }

 private:
  struct State;
  explicit Certificate(std::shared_ptr<const State> state);

  std::shared_ptr<const State> state_;
};

// Reads one to 16 PEM certificates in the order given (leaf first, by custom).
// Text around them is ignored. Errors: INVALID_ARGUMENT none, too many, or one
// that `Certificate::FromDer` refuses.
absl::StatusOr<std::vector<Certificate>> ParsePemChain(std::string_view pem);

}  // namespace waystation::crypto

#endif  // WAYSTATION_COMMON_CRYPTO_CERTIFICATE_H_
