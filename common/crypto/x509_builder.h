#ifndef WAYSTATION_COMMON_CRYPTO_X509_BUILDER_H_
#define WAYSTATION_COMMON_CRYPTO_X509_BUILDER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/certificate.h"
#include "common/crypto/openssl.h"
#include "common/crypto/signing_key.h"

namespace waystation::crypto {

// Puts one X.509 v3 certificate together for `CertificateAuthority`, field by
// field; the first problem is kept and `Sign` returns it.
//
//   X509Builder builder;
//   builder.SetSubject("ins sign");
//   ...
//   WS_ASSIGN_OR_RETURN(Certificate certificate, builder.Sign(key));
//
// Thread-compatible.
class X509Builder {
 public:
  // Starts with version 3 and a random positive 127-bit serial number.
  X509Builder();

  void SetSubject(std::string_view common_name);
  // Copies subject and key identifier of `issuer`; null makes it self-signed.
  // Call after SetKey.
  void SetIssuer(const Certificate* issuer);
  void SetValidity(absl::Time not_before, absl::Time not_after);
  void SetKey(const SigningKey& key);
  // `value` in the notation of x509v3_config(5), never with outside text.
  void AddExtension(int nid, const char* value);
  // `type` is GEN_URI, GEN_DNS or GEN_IPADD. `AddNames` writes them all.
  void AddName(int type, const std::string& text);
  void AddNames();

  absl::StatusOr<Certificate> Sign(const SigningKey& issuer_key);

 private:
  void Keep(bool done, std::string_view problem);
  void SetSerial();

  OpenSslPtr<X509> x509_;
  OpenSslPtr<GENERAL_NAMES> names_;
  const X509* issuer_ = nullptr;
  absl::Status status_;
};

// Errors: INVALID_ARGUMENT a time outside the years 1950 to 9999.
absl::StatusOr<OpenSslPtr<ASN1_TIME>> Asn1TimeFrom(absl::Time time);

}  // namespace waystation::crypto

#endif  // WAYSTATION_COMMON_CRYPTO_X509_BUILDER_H_
