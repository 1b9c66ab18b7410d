#ifndef WAYSTATION_COMMON_HANDOFFS_SUPPRESSION_H_
#define WAYSTATION_COMMON_HANDOFFS_SUPPRESSION_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace waystation::handoffs {

// A group of fewer people is published by nobody, in no form.
inline constexpr size_t kPublishedGroupMin = 11;

// A table with its margins, as it would be published: each cell with the people
// behind it, and which cells are sums of others.
struct CountTable {
  struct Cell {
    uint64_t count = 0;
    std::set<uint32_t> people;  // Numbers that tell people apart, and no more.
  };
  struct Sum {
    size_t total = 0;
    std::vector<size_t> parts;
  };
  std::vector<Cell> cells;
  std::vector<Sum> sums;
};

// Says for each cell whether it must stay out. First those of 1 to 10 people; an
// empty cell may be shown. Then as many more as it takes that no linear
// combination of the cells that are shown gives
//   - a cell that stays out, or
//   - several of them together, where these are 1 to 10 people.
// Of the cells that would do, the one with the fewest people goes; a total goes
// last. The same table gives the same answer. Where there are too many small cells
// to try what they make together, only the total of all is shown.
//
// It says nothing against who knows some of the people otherwise. Limits: some
// hundred cells; the time grows with their third power. Thread-safe.
std::vector<bool> SuppressedCells(const CountTable& table);

// Cells among `suppressed` that can be computed from the others. Thread-safe.
std::vector<size_t> ComputableCells(const CountTable& table, const std::vector<bool>& suppressed);

}  // namespace waystation::handoffs

#endif  // WAYSTATION_COMMON_HANDOFFS_SUPPRESSION_H_
