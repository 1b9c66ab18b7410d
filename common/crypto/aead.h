#ifndef WAYSTATION_COMMON_CRYPTO_AEAD_H_
#define WAYSTATION_COMMON_CRYPTO_AEAD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace waystation::crypto {

// An AES-256 key for database columns and journal payloads at rest. Wiped when
// it goes out of scope.
// Thread-safe.
class AeadKey {
 public:
  static constexpr size_t kBytes = 32;

  // Errors: INVALID_ARGUMENT not exactly 32 bytes.
  static absl::StatusOr<AeadKey> FromBytes(std::string_view bytes);
  static AeadKey Generate();

  AeadKey(const AeadKey&) = default;
  AeadKey& operator=(const AeadKey&) = default;
  ~AeadKey();

  // The raw key, valid as long as this object. Never print it.
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

 private:
  AeadKey() = default;

  std::array<uint8_t, kBytes> bytes_{};
};

// How much longer a sealed text is than its plaintext: nonce and tag.
inline constexpr size_t kSealOverheadBytes = 12 + 16;

// Returns nonce (12 random bytes), AES-256-GCM ciphertext, tag (16 bytes).
// `associated_data` is bound but not stored: name the table, column and row
// there, so that a sealed value cannot be moved to another place. With random
// nonces one key is good for 2^32 seals (NIST SP 800-38D 8.3). Thread-safe.
// Errors: INVALID_ARGUMENT an argument of 1 GiB or more; INTERNAL OpenSSL
// failed.
absl::StatusOr<std::string> Seal(const AeadKey& key, std::string_view associated_data,
                                 std::string_view plaintext);

// Returns the plaintext, or none of it. Thread-safe.
// Errors: DATA_LOSS too short, altered, another key or other associated data.
absl::StatusOr<std::string> Open(const AeadKey& key, std::string_view associated_data,
                                 std::string_view sealed);

}  // namespace waystation::crypto

#endif  // WAYSTATION_COMMON_CRYPTO_AEAD_H_
