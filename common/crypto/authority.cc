#include "common/crypto/authority.h"

#include <openssl/pem.h>

#include <algorithm>
#include <utility>

#include "common/crypto/openssl.h"
#include "common/crypto/x509_builder.h"

namespace waystation::crypto {
namespace {

constexpr size_t kSerialHexMax = 40;  // 20 bytes, RFC 5280 4.1.2.2.

absl::Status CrlError(std::string_view problem) {
  return OpenSslError(absl::StatusCode::kInternal, "crl", problem);
}

// How an authority is made: the root may have one level of authorities below
// it, an intermediate none.
struct AuthorityRequest {
  std::string_view common_name;
  absl::Time not_before;
  absl::Duration lifetime;
  const char* constraints;
};

absl::StatusOr<Certificate> MakeAuthority(const AuthorityRequest& request, const SigningKey& key,
                                          const Certificate* issuer, const SigningKey& issuer_key) {
  X509Builder builder;
  builder.SetSubject(request.common_name);
  builder.SetValidity(request.not_before, request.not_before + request.lifetime);
  builder.SetKey(key);
  builder.SetIssuer(issuer);
  builder.AddExtension(NID_basic_constraints, request.constraints);
  builder.AddExtension(NID_key_usage, "critical,keyCertSign,cRLSign");
  return builder.Sign(issuer_key);
}

void AddUse(KeyUse use, X509Builder& builder) {
  builder.AddExtension(NID_basic_constraints, "critical,CA:FALSE");
  switch (use) {
    case KeyUse::kTls:
      builder.AddExtension(NID_key_usage, "critical,digitalSignature");
      // Every identity is a client somewhere and may be a server elsewhere.
      builder.AddExtension(NID_ext_key_usage, "serverAuth,clientAuth");
      return;
    case KeyUse::kSign:
      builder.AddExtension(NID_key_usage, "critical,digitalSignature");
      return;
    case KeyUse::kEncrypt:
    case KeyUse::kRecovery:
    case KeyUse::kArchive:
      builder.AddExtension(NID_key_usage, "critical,keyAgreement");
      return;
  }
}

absl::StatusOr<OpenSslPtr<X509_REVOKED>> MakeEntry(const Revocation& revocation) {
  const std::string& serial = revocation.serial;
  bool is_hex = !serial.empty() && serial.size() <= kSerialHexMax &&
                serial.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  if (!is_hex) {
    return absl::InvalidArgumentError(
        Problem("revoked serial", "malformed", Quoted(serial), "1 to 40 hexadecimal digits"));
  }
  WS_ASSIGN_OR_RETURN(OpenSslPtr<ASN1_TIME> revoked_at, Asn1TimeFrom(revocation.revoked_at));
  BIGNUM* parsed = nullptr;
  bool read = BN_hex2bn(&parsed, serial.c_str()) > 0;
  OpenSslPtr<BIGNUM> number(parsed);
  OpenSslPtr<ASN1_STRING> asn1(read ? BN_to_ASN1_INTEGER(number.get(), nullptr) : nullptr);
  OpenSslPtr<X509_REVOKED> entry(X509_REVOKED_new());
  if (asn1 == nullptr || entry == nullptr ||
      X509_REVOKED_set_serialNumber(entry.get(), asn1.get()) != 1 ||
      X509_REVOKED_set_revocationDate(entry.get(), revoked_at.get()) != 1) {
    return CrlError("entry cannot be made");
  }
  return entry;
}

absl::Status AddEntries(const std::vector<Revocation>& revoked, X509_CRL* crl) {
  for (const Revocation& revocation : revoked) {
    WS_ASSIGN_OR_RETURN(OpenSslPtr<X509_REVOKED> entry, MakeEntry(revocation));
    if (X509_CRL_add0_revoked(crl, entry.get()) != 1) return CrlError("entry cannot be added");
    entry.release();  // NOLINT: the CRL owns it now.
  }
  return absl::OkStatus();
}

absl::Status SetTimes(absl::Time this_update, absl::Time next_update, X509_CRL* crl) {
  WS_ASSIGN_OR_RETURN(OpenSslPtr<ASN1_TIME> from, Asn1TimeFrom(this_update));
  WS_ASSIGN_OR_RETURN(OpenSslPtr<ASN1_TIME> to, Asn1TimeFrom(next_update));
  if (next_update <= this_update) {
    return absl::InvalidArgumentError(
        Problem("crl", "next_update not after this_update", absl::FormatTime(next_update),
                absl::StrCat("after ", Absl(absl::FormatTime(this_update)))));
  }
  bool set = X509_CRL_set1_lastUpdate(crl, from.get()) == 1 &&
             X509_CRL_set1_nextUpdate(crl, to.get()) == 1;
  return set ? absl::OkStatus() : CrlError("times cannot be set");
}

// The CRL number and the key identifier that RFC 5280 5.2 demands.
absl::Status AddCrlExtensions(uint64_t crl_number, const Certificate& issuer, X509_CRL* crl) {
  OpenSslPtr<ASN1_STRING> number(ASN1_INTEGER_new());
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer.native(), nullptr, nullptr, crl, 0);
  X509V3_set_ctx_nodb(&context);
  OpenSslPtr<X509_EXTENSION> key_id(
      X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid:always"));
  if (number == nullptr || ASN1_INTEGER_set_uint64(number.get(), crl_number) != 1 ||
      X509_CRL_add1_ext_i2d(crl, NID_crl_number, number.get(), 0, X509V3_ADD_DEFAULT) != 1 ||
      key_id == nullptr || X509_CRL_add_ext(crl, key_id.get(), -1) != 1) {
    return CrlError("extensions cannot be added");
  }
  return absl::OkStatus();
}

}  // namespace

CertificateAuthority::CertificateAuthority(Certificate certificate, SigningKey key)
    : certificate_(std::move(certificate)), key_(std::move(key)) {}

absl::StatusOr<CertificateAuthority> CertificateAuthority::Create(std::string_view common_name,
                                                                  absl::Time not_before,
                                                                  absl::Duration lifetime) {
  ErrorQueueScope errors;
  WS_ASSIGN_OR_RETURN(SigningKey key, SigningKey::Generate());
  WS_ASSIGN_OR_RETURN(Certificate certificate, MakeAuthority({common_name, not_before, lifetime,
                                                              "critical,CA:TRUE,pathlen:1"},
                                                             key, nullptr, key));
  return CertificateAuthority(std::move(certificate), std::move(key));
}

absl::StatusOr<CertificateAuthority> CertificateAuthority::FromPem(std::string_view cert_pem,
                                                                   std::string_view key_pem) {
  ErrorQueueScope errors;
  WS_ASSIGN_OR_RETURN(Certificate certificate, Certificate::FromPem(cert_pem));
  WS_ASSIGN_OR_RETURN(SigningKey key, SigningKey::FromPem(key_pem));
  if (certificate.public_key_der() != key.public_key_der()) {
    return absl::InvalidArgumentError(Problem("authority", "key and certificate differ"));
  }
  if (X509_check_ca(certificate.native()) != 1) {
    return absl::InvalidArgumentError(Problem("authority", "certificate is not a CA"));
  }
  return CertificateAuthority(std::move(certificate), std::move(key));
}

absl::StatusOr<CertificateAuthority> CertificateAuthority::IssueIntermediate(
    std::string_view common_name, absl::Time not_before, absl::Duration lifetime) const {
  ErrorQueueScope errors;
  WS_ASSIGN_OR_RETURN(SigningKey key, SigningKey::Generate());
  WS_ASSIGN_OR_RETURN(Certificate certificate, MakeAuthority({common_name, not_before, lifetime,
                                                              "critical,CA:TRUE,pathlen:0"},
                                                             key, &certificate_, key_));
  return CertificateAuthority(std::move(certificate), std::move(key));
}

absl::StatusOr<IssuedCertificate> CertificateAuthority::Issue(const IssueRequest& request) const {
  ErrorQueueScope errors;
  WS_ASSIGN_OR_RETURN(SigningKey key, SigningKey::Generate());
  X509Builder builder;
  builder.SetSubject(request.common_name);
  builder.SetValidity(request.not_before, request.not_after);
  builder.SetKey(key);
  builder.SetIssuer(&certificate_);
  AddUse(request.use, builder);
  for (const std::string& uri : request.uri_sans) builder.AddName(GEN_URI, uri);
  for (const std::string& name : request.dns_names) builder.AddName(GEN_DNS, name);
  for (const std::string& address : request.ip_addresses) builder.AddName(GEN_IPADD, address);
  builder.AddNames();
  WS_ASSIGN_OR_RETURN(Certificate certificate, builder.Sign(key_));
  WS_ASSIGN_OR_RETURN(std::string key_pem, key.ToPem());
  std::string certificate_pem = certificate.ToPem();
  return IssuedCertificate{std::move(certificate), std::move(certificate_pem), std::move(key_pem)};
}

absl::StatusOr<std::string> CertificateAuthority::IssueCrl(const std::vector<Revocation>& revoked,
                                                           uint64_t crl_number,
                                                           absl::Time this_update,
                                                           absl::Time next_update) const {
  ErrorQueueScope errors;
  OpenSslPtr<X509_CRL> crl(X509_CRL_new());
  if (crl == nullptr || X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) != 1 ||
      X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(certificate_.native())) != 1) {
    return CrlError("cannot be made");
  }
  WS_RETURN_IF_ERROR(SetTimes(this_update, next_update, crl.get()));
  WS_RETURN_IF_ERROR(AddEntries(revoked, crl.get()));
  WS_RETURN_IF_ERROR(AddCrlExtensions(crl_number, certificate_, crl.get()));
  OpenSslPtr<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || X509_CRL_sort(crl.get()) != 1 ||
      X509_CRL_sign(crl.get(), key_.native(), EVP_sha256()) <= 0 ||
      PEM_write_bio_X509_CRL(bio.get(), crl.get()) != 1) {
    return CrlError("cannot be signed");
  }
  return BioBytes(bio.get());
}

}  // namespace waystation::crypto
