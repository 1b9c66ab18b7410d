// The one-shot and EVP interfaces of OpenSSL 3.0 look up the algorithm in a
// provider on each use, with locks and heap allocations: about as long as hashing
// a small message. The low-level functions run the same assembly without that, are
// still supported in 3.x, and are deprecated only to steer towards EVP.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "common/crypto/sha256.h"

#include <openssl/sha.h>

#include <algorithm>
#include <new>

#include "absl/strings/escaping.h"
#include "common/status/status.h"

namespace waystation::crypto {
namespace {

// The functions below cannot fail: they return 1 always.
SHA256_CTX* Context(unsigned char* state) {
  return std::launder(reinterpret_cast<SHA256_CTX*>(state));
}

}  // namespace

Sha256Hasher::Sha256Hasher() {
  static_assert(sizeof(state_) >= sizeof(SHA256_CTX));
  static_assert(alignof(SHA256_CTX) <= 8);
  SHA256_Init(new (state_) SHA256_CTX);
}

void Sha256Hasher::Update(std::string_view bytes) {
  SHA256_Update(Context(state_), bytes.data(), bytes.size());
}

Digest Sha256Hasher::Finish() {
  Digest digest;
  SHA256_Final(digest.data(), Context(state_));
  SHA256_Init(Context(state_));
  return digest;
}

Digest Sha256(std::string_view bytes) {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  Digest digest;
  SHA256_Final(digest.data(), &context);
  return digest;
}

std::optional<Digest> DigestFrom(std::string_view bytes) {
  Digest digest;
  if (bytes.size() != digest.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

std::string Hex(std::string_view bytes) { return absl::BytesToHexString(Absl(bytes)); }

}  // namespace waystation::crypto
