#ifndef WAYSTATION_COMMON_CRYPTO_DSSE_H_
#define WAYSTATION_COMMON_CRYPTO_DSSE_H_

#include <string>
#include <string_view>

#include "common/crypto/sha256.h"

// DSSE v1.0.2 pre-authentication encoding, the bytes that a signature covers:
//   "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body
// LEN is the byte count in decimal without leading zeros, SP one space (0x20).
// The lengths make the encoding injective: no two (type, body) pairs share it.

namespace waystation::crypto {

// Builds the encoding. For tests, worked examples and outside tools; the hot
// path uses `PreAuthDigest`. Thread-safe.
std::string PreAuthEncoding(std::string_view payload_type, std::string_view body);

// Returns the SHA-256 of the encoding without building it. This is the value
// that `SigningKey::SignDigest` signs and, on a message, the envelope hash.
// Thread-safe.
Digest PreAuthDigest(std::string_view payload_type, std::string_view body);

}  // namespace waystation::crypto

#endif  // WAYSTATION_COMMON_CRYPTO_DSSE_H_
