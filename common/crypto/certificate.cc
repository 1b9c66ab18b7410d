#include "common/crypto/certificate.h"

#include <openssl/pem.h>

#include <algorithm>
#include <utility>

#include "common/crypto/openssl.h"
#include "common/crypto/pkey_contexts.h"

namespace waystation::crypto {
namespace {

constexpr char kThing[] = "certificate";
constexpr size_t kPemBytesMax = kPemChainCertificatesMax * kCertificateBytesMax * 2;
// DER of two 33-byte integers; anything longer is no P-256 signature.
constexpr size_t kSignatureBytesMax = 72;

absl::Status Bad(std::string_view problem) {
  return OpenSslError(absl::StatusCode::kInvalidArgument, kThing, problem);
}

std::string_view TextOf(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

absl::StatusOr<std::vector<std::string>> UriSansOf(const X509* x509) {
  int critical = 0;
  OpenSslPtr<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(x509, NID_subject_alt_name, &critical, nullptr)));
  std::vector<std::string> uris;
  // -1 says that there is none; any other value, that it is malformed or doubled.
  if (names == nullptr && critical != -1) return Bad("subjectAltName malformed or doubled");
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    std::string_view uri = TextOf(name->d.uniformResourceIdentifier);
    if (!IsPrintableAscii(uri)) {
      return absl::InvalidArgumentError(
          Problem(kThing, "URI SAN malformed", Quoted(uri), "printable ASCII"));
    }
    uris.emplace_back(uri);
  }
  return uris;
}

std::string CommonNameIn(const X509_NAME* name_of) {
  int at = X509_NAME_get_index_by_NID(name_of, NID_commonName, -1);
  if (at < 0) return "";
  unsigned char* utf8 = nullptr;
  int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name_of, at)));
  if (size < 0) return "";
  std::string name(reinterpret_cast<const char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  return name;
}

std::string SerialOf(const X509* x509) { return Hex(TextOf(X509_get0_serialNumber(x509))); }

std::optional<KeyUse> KeyUseOf(X509* x509) {
  uint32_t flags = X509_get_extension_flags(x509);
  if ((flags & EXFLAG_INVALID) != 0 || (flags & EXFLAG_CA) != 0) return std::nullopt;
  if ((flags & EXFLAG_KUSAGE) == 0) return std::nullopt;
  uint32_t usage = X509_get_key_usage(x509);
  bool has_purposes = (flags & EXFLAG_XKUSAGE) != 0;
  if (usage == KU_DIGITAL_SIGNATURE) {
    if (!has_purposes) return KeyUse::kSign;
    constexpr uint32_t kTlsPurposes = XKU_SSL_SERVER | XKU_SSL_CLIENT;
    uint32_t purposes = X509_get_extended_key_usage(x509);
    if (purposes != 0 && (purposes & ~kTlsPurposes) == 0) return KeyUse::kTls;
    return std::nullopt;
  }
  if (usage == KU_KEY_AGREEMENT && !has_purposes) return KeyUse::kEncrypt;
  return std::nullopt;
}

bool IsEncryption(KeyUse use) {
  return use == KeyUse::kEncrypt || use == KeyUse::kRecovery || use == KeyUse::kArchive;
}

// Reads the next certificate of a PEM text. Null at the end of the text.
absl::StatusOr<OpenSslPtr<X509>> NextPem(BIO* bio) {
  OpenSslPtr<X509> x509(PEM_read_bio_X509(bio, nullptr, NoPassword, nullptr));
  if (x509 != nullptr) return x509;
  unsigned long error = ERR_peek_last_error();  // NOLINT(runtime/int): OpenSSL's type.
  bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) return Bad("PEM malformed");
  ERR_clear_error();
  return OpenSslPtr<X509>();
}

}  // namespace

struct Certificate::State {
  OpenSslPtr<X509> x509;
  EVP_PKEY* key = nullptr;  // Owned by x509; parsed once with it.
  bool is_p256 = false;
  std::string der;
  Digest sha256{};
  std::vector<std::string> uri_sans;
  absl::Time not_before;
  absl::Time not_after;
  std::string serial;
  std::string subject_common_name;
  std::string issuer_common_name;
  std::optional<KeyUse> key_use;
  std::string public_key_der;
  mutable PkeyContexts contexts{EVP_PKEY_verify_init};

  absl::Status ReadFields();
};

absl::Status Certificate::State::ReadFields() {
  key = X509_get0_pubkey(x509.get());
  if (key == nullptr) return Bad("public key malformed");
  is_p256 = IsP256(key);
  sha256 = Sha256(der);
  WS_ASSIGN_OR_RETURN(uri_sans, UriSansOf(x509.get()));
  WS_ASSIGN_OR_RETURN(not_before, TimeFromAsn1(X509_get0_notBefore(x509.get())));
  WS_ASSIGN_OR_RETURN(not_after, TimeFromAsn1(X509_get0_notAfter(x509.get())));
  serial = SerialOf(x509.get());
  subject_common_name = CommonNameIn(X509_get_subject_name(x509.get()));
  issuer_common_name = CommonNameIn(X509_get_issuer_name(x509.get()));
  key_use = KeyUseOf(x509.get());
  public_key_der = DerOf(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(x509.get()));
  if (public_key_der.empty()) return Bad("public key cannot be encoded");
  return absl::OkStatus();
}

std::string_view KeyUseName(KeyUse use) {
  switch (use) {
    case KeyUse::kTls:
      return "tls";
    case KeyUse::kSign:
      return "sign";
    case KeyUse::kEncrypt:
      return "encrypt";
    case KeyUse::kRecovery:
      return "recovery";
    case KeyUse::kArchive:
      return "archive";
  }
  return "unknown";
}

