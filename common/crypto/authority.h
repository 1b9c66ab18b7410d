#ifndef WAYSTATION_COMMON_CRYPTO_AUTHORITY_H_
#define WAYSTATION_COMMON_CRYPTO_AUTHORITY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/certificate.h"
#include "common/crypto/signing_key.h"

namespace waystation::crypto {

struct IssueRequest {
  std::string common_name;  // 1 to 64 bytes.
  std::vector<std::string> uri_sans;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;  // "127.0.0.1", "::1".
  KeyUse use = KeyUse::kTls;
  absl::Time not_before;
  absl::Time not_after;
};

struct IssuedCertificate {
  Certificate certificate;
  std::string certificate_pem;
  std::string key_pem;  // PKCS#8, unencrypted.
};

struct Revocation {
  std::string serial;  // As `Certificate::serial()` gives it.
  absl::Time revoked_at;
};

// A P-256 certificate authority: `waystation pki`, the throwaway one of
// `waystation dev`, and tests.
//
//   WS_ASSIGN_OR_RETURN(auto authority,
//                       CertificateAuthority::Create("dev root", now, absl::Hours(24)));
//   WS_ASSIGN_OR_RETURN(IssuedCertificate ins, authority.Issue(request));
//   WS_ASSIGN_OR_RETURN(std::string crl, authority.IssueCrl({}, 1, now, now + absl::Hours(24)));
//
// It keeps no register: the caller stores what was issued and revoked, and
// passes every revocation ever made to each CRL, since `TrustStore` relies on
// entries never being dropped. It puts any names asked for into a certificate,
// two URI SANs too. Times are cut to whole seconds.
// Thread-safe.
class CertificateAuthority {
 public:
  // Makes a key and a self-signed root. Errors: INVALID_ARGUMENT an empty or
  // long name, or a lifetime that is not positive; INTERNAL OpenSSL failed.
  static absl::StatusOr<CertificateAuthority> Create(std::string_view common_name,
                                                     absl::Time not_before,
                                                     absl::Duration lifetime);

  // Takes up a root or intermediate that was made before.
  // Errors: INVALID_ARGUMENT malformed, not a CA, or key and certificate differ.
  static absl::StatusOr<CertificateAuthority> FromPem(std::string_view cert_pem,
                                                      std::string_view key_pem);

  // Makes an authority below this one, which can issue no further authority.
  // Errors: as `Create`.
  absl::StatusOr<CertificateAuthority> IssueIntermediate(std::string_view common_name,
                                                         absl::Time not_before,
                                                         absl::Duration lifetime) const;

  // Makes a new key and its certificate. Not idempotent: each call makes
  // another. Errors: INVALID_ARGUMENT a name or address that cannot be encoded,
  // or not_after before not_before; INTERNAL OpenSSL failed.
  absl::StatusOr<IssuedCertificate> Issue(const IssueRequest& request) const;

  // Returns a PEM CRL of `revoked` in this authority's name. `crl_number` must
  // rise with each CRL. Errors: INVALID_ARGUMENT a serial that is not
  // hexadecimal, or next_update not after this_update; INTERNAL OpenSSL failed.
  absl::StatusOr<std::string> IssueCrl(const std::vector<Revocation>& revoked, uint64_t crl_number,
                                       absl::Time this_update, absl::Time next_update) const;

  const Certificate& certificate() const { return certificate_; }
  std::string cert_pem() const { return certificate_.ToPem(); }
  // PKCS#8, unencrypted. Errors: INTERNAL OpenSSL failed.
  absl::StatusOr<std::string> key_pem() const { return key_.ToPem(); }

 private:
  CertificateAuthority(Certificate certificate, SigningKey key);

  Certificate certificate_;
  SigningKey key_;
};

}  // namespace waystation::crypto

#endif  // WAYSTATION_COMMON_CRYPTO_AUTHORITY_H_
