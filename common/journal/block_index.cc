#include "common/journal/block_index.h"

#include <algorithm>

namespace waystation::journal {
namespace {

constexpr uint64_t kBlocksPerEntry = 64;

}  // namespace

void BlockIndex::Add(const BlockPlace& place, uint64_t number, uint64_t first_sequence) {
  if ((number - 1) % kBlocksPerEntry != 0) return;
  entries_.push_back({.place = place, .number = number, .first_sequence = first_sequence});
}

const BlockIndex::Entry& BlockIndex::Before(uint64_t from_sequence) const {
  // Strictly before: empty blocks share the first sequence of the next block
  // and are owed too.
  auto after = std::lower_bound(
      entries_.begin(), entries_.end(), from_sequence,
      [](const Entry& entry, uint64_t sequence) { return entry.first_sequence < sequence; });
  return after == entries_.begin() ? entries_.front() : *(after - 1);
}

}  // namespace waystation::journal
