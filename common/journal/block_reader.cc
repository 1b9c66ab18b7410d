#include "common/journal/block_reader.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace waystation::journal {
namespace {

constexpr uint64_t kWindowSectors = (uint64_t{1} << 20) / kSectorBytes;

// "records 12 to 15", for whoever has to find what was lost.
std::string RecordsOf(const BlockHeader& header) {
  const uint64_t first = header.first_sequence;
  if (header.record_count == 0) return absl::StrCat("no record, before record ", first);
  if (header.record_count == 1) return absl::StrCat("record ", first);
  return absl::StrCat("records ", first, " to ", first + header.record_count - 1);
}

// Of a block whose header is not to be believed.
std::string RecordsAfter(const Head& before) {
  return absl::StrCat("records ", before.next_sequence, " and on");
}

// Adds the place to a codec's error.
absl::Status At(const BlockPlace& place, uint64_t number, std::string_view records,
                const absl::Status& status) {
  if (!absl::IsDataLoss(status)) return Prefixed(SegmentName(place.segment), status);
  return DataLoss(place.segment, number, uint64_t{place.sector} * kSectorBytes,
                  absl::StrCat(Absl(records), ": ", status.message()));
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

absl::StatusOr<BlockHeader> BlockReader::ReadHeader(const BlockPlace& place, const Head& before) {
  const uint64_t number = before.block_number + 1;
  WS_ASSIGN_OR_RETURN(auto segment, store_.Get(place.segment));
  WS_ASSIGN_OR_RETURN(std::string_view sector, Sectors(place.segment, place.sector, 1));
  if (!segment->seal().Verifies(sector.data(), number, 0)) {
    return At(place, number, RecordsAfter(before),
              absl::DataLossError("sector checksum does not match"));
  }
  auto header = DecodeHeader(sector.substr(kSectorCrcBytes));
  if (!header.ok()) return At(place, number, RecordsAfter(before), header.status());
  if (header->sectors() > segment->sectors() - place.sector) {
    return At(place, number, RecordsAfter(before),
              absl::DataLossError("block is longer than its segment"));
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
      return At({.segment = place.segment, .sector = place.sector + i}, header.number,
                RecordsOf(header), absl::DataLossError("sector checksum does not match"));
    }
  }
  auto block = decoder_.Decode(header, place, sectors);
  if (!block.ok()) return At(place, header.number, RecordsOf(header), block.status());
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
  return At(place, number, RecordsAfter(before), absl::DataLossError(problem));
}

}  // namespace waystation::journal
