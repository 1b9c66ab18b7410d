#ifndef WAYSTATION_COMMON_JOURNAL_CRC32C_H_
#define WAYSTATION_COMMON_JOURNAL_CRC32C_H_

#include <cstdint>
#include <string_view>

namespace waystation::journal {

// CRC32C (Castagnoli; RFC 3720, appendix B.4) of `bytes` after what `crc`
// already covers; 0 to begin. Uses SSE 4.2 where the processor has it.
uint32_t ExtendCrc32c(uint32_t crc, std::string_view bytes);

inline uint32_t Crc32c(std::string_view bytes) { return ExtendCrc32c(0, bytes); }

// The same from tables, for other processors; open to tests.
uint32_t ExtendCrc32cFromTables(uint32_t crc, std::string_view bytes);

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_CRC32C_H_
