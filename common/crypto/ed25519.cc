#include "common/crypto/ed25519.h"

#include <openssl/pem.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crypto/openssl.h"
#include "common/crypto/sha256.h"

namespace waystation::crypto {
namespace {

constexpr char kThing[] = "log key";
constexpr size_t kPemBytesMax = size_t{16} * 1024;

absl::Status Broken(std::string_view problem) {
  return OpenSslError(absl::StatusCode::kInternal, kThing, problem);
}

}  // namespace

void Ed25519Key::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Ed25519Key::Ed25519Key(Native key, std::string public_key)
    : key_(std::move(key)), public_key_(std::move(public_key)) {}
Ed25519Key::Ed25519Key(Ed25519Key&&) noexcept = default;
Ed25519Key& Ed25519Key::operator=(Ed25519Key&&) noexcept = default;
Ed25519Key::~Ed25519Key() = default;

absl::StatusOr<Ed25519Key> Ed25519Key::Of(Native key) {
  std::string public_key(kEd25519KeyBytes, '\0');
  size_t size = public_key.size();
  if (EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(public_key.data()),
                                  &size) != 1 ||
      size != kEd25519KeyBytes) {
    return Broken("public part cannot be read");
  }
  return Ed25519Key(std::move(key), std::move(public_key));
}

absl::StatusOr<Ed25519Key> Ed25519Key::FromPem(std::string_view pem) {
  ErrorQueueScope errors;
  if (pem.size() > kPemBytesMax) {
    return absl::InvalidArgumentError(
        Problem(kThing, "too long", absl::StrCat(pem.size(), " bytes"), "at most 16384"));
  }
  OpenSslPtr<BIO> bio = ReadBio(pem);
  Native key;
  if (bio != nullptr) key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) {
    return OpenSslError(absl::StatusCode::kInvalidArgument, kThing,
                        "not an unencrypted PEM private key");
  }
  if (EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
    return absl::InvalidArgumentError(Problem(kThing, "wrong kind", "", "Ed25519"));
  }
  return Of(std::move(key));
}

absl::StatusOr<Ed25519Key> Ed25519Key::FromSeed(std::string_view seed) {
  ErrorQueueScope errors;
  if (seed.size() != kEd25519KeyBytes) {
    return absl::InvalidArgumentError(
        Problem(kThing, "wrong length", absl::StrCat(seed.size(), " bytes"), "32"));
  }
  Native key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Bytes(seed), kEd25519KeyBytes));
  if (key == nullptr) return Broken("cannot be made");
  return Of(std::move(key));
}

absl::StatusOr<Ed25519Key> Ed25519Key::Generate() {
  ErrorQueueScope errors;
  Native key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (key == nullptr) return Broken("cannot be generated");
  return Of(std::move(key));
}

absl::StatusOr<std::string> Ed25519Key::ToPem() const {
  ErrorQueueScope errors;
  OpenSslPtr<BIO> bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0,
                                                      nullptr, nullptr) != 1) {
    return Broken("cannot be written");
  }
  return BioBytes(bio.get());
}

absl::StatusOr<std::string> Ed25519Key::Sign(std::string_view message) const {
  ErrorQueueScope errors;
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                  EVP_MD_CTX_free);
  std::string signature(kEd25519SignatureBytes, '\0');
  size_t size = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     Bytes(message), message.size()) != 1) {
    return Broken("cannot sign");
  }
  return signature;
}

bool VerifyEd25519(std::string_view public_key, std::string_view message,
                   std::string_view signature) {
  if (public_key.size() != kEd25519KeyBytes || signature.size() != kEd25519SignatureBytes) {
    return false;
  }
  ErrorQueueScope errors;
  OpenSslPtr<EVP_PKEY> key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(public_key), public_key.size()));
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                  EVP_MD_CTX_free);
  return key != nullptr && context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                          message.size()) == 1;
}

bool VerifyP256(std::string_view public_key_der, std::string_view message,
                std::string_view signature) {
  ErrorQueueScope errors;
  const unsigned char* at = Bytes(public_key_der);
  OpenSslPtr<EVP_PKEY> key(d2i_PUBKEY(nullptr, &at, static_cast<long>(public_key_der.size())));
  if (key == nullptr || at != Bytes(public_key_der) + public_key_der.size() || !IsP256(key.get())) {
    return false;
  }
  OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  const Digest digest = Sha256(message);
  return context != nullptr && EVP_PKEY_verify_init(context.get()) == 1 &&
         EVP_PKEY_verify(context.get(), Bytes(signature), signature.size(), digest.data(),
                         digest.size()) == 1;
}

}  // namespace waystation::crypto
