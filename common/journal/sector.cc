#include "common/journal/sector.h"

#include <algorithm>
#include <cstring>

#include "common/journal/crc32c.h"
#include "common/journal/little_endian.h"
#include "common/status/status.h"

namespace waystation::journal {

SectorSeal::SectorSeal(const JournalId& journal_id, uint64_t segment) {
  char number[8];
  StoreU64(number, segment);
  base_ = ExtendCrc32c(Crc32c({journal_id.data(), journal_id.size()}), {number, sizeof(number)});
}

uint32_t SectorSeal::Checksum(const char* data, uint64_t block_number, uint32_t index) const {
  char place[12];
  StoreU64(place, block_number);
  StoreU32(place + 8, index);
  return ExtendCrc32c(ExtendCrc32c(base_, {place, sizeof(place)}), {data, kSectorDataBytes});
}

void SectorSeal::Close(char* at, size_t sectors, uint64_t block_number) const {
  for (size_t i = 0; i < sectors; i++, at += kSectorBytes) {
    StoreU32(at, Checksum(at + kSectorCrcBytes, block_number, static_cast<uint32_t>(i)));
  }
}

bool SectorSeal::Verifies(const char* sector, uint64_t block_number, uint32_t index) const {
  return LoadU32(sector) == Checksum(sector + kSectorCrcBytes, block_number, index);
}

bool IsZero(std::string_view bytes) {
  if (bytes.empty()) return true;
  return bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

void SectorWriter::Begin(uint64_t data_bytes) {
  sectors_ = SectorsFor(data_bytes);
  if (buffer_.size() < sectors_) buffer_.resize(sectors_);
  at_ = 0;
}

void SectorWriter::Put(std::string_view bytes) {
  while (!bytes.empty()) {
    if (at_ % kSectorBytes == 0) at_ += kSectorCrcBytes;
    const size_t piece = std::min(bytes.size(), kSectorBytes - at_ % kSectorBytes);
    std::memcpy(data() + at_, bytes.data(), piece);
    at_ += piece;
    bytes.remove_prefix(piece);
  }
}

std::string_view SectorWriter::Finish(const SectorSeal& seal, uint64_t block_number) {
  const size_t end = sectors_ * kSectorBytes;
  WS_CHECK(at_ <= end && end - at_ < kSectorDataBytes);
  std::memset(data() + at_, 0, end - at_);
  seal.Close(data(), sectors_, block_number);
  return {data(), end};
}

void CopyData(std::string_view sectors, uint64_t offset, size_t size, char* out) {
  size_t at =
      offset / kSectorDataBytes * kSectorBytes + kSectorCrcBytes + offset % kSectorDataBytes;
  while (size > 0) {
    const size_t piece = std::min(size, kSectorBytes - at % kSectorBytes);
    WS_CHECK(at + piece <= sectors.size());
    std::memcpy(out, sectors.data() + at, piece);
    out += piece;
    size -= piece;
    at += piece + kSectorCrcBytes;
  }
}

}  // namespace waystation::journal
