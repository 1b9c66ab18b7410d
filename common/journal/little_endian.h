#ifndef WAYSTATION_COMMON_JOURNAL_LITTLE_ENDIAN_H_
#define WAYSTATION_COMMON_JOURNAL_LITTLE_ENDIAN_H_

#include <bit>
#include <cstdint>
#include <cstring>

namespace waystation::journal {

// The files are little endian, as is every machine this builds for; a port to
// another would have to swap here.
static_assert(std::endian::native == std::endian::little);

inline void StoreU32(char* at, uint32_t value) { std::memcpy(at, &value, sizeof(value)); }
inline void StoreU64(char* at, uint64_t value) { std::memcpy(at, &value, sizeof(value)); }

inline uint32_t LoadU32(const char* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

inline uint64_t LoadU64(const char* at) {
  uint64_t value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_LITTLE_ENDIAN_H_
