#include "common/crypto/aead.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "common/crypto/openssl.h"
#include "common/crypto/random.h"

namespace waystation::crypto {
namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kArgumentBytesEnd = size_t{1} << 30;  // OpenSSL counts in int.

// Looked up once: a fetch costs more than sealing a small column.
const EVP_CIPHER* Cipher() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return cipher;
}

absl::Status Unopened() {
  ERR_clear_error();
  return absl::DataLossError(Problem("sealed value",
                                     "altered, cut, or sealed with another key "
                                     "or for another place"));
}

unsigned char* Out(std::string& text, size_t offset) {
  return reinterpret_cast<unsigned char*>(text.data()) + offset;
}

// Runs `step` (EVP_EncryptUpdate or EVP_DecryptUpdate) over all of `in`.
template <typename Step>
bool Update(Step step, EVP_CIPHER_CTX* context, unsigned char* out, std::string_view in) {
  // OpenSSL takes a null or empty input for the end of the message.
  if (in.empty()) return true;
  int written = 0;
  return step(context, out, &written, Bytes(in), static_cast<int>(in.size())) == 1;
}

}  // namespace

absl::StatusOr<AeadKey> AeadKey::FromBytes(std::string_view bytes) {
  if (bytes.size() != kBytes) {
    return absl::InvalidArgumentError(
        Problem("aead key", "wrong length", absl::StrCat(bytes.size(), " bytes"), "32 bytes"));
  }
  AeadKey key;
  std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
  return key;
}

AeadKey AeadKey::Generate() {
  AeadKey key;
  RandomBytes(key.bytes_.data(), kBytes);
  return key;
}

AeadKey::~AeadKey() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

absl::StatusOr<std::string> Seal(const AeadKey& key, std::string_view associated_data,
                                 std::string_view plaintext) {
  if (associated_data.size() >= kArgumentBytesEnd || plaintext.size() >= kArgumentBytesEnd) {
    return absl::InvalidArgumentError(Problem("value to seal", "too long", "", "below 1 GiB"));
  }
  ErrorQueueScope errors;
  std::string sealed(kNonceBytes + plaintext.size() + kTagBytes, '\0');
  RandomBytes(sealed.data(), kNonceBytes);
  OpenSslPtr<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  int written = 0;
  unsigned char* tag = Out(sealed, kNonceBytes + plaintext.size());
  bool sealed_all = context != nullptr &&
                    EVP_EncryptInit_ex2(context.get(), Cipher(), Bytes(key.bytes()), Bytes(sealed),
                                        nullptr) == 1 &&
                    Update(EVP_EncryptUpdate, context.get(), nullptr, associated_data) &&
                    Update(EVP_EncryptUpdate, context.get(), Out(sealed, kNonceBytes), plaintext) &&
                    EVP_EncryptFinal_ex(context.get(), tag, &written) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag) == 1;
  if (!sealed_all) return OpenSslError(absl::StatusCode::kInternal, "value", "cannot be sealed");
  return sealed;
}

absl::StatusOr<std::string> Open(const AeadKey& key, std::string_view associated_data,
                                 std::string_view sealed) {
  if (sealed.size() < kSealOverheadBytes ||
      sealed.size() >= kArgumentBytesEnd + kSealOverheadBytes ||
      associated_data.size() >= kArgumentBytesEnd) {
    return Unopened();
  }
  ErrorQueueScope errors;
  std::string_view body = sealed.substr(kNonceBytes, sealed.size() - kSealOverheadBytes);
  // OpenSSL takes the tag by a pointer to non-const, and only reads it.
  auto* tag = const_cast<unsigned char*>(Bytes(sealed) + sealed.size() - kTagBytes);
  std::string plaintext(body.size(), '\0');
  unsigned char end[1];
  int written = 0;
  OpenSslPtr<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  bool opened = context != nullptr &&
                EVP_DecryptInit_ex2(context.get(), Cipher(), Bytes(key.bytes()), Bytes(sealed),
                                    nullptr) == 1 &&
                Update(EVP_DecryptUpdate, context.get(), nullptr, associated_data) &&
                Update(EVP_DecryptUpdate, context.get(), Out(plaintext, 0), body) &&
                EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag) == 1 &&
                EVP_DecryptFinal_ex(context.get(), end, &written) == 1;
  if (opened) return plaintext;
  OPENSSL_cleanse(plaintext.data(), plaintext.size());
  return Unopened();
}

}  // namespace waystation::crypto
