#include "common/crypto/cms.h"

#include <openssl/ec.h>

#include <algorithm>
#include <set>
#include <utility>

#include "common/crypto/cms_shape.h"
#include "common/crypto/openssl.h"
#include "common/crypto/signing_key.h"

namespace waystation::crypto {
namespace {

constexpr char kThing[] = "encrypted payload";
// Room for the recipients and frame around the longest content.
constexpr size_t kPlaintextBytesMax = kCmsBytesMax - size_t{1024} * 1024;

absl::Status Internal(std::string_view problem) {
  return OpenSslError(absl::StatusCode::kInternal, kThing, problem);
}

// One text for every way in which bytes can be bad, and none of OpenSSL's
// reasons in it: which check failed is nobody's business.
absl::Status Altered() {
  ERR_clear_error();
  return absl::DataLossError(
      Problem(kThing, "malformed, cut or altered", "", "CMS AuthEnvelopedData as sent"));
}

absl::Status CheckEncryptionCertificate(const Certificate& certificate) {
  if (certificate.is_p256() && certificate.Allows(KeyUse::kEncrypt)) return absl::OkStatus();
  return absl::InvalidArgumentError(Problem("recipient certificate", "wrong key use",
                                            Hex(AsBytes(certificate.sha256())),
                                            "a P-256 certificate with keyAgreement"));
}

absl::Status CheckRecipients(const std::vector<Certificate>& recipients) {
  if (recipients.empty() || recipients.size() > kCmsRecipientsMax) {
    return absl::InvalidArgumentError(
        Problem("recipients", "wrong number", absl::StrCat(recipients.size()), "1 to 64"));
  }
  std::set<Digest> seen;
  for (const Certificate& recipient : recipients) {
    WS_RETURN_IF_ERROR(CheckEncryptionCertificate(recipient));
    if (!seen.insert(recipient.sha256()).second) {
      return absl::InvalidArgumentError(
          Problem("recipients", "doubled", Hex(AsBytes(recipient.sha256())), "each one once"));
    }
  }
  return absl::OkStatus();
}

absl::Status AddRecipient(CMS_ContentInfo* cms, const Certificate& recipient) {
  CMS_RecipientInfo* info = CMS_add1_recipient_cert(cms, recipient.native(), 0);
  EVP_PKEY_CTX* agreement = info == nullptr ? nullptr : CMS_RecipientInfo_get0_pkey_ctx(info);
  // OpenSSL's default is the KDF with SHA-1.
  if (agreement == nullptr || EVP_PKEY_CTX_set_ecdh_kdf_md(agreement, EVP_sha256()) != 1) {
    return Internal("recipient cannot be added");
  }
  return absl::OkStatus();
}

// The certificate's name as it stands in a message. Compared byte for byte:
// OpenSSL also takes an issuer in other capitals for the same.
std::string RecipientName(const Certificate& certificate) {
  const X509* x509 = certificate.native();
  return DerOf(i2d_X509_NAME, X509_get_issuer_name(x509)) +
         DerOf(i2d_ASN1_INTEGER, X509_get0_serialNumber(x509));
}

absl::StatusOr<std::string> DecryptContent(std::string_view der, const SigningKey& key,
                                           const Certificate& certificate) {
  const unsigned char* next = Bytes(der);
  OpenSslPtr<CMS_ContentInfo> cms(
      d2i_CMS_ContentInfo(nullptr, &next, static_cast<long>(der.size())));
  if (cms == nullptr) return Altered();
  // OpenSSL writes plaintext before it has seen the tag. It stays in this
  // buffer, which is wiped when freed, unless the whole call succeeded.
  OpenSslPtr<BIO> output(BIO_new(BIO_s_mem()));
  if (output == nullptr) return Internal("cannot be decrypted");
  if (CMS_decrypt(cms.get(), key.native(), certificate.native(), nullptr, output.get(),
                  CMS_BINARY) != 1) {
    return Altered();
  }
  return BioBytes(output.get());
}

}  // namespace

absl::StatusOr<std::string> Encrypt(std::string_view plaintext,
                                    const std::vector<Certificate>& recipients) {
  ErrorQueueScope errors;
  WS_RETURN_IF_ERROR(CheckRecipients(recipients));
  if (plaintext.size() > kPlaintextBytesMax) {
    return absl::InvalidArgumentError(Problem(kThing, "too long",
                                              absl::StrCat(plaintext.size(), " bytes"),
                                              absl::StrCat("at most ", kPlaintextBytesMax)));
  }
  OpenSslPtr<CMS_ContentInfo> cms(CMS_AuthEnvelopedData_create(EVP_aes_256_gcm()));
  OpenSslPtr<BIO> input = ReadBio(plaintext);
  if (cms == nullptr || input == nullptr) return Internal("cannot be made");
  for (const Certificate& recipient : recipients) {
    WS_RETURN_IF_ERROR(AddRecipient(cms.get(), recipient));
  }
  // Not detached: the ciphertext is part of the result. CMS_BINARY: no text conversion.
  if (CMS_set_detached(cms.get(), 0) != 1 ||
      CMS_final(cms.get(), input.get(), nullptr, CMS_BINARY) != 1) {
    return Internal("cannot be encrypted");
  }
  std::string der = DerOf(i2d_CMS_ContentInfo, cms.get());
  if (!CmsRecipientNames(der)) return Internal("encoded in another shape than ours");
  return der;
}

struct DecryptionKey::State {
  SigningKey key;
  Certificate certificate;
};

DecryptionKey::DecryptionKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}

absl::StatusOr<DecryptionKey> DecryptionKey::FromPem(std::string_view key_pem,
                                                     std::string_view cert_pem) {
  // Any P-256 key: what it may do is said by its certificate.
  WS_ASSIGN_OR_RETURN(SigningKey key, SigningKey::FromPem(key_pem));
  WS_ASSIGN_OR_RETURN(Certificate certificate, Certificate::FromPem(cert_pem));
  WS_RETURN_IF_ERROR(CheckEncryptionCertificate(certificate));
  if (certificate.public_key_der() != key.public_key_der()) {
    return absl::InvalidArgumentError(Problem("decryption key", "certificate is for another key"));
  }
  return DecryptionKey(
      std::make_shared<const State>(State{std::move(key), std::move(certificate)}));
}

const Certificate& DecryptionKey::certificate() const { return state_->certificate; }

absl::StatusOr<std::string> Decrypt(std::string_view der, const DecryptionKey& key) {
  ErrorQueueScope errors;
  if (der.size() > kCmsBytesMax) return Altered();
  auto names = CmsRecipientNames(der);
  if (!names) return Altered();
  const auto& [private_key, certificate] = *key.state_;
  if (std::find(names->begin(), names->end(), RecipientName(certificate)) == names->end()) {
    return absl::PermissionDeniedError(Problem(kThing, "not encrypted to this key",
                                               Hex(AsBytes(certificate.sha256())),
                                               "one of its recipients"));
  }
  return DecryptContent(der, private_key, certificate);
}

}  // namespace waystation::crypto
