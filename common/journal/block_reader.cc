#include "common/journal/block_reader.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace waystation::journal {
namespace {

constexpr uint64_t kWindowSectors = (uint64_t{1} << 20) / kSectorBytes;

// Adds the place to a codec's error.
absl::Status At(const BlockPlace& place, uint64_t number, const absl::Status& status) {
  if (!absl::IsDataLoss(status)) return Prefixed(SegmentName(place.segment), status);
  return DataLoss(place.segment, number, uint64_t{place.sector} * kSectorBytes,
                  Std(status.message()));
}

}  // namespace

absl::StatusOr<std::string_view> BlockReader::Sectors(uint64_t segment, uint64_t first,
                                                      uint64_t count) {
  const bool inside = segment == window_segment_ && first >= window_first_ &&
                      first + count <= window_first_ + window_sectors_;
  if (!inside) {
    WS_ASSIGN_OR_RETURN(auto file, store_.Get(segment));
    WS_CHECK(first + count <= file->sectors());
    const uint64_t wanted = std::min(std::max(count, kWindowSectors), file->sectors() - first);
    window_segment_ = 0;
    window_.resize(wanted * kSectorBytes);
    WS_RETURN_IF_ERROR(file->file().ReadAt(first * kSectorBytes, window_.data(), window_.size()));
    window_segment_ = segment;
    window_first_ = first;
    window_sectors_ = wanted;
  }
  return std::string_view(window_).substr((first - window_first_) * kSectorBytes,
                                          count * kSectorBytes);
}

absl::StatusOr<BlockHeader> BlockReader::ReadHeader(const BlockPlace& place, uint64_t number) {
  WS_ASSIGN_OR_RETURN(auto segment, store_.Get(place.segment));
  WS_ASSIGN_OR_RETURN(std::string_view sector, Sectors(place.segment, place.sector, 1));
  if (!segment->seal().Verifies(sector.data(), number, 0)) {
    return DataLoss(place.segment, number, uint64_t{place.sector} * kSectorBytes,
                    "sector checksum does not match");
  }
  auto header = DecodeHeader(sector.substr(kSectorCrcBytes));
  if (!header.ok()) return At(place, number, header.status());
  if (header->sectors() > segment->sectors() - place.sector) {
    return At(place, number, absl::DataLossError("block is longer than its segment"));
  }
  return header;
}

absl::StatusOr<const Block*> BlockReader::ReadBlock(const BlockPlace& place,
                                                    const BlockHeader& header) {
  WS_ASSIGN_OR_RETURN(auto segment, store_.Get(place.segment));
  WS_ASSIGN_OR_RETURN(std::string_view sectors,
                      Sectors(place.segment, place.sector, header.sectors()));
  for (uint32_t i = 0; i < header.sectors(); i++) {
    if (!segment->seal().Verifies(sectors.data() + i * kSectorBytes, header.number, i)) {
      return DataLoss(place.segment, header.number, uint64_t{place.sector + i} * kSectorBytes,
                      "sector checksum does not match");
    }
  }
  auto block = decoder_.Decode(header, place, sectors);
  if (!block.ok()) return At(place, header.number, block.status());
  return block;
}

absl::StatusOr<bool> BlockReader::IsBlank(const BlockPlace& place) {
  WS_ASSIGN_OR_RETURN(auto segment, store_.Get(place.segment));
  if (place.sector >= segment->sectors()) return true;
  WS_ASSIGN_OR_RETURN(std::string_view sector, Sectors(place.segment, place.sector, 1));
  return IsZero(sector);
}

absl::Status BlockReader::CheckFollows(const BlockPlace& place, const BlockHeader& header,
                                       const Head& before) {
  const uint64_t number = before.block_number + 1;
  std::string problem;
  if (header.number != number) {
    problem = absl::StrCat("block number is ", header.number);
  } else if (header.first_sequence != before.next_sequence) {
    problem = Problem("first sequence", "not contiguous", absl::StrCat(header.first_sequence),
                      absl::StrCat(before.next_sequence));
  } else if (header.epoch < before.epoch) {
    problem = "epoch goes back";
  } else if (header.previous_hash != before.chain_hash) {
    problem = "previous hash is not that of the block before";
  }
  if (problem.empty()) return absl::OkStatus();
  return At(place, number, absl::DataLossError(problem));
}

}  // namespace waystation::journal
