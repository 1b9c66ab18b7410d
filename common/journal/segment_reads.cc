#include "common/journal/segment_reads.h"

#include <memory>

#include "common/journal/block_reader.h"
#include "common/journal/crc32c.h"
#include "common/status/status.h"

namespace waystation::journal {
namespace {

// Whether ReadBlocks owes this block for `from_sequence`: it holds that record
// or stands after it.
bool IsOwed(const Block& block, uint64_t from_sequence) {
  const uint64_t records = block.records.empty() ? 1 : block.records.size();
  return block.first_sequence + records > from_sequence;
}

// Whether the locator can point into this segment at all.
bool FitsSegment(const PayloadLocator& locator, const Segment& segment) {
  const uint64_t in_sector = locator.offset % kSectorBytes;
  if (locator.offset < kSectorBytes || in_sector < kSectorCrcBytes) return false;
  const uint64_t sectors = SectorsFor(in_sector - kSectorCrcBytes + locator.size);
  return locator.size <= kPayloadBytesMax &&
         locator.offset / kSectorBytes + sectors <= segment.sectors();
}

absl::Status PayloadLoss(const PayloadLocator& locator, std::string_view problem) {
  return DataLoss(locator.segment, locator.block_number, locator.offset, problem);
}

}  // namespace

absl::Status ReadRange(SegmentStore& store, const BlockIndex::Entry& start, const Head& end,
                       uint64_t from_sequence, const Journal::BlockCallback& callback) {
  BlockReader reader(store);
  BlockPlace place = start.place;
  Head before{.next_sequence = start.first_sequence, .block_number = start.number - 1};
  bool linked = start.number == 1;
  while (before.block_number < end.block_number) {
    WS_ASSIGN_OR_RETURN(const bool rotated, reader.IsBlank(place));
    if (rotated) place = {.segment = place.segment + 1, .sector = 1};
    WS_ASSIGN_OR_RETURN(const BlockHeader header, reader.ReadHeader(place, before));
    // The first block's own hash vouches for the one before, which is not read.
    if (!linked) before.chain_hash = header.previous_hash;
    linked = true;
    WS_RETURN_IF_ERROR(BlockReader::CheckFollows(place, header, before));
    WS_ASSIGN_OR_RETURN(const Block* block, reader.ReadBlock(place, header));
    before = header.head();
    place.sector += static_cast<uint32_t>(header.sectors());
    if (IsOwed(*block, from_sequence)) WS_RETURN_IF_ERROR(callback(*block));
  }
  if (before != end) {
    return DataLoss(place.segment, end.block_number, uint64_t{place.sector} * kSectorBytes,
                    "the last block read is not the journal's head");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadPayload(SegmentStore& store, const Head& end,
                                        const PayloadLocator& locator) {
  if (locator.block_number == 0 || locator.block_number > end.block_number) {
    return PayloadLoss(locator, "locator points at a block that is not there");
  }
  auto segment = store.Get(locator.segment);
  if (absl::IsNotFound(segment.status())) return PayloadLoss(locator, "file is missing");
  if (!segment.ok()) return segment.status();
  if (!FitsSegment(locator, **segment)) {
    return PayloadLoss(locator, "locator points outside the segment");
  }
  const uint64_t in_sector = locator.offset % kSectorBytes;
  const uint64_t skipped = in_sector - kSectorCrcBytes;
  const size_t bytes = SectorsFor(skipped + locator.size) * kSectorBytes;
  auto sectors = std::make_unique_for_overwrite<char[]>(bytes);
  WS_RETURN_IF_ERROR((*segment)->file().ReadAt(locator.offset - in_sector, sectors.get(), bytes));
  std::string payload(locator.size, '\0');
  CopyData({sectors.get(), bytes}, skipped, payload.size(), payload.data());
  if (Crc32c(payload) != locator.crc32c) {
    return PayloadLoss(locator, "payload checksum does not match");
  }
  return payload;
}

}  // namespace waystation::journal
