#ifndef WAYSTATION_COMMON_JOURNAL_BLOCK_CODEC_H_
#define WAYSTATION_COMMON_JOURNAL_BLOCK_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/journal/journal.h"
#include "common/journal/sector.h"

namespace waystation::journal {

// The fixed first part of every block; it fits in the block's first sector.
// The block's data is: header (96 bytes hashed, then the 32 of the hash),
// record lengths (4 bytes each), records, payload sizes and checksums (4 and 4
// each), payloads. The README has the table.
struct BlockHeader {
  uint64_t number = 0;
  uint64_t first_sequence = 0;
  uint64_t epoch = 0;
  int64_t unix_us = 0;
  uint32_t record_count = 0;
  uint32_t payload_count = 0;
  uint64_t record_bytes = 0;
  uint64_t payload_bytes = 0;
  crypto::Digest previous_hash{};
  crypto::Digest hash{};

  uint64_t record_section_bytes() const { return 4 * uint64_t{record_count} + record_bytes; }
  uint64_t data_bytes() const;
  uint64_t sectors() const { return SectorsFor(data_bytes()); }
  // The head of a journal that ends in this block.
  Head head() const;
};

inline constexpr size_t kHashedHeaderBytes = 96;
inline constexpr size_t kHeaderBytes = 128;
// No block is longer.
inline constexpr uint64_t kBlockSectorsMax =
    SectorsFor(kHeaderBytes + 4 * kBlockRecordsMax + 8 * kBlockPayloadsMax + kBlockBytesMax);

// Where a block lies.
struct BlockPlace {
  uint32_t segment = 0;
  uint32_t sector = 0;
};

// Everything in the header but the hash. The block keeps all limits.
BlockHeader DescribeBlock(const BlockToAppend& block, const Head& head);

// Writes blocks into one buffer that is kept from block to block: each byte
// is copied once.
//
// Thread-compatible.
class BlockEncoder {
 public:
  // Completes `header` with the hash and returns the block's sectors, valid
  // until the next call. `payloads` gets a locator for each payload.
  std::string_view Encode(const BlockToAppend& block, const BlockPlace& place,
                          const SectorSeal& seal, BlockHeader& header,
                          std::vector<PayloadLocator>& payloads);

 private:
  void PutPayloads(const BlockToAppend& block, const BlockPlace& place, const BlockHeader& header,
                   std::vector<PayloadLocator>& payloads);

  SectorWriter writer_;
  std::string table_;
};

// Computes the hash that makes the chain, from the header's fields and the
// records. Also what an empty header's `hash` must become.
crypto::Digest HashBlock(const BlockHeader& header, std::span<const std::string_view> records);

// Writes the header's 128 bytes.
std::string EncodeHeader(const BlockHeader& header);

// Reads a header from the data of a sector whose checksum was verified.
// Errors: DATA_LOSS it is none, or over a limit; FAILED_PRECONDITION a later
// format version.
absl::StatusOr<BlockHeader> DecodeHeader(std::string_view data);

// Reads blocks into one `Block` that is kept from block to block.
//
// Thread-compatible.
class BlockDecoder {
 public:
  // Reads the block of `header` from its sectors, whose checksums were
  // verified, and verifies lengths, filling and hash. The result lives until
  // the next call; its views do not point into `sectors`.
  // Errors: DATA_LOSS.
  absl::StatusOr<const Block*> Decode(const BlockHeader& header, const BlockPlace& place,
                                      std::string_view sectors);

 private:
  absl::Status ReadRecords(const BlockHeader& header);
  absl::Status ReadPayloadTable(const BlockHeader& header, const BlockPlace& place);

  std::string data_;  // Record section and payload table.
  Block block_;
};

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_BLOCK_CODEC_H_
