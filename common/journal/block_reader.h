#ifndef WAYSTATION_COMMON_JOURNAL_BLOCK_READER_H_
#define WAYSTATION_COMMON_JOURNAL_BLOCK_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/journal/block_codec.h"
#include "common/journal/segment_store.h"

namespace waystation::journal {

// Reads sectors through a window and verifies blocks. Everything it refuses
// is DATA_LOSS that names file, block and byte.
//
//   BlockReader reader(store);
//   WS_ASSIGN_OR_RETURN(BlockHeader header, reader.ReadHeader(place, number));
//   WS_ASSIGN_OR_RETURN(const Block* block, reader.ReadBlock(place, header));
//
// Does not own the store. Results live until the next call.
//
// Thread-compatible.
class BlockReader {
 public:
  explicit BlockReader(SegmentStore& store) : store_(store) {}

  // Returns `count` sectors from `first` on. The range lies within the segment.
  absl::StatusOr<std::string_view> Sectors(uint64_t segment, uint64_t first, uint64_t count);

  // Reads the header of the block that follows on `before` and verifies its sector
  // and that the block ends within the segment. An error names the first record that
  // the block must have: how many it has stands in the header.
  absl::StatusOr<BlockHeader> ReadHeader(const BlockPlace& place, const Head& before);

  // Reads the whole block and verifies every sector and the hash. An error names the
  // block's records.
  absl::StatusOr<const Block*> ReadBlock(const BlockPlace& place, const BlockHeader& header);

  // Whether nothing stands at `place`: the segment ends or the sector is zero.
  absl::StatusOr<bool> IsBlank(const BlockPlace& place);

  // Verifies that `header` follows on the block that `before` ends in.
  static absl::Status CheckFollows(const BlockPlace& place, const BlockHeader& header,
                                   const Head& before);

 private:
  SegmentStore& store_;
  BlockDecoder decoder_;
  std::string window_;
  uint64_t window_segment_ = 0;
  uint64_t window_first_ = 0;
  uint64_t window_sectors_ = 0;
};

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_BLOCK_READER_H_
