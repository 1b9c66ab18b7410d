#ifndef WAYSTATION_COMMON_JOURNAL_SECTOR_H_
#define WAYSTATION_COMMON_JOURNAL_SECTOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace waystation::journal {

// A sector is what a disk writes whole or not at all: four bytes CRC32C, then
// 508 bytes of data. The checksum is begun with where the sector belongs, so
// one that is stale or in the wrong place does not verify.
inline constexpr size_t kSectorBytes = 512;
inline constexpr size_t kSectorCrcBytes = 4;
inline constexpr size_t kSectorDataBytes = kSectorBytes - kSectorCrcBytes;

using JournalId = std::array<char, 16>;

// How many sectors hold `data_bytes`.
constexpr uint64_t SectorsFor(uint64_t data_bytes) {
  return (data_bytes + kSectorDataBytes - 1) / kSectorDataBytes;
}

// Checksums of one segment's sectors.
//
// Thread-compatible.
class SectorSeal {
 public:
  SectorSeal(const JournalId& journal_id, uint64_t segment);

  // The checksum of a sector's 508 bytes, as the `index`-th of its block.
  uint32_t Checksum(const char* data, uint64_t block_number, uint32_t index) const;

  // Writes the checksums of `sectors` whole sectors at `at`.
  void Close(char* at, size_t sectors, uint64_t block_number) const;

  // Whether the 512 bytes at `sector` verify.
  bool Verifies(const char* sector, uint64_t block_number, uint32_t index) const;

 private:
  uint32_t base_;
};

// Whether all bytes are zero.
bool IsZero(std::string_view bytes);

// Lays data out in sectors in a buffer that is kept from block to block.
//
// Thread-compatible.
class SectorWriter {
 public:
  // Begins anew, for exactly `data_bytes` bytes.
  void Begin(uint64_t data_bytes);

  // Copies `bytes` behind what was put before.
  void Put(std::string_view bytes);

  // Fills the rest of the last sector with zeros and writes the checksums.
  // All the bytes announced have been put. The result lives until `Begin`.
  std::string_view Finish(const SectorSeal& seal, uint64_t block_number);

 private:
  // Aligned as a write past the page cache wants it.
  struct alignas(kSectorBytes) Sector {
    char bytes[kSectorBytes];
  };

  char* data() { return buffer_.empty() ? nullptr : buffer_.front().bytes; }

  std::vector<Sector> buffer_;
  size_t sectors_ = 0;
  size_t at_ = 0;
};

// Copies `size` bytes of data, beginning `offset` data bytes into `sectors`,
// to `out`. The range lies within.
void CopyData(std::string_view sectors, uint64_t offset, size_t size, char* out);

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_SECTOR_H_
