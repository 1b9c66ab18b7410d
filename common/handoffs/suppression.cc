#include "common/handoffs/suppression.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace waystation::handoffs {
namespace {

// Arithmetic modulo a prime is exact where floating point is not. The system's
// coefficients are 0, 1 and -1, and no pivot of such a small one is a multiple of
// the prime.
constexpr int64_t kPrime = 2'147'483'647;
using Row = std::vector<int64_t>;

int64_t Inverse(int64_t value) {
  int64_t result = 1;
  for (int64_t power = kPrime - 2; power > 0; power /= 2) {
    if (power % 2 == 1) result = result * value % kPrime;
    value = value * value % kPrime;
  }
  return result;
}

void Subtract(Row& row, const Row& pivot_row, int64_t factor) {
  for (size_t i = 0; i < row.size(); ++i) {
    row[i] = (row[i] + (kPrime - factor) * pivot_row[i]) % kPrime;
  }
}

// Reduced row echelon form, in place.
void Reduce(std::vector<Row>& rows, size_t columns) {
  size_t done = 0;
  for (size_t column = 0; column < columns && done < rows.size(); ++column) {
    size_t pivot = done;
    while (pivot < rows.size() && rows[pivot][column] == 0) ++pivot;
    if (pivot == rows.size()) continue;
    std::swap(rows[done], rows[pivot]);
    const int64_t scale = Inverse(rows[done][column]);
    for (int64_t& value : rows[done]) value = value * scale % kPrime;
    for (size_t other = 0; other < rows.size(); ++other) {
      if (other != done && rows[other][column] != 0) {
        Subtract(rows[other], rows[done], rows[other][column]);
      }
    }
    ++done;
  }
}

bool Holds(const CountTable::Sum& sum, size_t cell) {
  return sum.total == cell ||
         std::find(sum.parts.begin(), sum.parts.end(), cell) != sum.parts.end();
}

bool IsSmall(const std::set<uint32_t>& people) {
  return !people.empty() && people.size() < kPublishedGroupMin;
}

// What the shown cells give away of those that stay out: every linear combination
// of these whose value is known.
//
// Thread-compatible.
class Known {
 public:
  Known(const CountTable& table, const std::vector<bool>& out) : column_(out.size()) {
    for (size_t i = 0; i < out.size(); ++i) {
      if (out[i]) column_[i] = columns_++;
    }
    for (const CountTable::Sum& sum : table.sums) {
      Row& row = rows_.emplace_back(columns_);
      if (out[sum.total]) row[column_[sum.total]] = kPrime - 1;
      for (size_t part : sum.parts) {
        if (out[part]) row[column_[part]] = 1;
      }
    }
    Reduce(rows_, columns_);
  }

  // Whether the sum of `cells`, which all stay out, is among them.
  bool Gives(const std::vector<size_t>& cells) const {
    Row rest(columns_);
    for (size_t cell : cells) rest[column_[cell]] = 1;
    for (const Row& row : rows_) {
      const auto pivot = std::find_if(row.begin(), row.end(), [](int64_t v) { return v != 0; });
      if (pivot == row.end()) break;
      const int64_t factor = rest[static_cast<size_t>(pivot - row.begin())];
      if (factor != 0) Subtract(rest, row, factor);
    }
    return std::all_of(rest.begin(), rest.end(), [](int64_t v) { return v == 0; });
  }

 private:
  std::vector<size_t> column_;
  size_t columns_ = 0;
  std::vector<Row> rows_;
};

// Widens what stays out until the rules hold.
//
// Single-threaded: `SuppressedCells`.
class Suppression {
 public:
  explicit Suppression(const CountTable& table)
      : table_(table), is_total_(table.cells.size()), out_(table.cells.size()) {
    for (const CountTable::Sum& sum : table.sums) is_total_[sum.total] = true;
    for (size_t i = 0; i < out_.size(); ++i) out_[i] = IsSmall(table.cells[i].people);
  }

  std::vector<bool> Run() {
    while (HideSmallRest() || HideGivenAway()) {
    }
    return std::move(out_);
  }

 private:
  // So many groups of small cells are tried in one round; a week of six agencies
  // seldom has a hundred.
  static constexpr int kGroupsMax = 4000;

