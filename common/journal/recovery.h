#ifndef WAYSTATION_COMMON_JOURNAL_RECOVERY_H_
#define WAYSTATION_COMMON_JOURNAL_RECOVERY_H_

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "common/journal/block_reader.h"

namespace waystation::journal {

// What opening found; nothing was changed on disk.
struct Recovered {
  Head head;
  BlockPlace tail;  // Where the next block goes.
  // The last block, and how many sectors it has; 0 when there is none.
  BlockPlace last;
  uint64_t last_sectors = 0;
  // A torn block to be cut: this many sectors from `torn` on become zero.
  BlockPlace torn;
  uint64_t torn_sectors = 0;
};

// Walks all segments and blocks to the end of a journal, and applies the torn
// rule there (README, "Recovery").
//
// Single-threaded: whoever opens the journal.
class Recovery {
 public:
  // Called for every block in order.
  using OnBlock = std::function<void(const BlockPlace& place, const BlockHeader& header)>;

  // `segments` is how many there are, at least one. Blocks before
  // `verify_from_block` are followed by their headers alone, but for the last
  // of each segment: the end is always verified whole.
  Recovery(SegmentStore& store, uint64_t segments, uint64_t verify_from_block, OnBlock on_block);

  // Errors: DATA_LOSS names file, block and byte; UNAVAILABLE.
  absl::StatusOr<Recovered> Run();

 private:
  enum class Found { kBlock, kBlank, kTorn };

  absl::StatusOr<Found> Scan(const BlockPlace& at);
  absl::StatusOr<Found> ScanBlock(const BlockPlace& at);
  absl::StatusOr<Found> ScanTail(const BlockPlace& at, uint64_t block_sectors);
  void TakeBlock(const BlockPlace& at, const BlockHeader& header);
  absl::Status WalkSegment(uint64_t segment);
  absl::StatusOr<bool> HasZeroedSector(const BlockPlace& at, const BlockHeader& header);
  absl::Status CheckGap(uint64_t segment) const;
  absl::Status CheckSuccessor() const;

  SegmentStore& store_;
  const uint64_t segments_;
  const uint64_t verify_from_block_;
  const OnBlock on_block_;
  BlockReader reader_;
  Recovered result_;
};

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_RECOVERY_H_
