#include "common/crypto/signing_key.h"

#include <openssl/ec.h>
#include <openssl/pem.h>

#include <utility>

#include "common/crypto/openssl.h"
#include "common/crypto/pkey_contexts.h"

namespace waystation::crypto {
namespace {

constexpr char kThing[] = "private key";
constexpr size_t kPemBytesMax = size_t{16} * 1024;
constexpr size_t kSignatureBytesMax = 72;  // DER of two 33-byte integers.

absl::Status Bad(std::string_view problem) {
  return OpenSslError(absl::StatusCode::kInvalidArgument, kThing, problem);
}

absl::Status CheckKey(EVP_PKEY* key) {
  if (!IsP256(key)) {
    return absl::InvalidArgumentError(Problem(kThing, "wrong kind", "", "EC P-256"));
  }
  OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (context == nullptr) return Bad("cannot be checked");
  // Catches a private part that is out of range or does not fit the public one.
  if (EVP_PKEY_check(context.get()) != 1) return Bad("private and public part do not fit");
  return absl::OkStatus();
}

}  // namespace

struct SigningKey::State {
  OpenSslPtr<EVP_PKEY> key;
  std::string public_key_der;
  mutable PkeyContexts contexts{EVP_PKEY_sign_init};
};

SigningKey::SigningKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

absl::StatusOr<SigningKey> SigningKey::FromState(std::unique_ptr<State> state) {
  state->public_key_der = DerOf(i2d_PUBKEY, state->key.get());
  if (state->public_key_der.empty()) {
    return OpenSslError(absl::StatusCode::kInternal, kThing, "public part cannot be encoded");
  }
  return SigningKey(std::move(state));
}

absl::StatusOr<SigningKey> SigningKey::FromPem(std::string_view pem) {
  ErrorQueueScope errors;
  if (pem.size() > kPemBytesMax) {
    return absl::InvalidArgumentError(
        Problem(kThing, "too long", absl::StrCat(pem.size(), " bytes"), "at most 16384"));
  }
  OpenSslPtr<BIO> bio = ReadBio(pem);
  if (bio == nullptr) return Bad("cannot be read");
  auto state = std::make_unique<State>();
  state->key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  if (state->key == nullptr) return Bad("not an unencrypted PEM private key");
  OpenSslPtr<EVP_PKEY> second(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  if (second != nullptr) {
    return absl::InvalidArgumentError(Problem(kThing, "more than one in the PEM text"));
  }
  WS_RETURN_IF_ERROR(CheckKey(state->key.get()));
  return FromState(std::move(state));
}

absl::StatusOr<SigningKey> SigningKey::Generate() {
  ErrorQueueScope errors;
  auto state = std::make_unique<State>();
  state->key.reset(EVP_EC_gen("P-256"));
  if (state->key == nullptr) {
    return OpenSslError(absl::StatusCode::kInternal, kThing, "cannot be generated");
  }
  return FromState(std::move(state));
}

absl::StatusOr<std::string> SigningKey::ToPem() const {
  ErrorQueueScope errors;
  OpenSslPtr<BIO> bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr || PEM_write_bio_PKCS8PrivateKey(bio.get(), native(), nullptr, nullptr, 0,
                                                      nullptr, nullptr) != 1) {
    return OpenSslError(absl::StatusCode::kInternal, kThing, "cannot be written");
  }
  return BioBytes(bio.get());
}

const std::string& SigningKey::public_key_der() const { return state_->public_key_der; }

evp_pkey_st* SigningKey::native() const { return state_->key.get(); }

absl::StatusOr<std::string> SigningKey::SignDigest(const Digest& digest) const {
  OpenSslPtr<EVP_PKEY_CTX> context = state_->contexts.Take(native());
  std::string signature(kSignatureBytesMax, '\0');
  size_t size = signature.size();
  if (context == nullptr ||
      EVP_PKEY_sign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                    digest.data(), digest.size()) != 1) {
    return OpenSslError(absl::StatusCode::kInternal, kThing, "cannot sign");
  }
  state_->contexts.Return(std::move(context));
  signature.resize(size);
  return signature;
}

}  // namespace waystation::crypto
