#ifndef WAYSTATION_COMMON_CRYPTO_SHA256_H_
#define WAYSTATION_COMMON_CRYPTO_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace waystation::crypto {

using Digest = std::array<uint8_t, 32>;

// Returns the SHA-256 (FIPS 180-4) of `bytes`. Allocates nothing.
Digest Sha256(std::string_view bytes);

// SHA-256 over bytes that arrive in pieces, without a heap allocation: the
// journal, the Merkle tree and admission hash every message with it.
//
//   Sha256Hasher hasher;
//   hasher.Update(head);
//   hasher.Update(body);
//   Digest digest = hasher.Finish();
//
// `Finish` leaves the hasher as new, ready for the next message.
// Thread-compatible.
class Sha256Hasher {
 public:
  Sha256Hasher();

  void Update(std::string_view bytes);
  Digest Finish();

 private:
  // Holds an OpenSSL SHA256_CTX; the size is checked where it is used.
  alignas(8) unsigned char state_[112];
};

// The 32 bytes of `digest` as text, valid as long as `digest` is.
inline std::string_view AsBytes(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Reads a digest from exactly 32 bytes; nothing for any other length.
std::optional<Digest> DigestFrom(std::string_view bytes);

// Returns lower-case hexadecimal, two characters for each byte.
std::string Hex(std::string_view bytes);

}  // namespace waystation::crypto

#endif  // WAYSTATION_COMMON_CRYPTO_SHA256_H_