  // Whether `a` had better stay out than `b`: totals say more to a reader.
  bool Before(size_t a, size_t b) const {
    auto rank = [this](size_t cell) {
      return std::pair(is_total_[cell], table_.cells[cell].people.size());
    };
    return rank(a) < rank(b);
  }

  // The part of `sum` that goes next: shown, with the fewest people, not empty;
  // its total when there is none.
  std::optional<size_t> Next(const CountTable::Sum& sum) const {
    std::optional<size_t> best;
    for (size_t part : sum.parts) {
      if (out_[part] || table_.cells[part].people.empty()) continue;
      if (!best || Before(part, *best)) best = part;
    }
    if (!best && !out_[sum.total]) best = sum.total;
    return best;
  }

  // A quick way to most of what `HideGivenAway` would find.
  bool HideSmallRest() {
    for (const CountTable::Sum& sum : table_.sums) {
      if (out_[sum.total]) continue;
      std::set<uint32_t> rest;
      for (size_t part : sum.parts) {
        const std::set<uint32_t>& people = table_.cells[part].people;
        if (out_[part]) rest.insert(people.begin(), people.end());
      }
      if (!IsSmall(rest)) continue;
      out_[*Next(sum)] = true;
      return true;
    }
    return false;
  }

  // Hides one more cell so that `cells` cannot be computed that way any longer.
  bool HideBeside(const std::vector<size_t>& cells) {
    std::optional<size_t> best;
    for (size_t cell : cells) {
      for (const CountTable::Sum& sum : table_.sums) {
        if (!Holds(sum, cell)) continue;
        const std::optional<size_t> next = Next(sum);
        if (next && (!best || Before(*next, *best))) best = next;
      }
    }
    // What gives them away may stand in sums that do not hold them.
    for (size_t i = 0; !best && i < out_.size(); ++i) {
      if (!out_[i] && !table_.cells[i].people.empty()) best = i;
    }
    if (best) out_[*best] = true;
    return best.has_value();
  }

  bool HideGivenAway() {
    const std::vector<size_t> computable = ComputableCells(table_, out_);
    if (!computable.empty()) return HideBeside(computable);
    const Known known(table_, out_);
    std::vector<size_t> small;
    for (size_t i = 0; i < out_.size(); ++i) {
      if (out_[i] && !is_total_[i] && IsSmall(table_.cells[i].people)) small.push_back(i);
    }
    int tries = kGroupsMax;
    std::vector<size_t> group;
    if (FindGroup(known, small, 0, {}, tries, group)) return HideBeside(group);
    return tries <= 0 && HideAllButTheTotal();
  }

  // Goes through the groups of `small` from `from` on that, with those in `group`,
  // are still small together. True when one is given away; it is in `group` then.
  bool FindGroup(const Known& known, const std::vector<size_t>& small, size_t from,
                 const std::set<uint32_t>& people, int& tries, std::vector<size_t>& group) const {
    for (size_t i = from; i < small.size() && tries > 0; ++i) {
      std::set<uint32_t> with = people;
      with.insert(table_.cells[small[i]].people.begin(), table_.cells[small[i]].people.end());
      if (!IsSmall(with)) continue;
      group.push_back(small[i]);
      --tries;
      if (group.size() > 1 && known.Gives(group)) return true;
      if (FindGroup(known, small, i + 1, with, tries, group)) return true;
      group.pop_back();
    }
    return false;
  }

  // The total of all is the one that is part of nothing. False when all are out
  // already.
  bool HideAllButTheTotal() {
    bool hidden = false;
    for (const CountTable::Sum& sum : table_.sums) {
      for (size_t part : sum.parts) {
        hidden = hidden || !out_[part];
        out_[part] = true;
      }
    }
    return hidden;
  }

  const CountTable& table_;
  std::vector<bool> is_total_;
  std::vector<bool> out_;
};

}  // namespace

std::vector<size_t> ComputableCells(const CountTable& table, const std::vector<bool>& suppressed) {
  const Known known(table, suppressed);
  std::vector<size_t> computable;
  for (size_t i = 0; i < suppressed.size(); ++i) {
    if (suppressed[i] && known.Gives({i})) computable.push_back(i);
  }
  return computable;
}

std::vector<bool> SuppressedCells(const CountTable& table) { return Suppression(table).Run(); }

}  // namespace waystation::handoffs
