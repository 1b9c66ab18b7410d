#ifndef WAYSTATION_COMMON_JOURNAL_BLOCK_INDEX_H_
#define WAYSTATION_COMMON_JOURNAL_BLOCK_INDEX_H_

#include <cstdint>
#include <vector>

#include "common/journal/block_codec.h"

namespace waystation::journal {

// Where to begin reading for a sequence: one entry for every 64th block, in
// memory, rebuilt at opening.
//
// Thread-compatible.
class BlockIndex {
 public:
  struct Entry {
    BlockPlace place;
    uint64_t number = 0;
    uint64_t first_sequence = 0;
  };

  // Called for every block in order.
  void Add(const BlockPlace& place, uint64_t number, uint64_t first_sequence);

  // The last entry at or before every block that ReadBlocks owes for
  // `from_sequence`. There is at least one block.
  const Entry& Before(uint64_t from_sequence) const;

 private:
  std::vector<Entry> entries_;
};

}  // namespace waystation::journal

#endif  // WAYSTATION_COMMON_JOURNAL_BLOCK_INDEX_H_
