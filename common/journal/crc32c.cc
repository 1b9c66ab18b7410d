#include "common/journal/crc32c.h"

#include <array>
#include <cstddef>

#include "common/journal/little_endian.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace waystation::journal {
namespace {

constexpr uint32_t kReflectedPolynomial = 0x82F63B78;

using Tables = std::array<std::array<uint32_t, 256>, 8>;

// Slicing by eight: table k carries a byte over k more zero bytes.
constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? kReflectedPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < tables.size(); k++) {
    for (size_t byte = 0; byte < 256; byte++) {
      const uint32_t before = tables[k - 1][byte];
      tables[k][byte] = before >> 8 ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t ExtendWithSse42(uint32_t crc, std::string_view bytes) {
  uint64_t state = ~crc;
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) state = _mm_crc32_u64(state, LoadU64(at));
  auto state32 = static_cast<uint32_t>(state);
  for (; left > 0; at++, left--) state32 = _mm_crc32_u8(state32, static_cast<uint8_t>(*at));
  return ~state32;
}
#endif

using ExtendFunction = uint32_t (*)(uint32_t, std::string_view);

ExtendFunction ChooseExtend() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return ExtendWithSse42;
#endif
  return ExtendCrc32cFromTables;
}

}  // namespace

uint32_t ExtendCrc32cFromTables(uint32_t crc, std::string_view bytes) {
  crc = ~crc;
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const uint64_t word = LoadU64(at) ^ crc;
    crc = 0;
    for (size_t k = 0; k < 8; k++) crc ^= kTables[7 - k][word >> (8 * k) & 0xff];
  }
  for (; left > 0; at++, left--) {
    crc = crc >> 8 ^ kTables[0][(crc ^ static_cast<uint8_t>(*at)) & 0xff];
  }
  return ~crc;
}

uint32_t ExtendCrc32c(uint32_t crc, std::string_view bytes) {
  static const ExtendFunction kExtend = ChooseExtend();
  return kExtend(crc, bytes);
}

}  // namespace waystation::journal