Certificate::Certificate(std::shared_ptr<const State> state) : state_(std::move(state)) {}

absl::StatusOr<Certificate> Certificate::FromDer(std::string_view der) {
  ErrorQueueScope errors;
  if (der.empty() || der.size() > kCertificateBytesMax) {
    return absl::InvalidArgumentError(
        Problem(kThing, "wrong length", absl::StrCat(der.size(), " bytes"), "1 to 16384"));
  }
  auto state = std::make_shared<State>();
  const unsigned char* next = Bytes(der);
  state->x509.reset(d2i_X509(nullptr, &next, static_cast<long>(der.size())));
  if (state->x509 == nullptr) return Bad("malformed");
  // OpenSSL reads some BER and ignores what follows. Both would give one
  // certificate several hashes, and records cite it by its hash.
  state->der = DerOf(i2d_X509, state->x509.get());
  if (state->der != der) {
    return absl::InvalidArgumentError(Problem(kThing, "not the DER encoding of its content"));
  }
  WS_RETURN_IF_ERROR(state->ReadFields());
  return Certificate(std::move(state));
}

absl::StatusOr<Certificate> Certificate::FromPem(std::string_view pem) {
  WS_ASSIGN_OR_RETURN(std::vector<Certificate> chain, ParsePemChain(pem));
  if (chain.size() == 1) return std::move(chain.front());
  return absl::InvalidArgumentError(
      Problem(kThing, "more than one in the PEM text", absl::StrCat(chain.size()), "1"));
}

absl::StatusOr<std::vector<Certificate>> ParsePemChain(std::string_view pem) {
  ErrorQueueScope errors;
  if (pem.size() > kPemBytesMax) {
    return absl::InvalidArgumentError(Problem(kThing, "PEM too long",
                                              absl::StrCat(pem.size(), " bytes"),
                                              absl::StrCat("at most ", kPemBytesMax)));
  }
  OpenSslPtr<BIO> bio = ReadBio(pem);
  if (bio == nullptr) return Bad("cannot be read");
  std::vector<Certificate> chain;
  while (true) {
    WS_ASSIGN_OR_RETURN(OpenSslPtr<X509> x509, NextPem(bio.get()));
    if (x509 == nullptr) break;
    if (chain.size() == kPemChainCertificatesMax) {
      return absl::InvalidArgumentError(Problem(kThing, "too many in the PEM text", "", "1 to 16"));
    }
    WS_ASSIGN_OR_RETURN(Certificate certificate, Certificate::FromDer(DerOf(i2d_X509, x509.get())));
    chain.push_back(std::move(certificate));
  }
  if (chain.empty()) {
    return absl::InvalidArgumentError(Problem(kThing, "none in the PEM text", "", "1 to 16"));
  }
  return chain;
}

std::string Certificate::ToPem() const {
  ErrorQueueScope errors;
  OpenSslPtr<BIO> bio(BIO_new(BIO_s_mem()));
  // Fails only without memory: the certificate was encoded once already.
  WS_CHECK(bio != nullptr && PEM_write_bio_X509(bio.get(), native()) == 1);
  return BioBytes(bio.get());
}

const std::string& Certificate::der() const { return state_->der; }
const Digest& Certificate::sha256() const { return state_->sha256; }
const std::vector<std::string>& Certificate::uri_sans() const { return state_->uri_sans; }
absl::Time Certificate::not_before() const { return state_->not_before; }
absl::Time Certificate::not_after() const { return state_->not_after; }
const std::string& Certificate::serial() const { return state_->serial; }
const std::string& Certificate::subject_common_name() const { return state_->subject_common_name; }
const std::string& Certificate::issuer_common_name() const { return state_->issuer_common_name; }
std::optional<KeyUse> Certificate::key_use() const { return state_->key_use; }
bool Certificate::is_p256() const { return state_->is_p256; }
const std::string& Certificate::public_key_der() const { return state_->public_key_der; }
x509_st* Certificate::native() const { return state_->x509.get(); }

bool Certificate::Allows(KeyUse use) const {
  if (!key_use().has_value()) return false;
  return *key_use() == (IsEncryption(use) ? KeyUse::kEncrypt : use);
}

absl::Status Certificate::VerifySignature(const Digest& digest,
                                          std::string_view der_signature) const {
  if (!state_->is_p256) {
    return absl::FailedPreconditionError(
        Problem("signature key", "wrong kind", "one that is not EC P-256", "EC P-256"));
  }
  if (der_signature.empty() || der_signature.size() > kSignatureBytesMax) {
    return absl::UnauthenticatedError(Problem(
        "signature", "wrong length", absl::StrCat(der_signature.size(), " bytes"), "1 to 72"));
  }
  OpenSslPtr<EVP_PKEY_CTX> context = state_->contexts.Take(state_->key);
  if (context == nullptr) {
    return OpenSslError(absl::StatusCode::kInternal, "signature", "cannot be verified");
  }
  int verified = EVP_PKEY_verify(context.get(), Bytes(der_signature), der_signature.size(),
                                 digest.data(), digest.size());
  state_->contexts.Return(std::move(context));
  if (verified == 1) return absl::OkStatus();
  ERR_clear_error();
  return absl::UnauthenticatedError(
      Problem("signature", verified == 0 ? "does not match" : "malformed",
              absl::StrCat(der_signature.size(), " bytes"),
              absl::StrCat("an ECDSA signature by certificate ", Hex(AsBytes(sha256())))));
}

}  // namespace waystation::crypto
