#include "common/journal/recovery.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace waystation::journal {

Recovery::Recovery(SegmentStore& store, uint64_t segments, uint64_t verify_from_block,
                   OnBlock on_block)
    : store_(store),
      segments_(segments),
      verify_from_block_(verify_from_block),
      on_block_(std::move(on_block)),
      reader_(store) {}

absl::StatusOr<Recovered> Recovery::Run() {
  result_.tail = {.segment = 1, .sector = 1};
  for (uint64_t segment = 1; segment <= segments_; segment++) {
    WS_RETURN_IF_ERROR(WalkSegment(segment));
  }
  WS_RETURN_IF_ERROR(CheckSuccessor());
  return result_;
}

absl::Status Recovery::WalkSegment(uint64_t segment) {
  BlockPlace at = {.segment = static_cast<uint32_t>(segment), .sector = 1};
  if (result_.torn_sectors > 0) {
    // Nothing was ever written after the torn block: any byte here is damage.
    return ScanTail(at, 0).status();
  }
  while (true) {
    WS_ASSIGN_OR_RETURN(const Found found, Scan(at));
    if (found == Found::kBlank) return absl::OkStatus();
    WS_RETURN_IF_ERROR(CheckGap(segment));
    if (found == Found::kTorn) return absl::OkStatus();
    at.sector += static_cast<uint32_t>(result_.last_sectors);
    result_.tail = at;
  }
}

absl::StatusOr<Recovery::Found> Recovery::Scan(const BlockPlace& at) {
  WS_ASSIGN_OR_RETURN(auto segment, store_.Get(at.segment));
  if (at.sector >= segment->sectors()) return Found::kBlank;
  WS_ASSIGN_OR_RETURN(const bool blank, reader_.IsBlank(at));
  if (blank) return ScanTail(at, kBlockSectorsMax);
  return ScanBlock(at);
}

absl::StatusOr<Recovery::Found> Recovery::ScanBlock(const BlockPlace& at) {
  WS_ASSIGN_OR_RETURN(const BlockHeader header, reader_.ReadHeader(at, result_.head));
  WS_RETURN_IF_ERROR(BlockReader::CheckFollows(at, header, result_.head));
  bool last = true;
  if (header.number < verify_from_block_) {
    const auto next = static_cast<uint32_t>(at.sector + header.sectors());
    WS_ASSIGN_OR_RETURN(last, reader_.IsBlank({.segment = at.segment, .sector = next}));
  }
  if (last) {
    WS_ASSIGN_OR_RETURN(const bool zeroed, HasZeroedSector(at, header));
    if (zeroed) return ScanTail(at, header.sectors());
    WS_RETURN_IF_ERROR(reader_.ReadBlock(at, header).status());
  }
  TakeBlock(at, header);
  return Found::kBlock;
}

absl::StatusOr<bool> Recovery::HasZeroedSector(const BlockPlace& at, const BlockHeader& header) {
  WS_ASSIGN_OR_RETURN(auto segment, store_.Get(at.segment));
  WS_ASSIGN_OR_RETURN(std::string_view sectors,
                      reader_.Sectors(at.segment, at.sector, header.sectors()));
  for (uint32_t i = 0; i < header.sectors(); i++) {
    const std::string_view sector = sectors.substr(i * kSectorBytes, kSectorBytes);
    // A sector of zeros whose checksum is zero was written so.
    if (IsZero(sector) && !segment->seal().Verifies(sector.data(), header.number, i)) return true;
  }
  return false;
}

// Looks at every sector from `at` to the segment's end. The first
// `block_sectors` may be those of a torn block; the others must be zero.
absl::StatusOr<Recovery::Found> Recovery::ScanTail(const BlockPlace& at, uint64_t block_sectors) {
  WS_ASSIGN_OR_RETURN(auto segment, store_.Get(at.segment));
  const uint64_t number = result_.head.block_number + 1;
  uint64_t written = 0;
  for (uint64_t i = 0; at.sector + i < segment->sectors(); i++) {
    WS_ASSIGN_OR_RETURN(std::string_view sector, reader_.Sectors(at.segment, at.sector + i, 1));
    if (IsZero(sector)) continue;
    const auto index = static_cast<uint32_t>(i);
    if (i >= block_sectors || !segment->seal().Verifies(sector.data(), number, index)) {
      return DataLoss(at.segment, number, (at.sector + i) * kSectorBytes,
                      absl::StrCat("records ", result_.head.next_sequence,
                                   " and on: neither zero nor a sector of the last block"));
    }
    written = i + 1;
  }
  if (written == 0) return Found::kBlank;
  result_.torn = at;
  result_.torn_sectors = written;
  return Found::kTorn;
}

void Recovery::TakeBlock(const BlockPlace& at, const BlockHeader& header) {
  result_.head = header.head();
  result_.last = at;
  result_.last_sectors = header.sectors();
  on_block_(at, header);
}

// The writer never passes over a whole segment.
absl::Status Recovery::CheckGap(uint64_t segment) const {
  if (segment <= uint64_t{result_.tail.segment} + 1) return absl::OkStatus();
  return DataLoss(segment - 1, result_.head.block_number, kSectorBytes,
                  "segment is blank before one that is not");
}

// The writer enters a segment only when the next one is there, so the loss of
// the last files does not look like a shorter journal.
absl::Status Recovery::CheckSuccessor() const {
  if (result_.head.block_number == 0 && result_.torn_sectors == 0) return absl::OkStatus();
  const uint64_t used =
      std::max(result_.tail.segment, result_.torn_sectors > 0 ? result_.torn.segment : uint32_t{1});
  if (segments_ > used) return absl::OkStatus();
  return DataLoss(used + 1, result_.head.block_number + 1, 0, "file is missing");
}

}  // namespace waystation::journal
