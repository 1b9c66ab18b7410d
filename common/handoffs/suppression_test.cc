#include "common/handoffs/suppression.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::handoffs {
namespace {

using testing::Each;
using testing::ElementsAre;

// A table of rows by columns with margins: cells row by row, then the totals of
// the rows, of the columns, of all.
CountTable CrossTable(size_t rows, size_t columns, const std::vector<int>& people) {
  CountTable table;
  const size_t inner = rows * columns;
  table.cells.resize(inner + rows + columns + 1);
  table.sums.resize(rows + columns + 2);
  CountTable::Sum& by_rows = table.sums[rows + columns];
  CountTable::Sum& by_columns = table.sums[rows + columns + 1];
  by_rows.total = by_columns.total = table.cells.size() - 1;
  uint32_t person = 0;
  for (size_t i = 0; i < inner; ++i) {
    const size_t row = i / columns;
    const size_t column = i % columns;
    for (size_t cell : {i, inner + row, inner + rows + column, by_rows.total}) {
      for (int n = 0; n < people[i]; ++n) {
        table.cells[cell].people.insert(person + static_cast<uint32_t>(n));
      }
      table.cells[cell].count = table.cells[cell].people.size();
    }
    person += static_cast<uint32_t>(people[i]);
    table.sums[row].total = inner + row;
    table.sums[row].parts.push_back(i);
    table.sums[rows + column].total = inner + rows + column;
    table.sums[rows + column].parts.push_back(i);
  }
  for (size_t row = 0; row < rows; ++row) by_rows.parts.push_back(inner + row);
  for (size_t column = 0; column < columns; ++column) {
    by_columns.parts.push_back(inner + rows + column);
  }
  return table;
}

// How many of these are linearly independent.
size_t RankOf(std::vector<std::vector<double>> rows) {
  size_t rank = 0;
  for (size_t column = 0; !rows.empty() && column < rows[0].size(); ++column) {
    auto pivot = std::find_if(rows.begin() + static_cast<std::ptrdiff_t>(rank), rows.end(),
                              [&](const auto& row) { return std::abs(row[column]) > 1e-9; });
    if (pivot == rows.end()) continue;
    std::iter_swap(pivot, rows.begin() + static_cast<std::ptrdiff_t>(rank));
    for (size_t other = rank + 1; other < rows.size(); ++other) {
      const double factor = rows[other][column] / rows[rank][column];
      for (size_t i = 0; i < rows[other].size(); ++i) rows[other][i] -= factor * rows[rank][i];
    }
    if (++rank == rows.size()) break;
  }
  return rank;
}

// Every group of inner cells, a bit for each, whose people somebody can count by
// any linear combination of what is shown. All groups are tried.
std::vector<uint32_t> GroupsThatCanBeCounted(const CountTable& table, size_t inner,
                                             const std::vector<bool>& out) {
  std::vector<std::vector<double>> shown;
  for (size_t cell = 0; cell < out.size(); ++cell) {
    if (out[cell]) continue;
    std::vector<double>& parts = shown.emplace_back(inner);
    for (size_t i = 0; i < inner; ++i) {
      const std::set<uint32_t>& all = table.cells[cell].people;
      const std::set<uint32_t>& part = table.cells[i].people;
      parts[i] = std::includes(all.begin(), all.end(), part.begin(), part.end()) ? 1 : 0;
    }
  }
  const size_t rank = RankOf(shown);
  std::vector<uint32_t> groups;
  for (uint32_t group = 1; group < 1u << inner; ++group) {
    std::vector<std::vector<double>> with = shown;
    std::vector<double>& row = with.emplace_back(inner);
    for (size_t i = 0; i < inner; ++i) row[i] = group >> i & 1u;
    if (RankOf(std::move(with)) == rank) groups.push_back(group);
  }
  return groups;
}

// Goes through every table of that shape with people out of `values`, and holds
// against brute force that nobody can count a group of 1 to 10.
void ExpectNoSmallGroupInAnyTable(size_t rows, size_t columns, const std::vector<int>& values) {
  const size_t inner = rows * columns;
  // By a table of the same pattern whose cells all have people, so that each cell
  // can be told from its margins.
  const CountTable shape = CrossTable(rows, columns, std::vector<int>(inner, 1));
  std::map<std::vector<bool>, std::vector<uint32_t>> known;
  std::vector<size_t> pick(inner);
  for (bool more = true; more;) {
    std::vector<int> people;
    for (size_t p : pick) people.push_back(values[p]);
    const CountTable table = CrossTable(rows, columns, people);
    const std::vector<bool> out = SuppressedCells(table);
    auto [groups, fresh] = known.try_emplace(out);
    if (fresh) groups->second = GroupsThatCanBeCounted(shape, inner, out);
    for (uint32_t group : groups->second) {
      int size = 0;
      for (size_t i = 0; i < inner; ++i) size += (group >> i & 1u) != 0 ? people[i] : 0;
      ASSERT_TRUE(size == 0 || size >= 11)
          << size << " people in cells " << group << " of " << testing::PrintToString(people)
          << ", out: " << testing::PrintToString(out);
    }
    size_t place = 0;
    while (place < inner && ++pick[place] == values.size()) pick[place++] = 0;
    more = place < inner;
  }
}

TEST(SuppressionTest, ShowsATableOfLargeGroups) {
  EXPECT_THAT(SuppressedCells(CrossTable(2, 2, {11, 20, 30, 40})), Each(false));
}

TEST(SuppressionTest, ShowsAnEmptyGroup) {
  EXPECT_THAT(SuppressedCells(CrossTable(2, 2, {0, 20, 30, 40})), Each(false));
}

TEST(SuppressionTest, KeepsAGroupOfTenAndShowsOneOfEleven) {
  EXPECT_TRUE(SuppressedCells(CrossTable(1, 1, {10})).front());
  EXPECT_FALSE(SuppressedCells(CrossTable(1, 1, {11})).front());
}

TEST(SuppressionTest, KeepsARectangleAroundOneSmallGroup) {
  const std::vector<bool> out = SuppressedCells(CrossTable(2, 2, {5, 20, 30, 40}));
  EXPECT_THAT(out, ElementsAre(true, true, true, true, false, false, false, false, false));
}

TEST(SuppressionTest, KeepsMoreWhereTheRestOfATotalWouldBeSmall) {
  // 3 and 4 alone would hide each other, and their sum would be a group of 7.
  const std::vector<bool> out = SuppressedCells(CrossTable(1, 3, {3, 4, 20}));
  EXPECT_TRUE(out[0] && out[1] && out[2]);
}

TEST(SuppressionTest, KeepsATotalThatWouldGiveItsOnlyPartAway) {
  const std::vector<bool> out = SuppressedCells(CrossTable(2, 2, {5, 0, 0, 40}));
  EXPECT_TRUE(out[0]);
  EXPECT_TRUE(out[4]) << "the row's total is the same 5";
  EXPECT_THAT(ComputableCells(CrossTable(2, 2, {5, 0, 0, 40}), out), testing::IsEmpty());
}

TEST(SuppressionTest, FindsWhatCanBeComputed) {
  const CountTable table = CrossTable(1, 2, {5, 20});
  std::vector<bool> out(table.cells.size());
  out[0] = true;
  EXPECT_THAT(ComputableCells(table, out), ElementsAre(0u));
}

TEST(SuppressionTest, KeepsMoreWhereSumsTogetherGiveACellAway) {
  // Rows one and two, without the first column, leave the 4 in the middle.
  const CountTable table = CrossTable(3, 3, {0, 12, 12, 12, 4, 0, 4, 0, 0});
  EXPECT_THAT(ComputableCells(table, SuppressedCells(table)), testing::IsEmpty());
}

TEST(SuppressionTest, KeepsMoreWhereSumsTogetherGiveTwoSmallCellsAway) {
  // None of them alone, and two of 4 would be a group of 8.
  const CountTable table = CrossTable(3, 3, {0, 0, 4, 4, 4, 12, 4, 12, 12});
  EXPECT_THAT(ComputableCells(table, SuppressedCells(table)), testing::IsEmpty());
}

TEST(SuppressionTest, ShowsOnlyTheTotalWhereThereAreTooManySmallCells) {
  const std::vector<bool> out = SuppressedCells(CrossTable(6, 6, std::vector<int>(36, 2)));
  EXPECT_FALSE(out.back());
  EXPECT_EQ(std::count(out.begin(), out.end(), false), 1);
}

TEST(SuppressionTest, CountsPeopleAndNotWhatTheyHave) {
  CountTable table = CrossTable(1, 1, {3});
  for (CountTable::Cell& cell : table.cells) cell.count = 30;
  EXPECT_THAT(SuppressedCells(table), Each(true));
}

TEST(SuppressionTest, NoSmallGroupCanBeCountedInAnyTableOfTwoByTwo) {
  ExpectNoSmallGroupInAnyTable(2, 2, {0, 1, 2, 5, 6, 10, 11, 12});
}

TEST(SuppressionTest, NoSmallGroupCanBeCountedInAnyTableOfTwoByThree) {
  ExpectNoSmallGroupInAnyTable(2, 3, {0, 1, 6, 10, 11});
}

TEST(SuppressionTest, NoSmallGroupCanBeCountedInAnyTableOfThreeByThree) {
  ExpectNoSmallGroupInAnyTable(3, 3, {0, 4, 12});
}

}  // namespace
}  // namespace waystation::handoffs
