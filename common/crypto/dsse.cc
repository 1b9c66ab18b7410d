#include "common/crypto/dsse.h"

#include <charconv>
#include <cstddef>

namespace waystation::crypto {
namespace {

constexpr std::string_view kVersion = "DSSEv1";
constexpr size_t kLengthBytesMax = 20;  // Digits of 2^64 - 1.

// Feeds the encoding to `sink` piece by piece, so that both functions below
// share one definition of it.
template <typename Sink>
void Encode(std::string_view payload_type, std::string_view body, Sink sink) {
  sink(kVersion);
  for (std::string_view part : {payload_type, body}) {
    char length[kLengthBytesMax];
    char* end = std::to_chars(length, length + sizeof(length), part.size()).ptr;
    sink(" ");
    sink(std::string_view(length, static_cast<size_t>(end - length)));
    sink(" ");
    sink(part);
  }
}

}  // namespace

std::string PreAuthEncoding(std::string_view payload_type, std::string_view body) {
  std::string encoding;
  encoding.reserve(kVersion.size() + payload_type.size() + body.size() + 2 * kLengthBytesMax + 4);
  Encode(payload_type, body, [&](std::string_view piece) { encoding.append(piece); });
  return encoding;
}

Digest PreAuthDigest(std::string_view payload_type, std::string_view body) {
  Sha256Hasher hasher;
  Encode(payload_type, body, [&](std::string_view piece) { hasher.Update(piece); });
  return hasher.Finish();
}

}  // namespace waystation::crypto
