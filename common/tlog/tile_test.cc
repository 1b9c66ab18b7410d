#include "common/tlog/tile.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace waystation::tlog {
namespace {

using merkle::Digest;

struct PathCase {
  const char* name;
  TileId id;
  const char* path;
};

class TilePathTest : public testing::TestWithParam<PathCase> {};

TEST_P(TilePathTest, HasOneForm) {
  EXPECT_EQ(GetParam().id.ToPath(), GetParam().path);
  auto id = TileId::FromPath(GetParam().path);
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(*id, GetParam().id);
}

INSTANTIATE_TEST_SUITE_P(
    Tlog, TilePathTest,
    testing::Values(PathCase{"First", {0, 0, 256}, "tile/0/000"},
                    PathCase{"Specified", {0, 1'234'067, 256}, "tile/0/x001/x234/067"},
                    PathCase{"Partial", {1, 5, 17}, "tile/1/005.p/17"},
                    PathCase{"Entries", {TileId::kEntries, 1'000, 256}, "tile/entries/x001/000"},
                    PathCase{"PartialEntries", {TileId::kEntries, 2, 1}, "tile/entries/002.p/1"}),
    [](const auto& tested) { return tested.param.name; });

TEST(TilePathTest, RefusesOtherForms) {
  for (const char* bad : {"",
                          "tile/",
                          "tile/0",
                          "tile/0/",
                          "tile/0/0",
                          "tile/0/0000",
                          "tile/00/000",
                          "tile/64/000",
                          "tile/-1/000",
                          "tile/0/x000/000",
                          "tile/0/x001/0/67",
                          "tile/0/001.p/0",
                          "tile/0/001.p/256",
                          "tile/0/001.p/01",
                          "tile/0/001.p/",
                          "tile/0/../000",
                          "/tile/0/000",
                          "tile/0/000/",
                          "tile/x/000",
                          "tile/0/x999/x999/x999/x999/x999/x999/999",
                          "tile/entries/-01"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(TileId::FromPath(bad).status())) << bad;
  }
}

TEST(TilesBetweenTest, IsAsTheSpecificationCounts) {
  // "A tree of size 70,000 ...": 273 full tiles and one of 112, one full and one of
  // 17 above, one of 1 above that.
  std::map<std::pair<int, uint64_t>, int> counts;
  for (const TileId& id : TilesBetween(0, 70'000)) ++counts[{id.level, id.width}];
  const std::map<std::pair<int, uint64_t>, int> want = {
      {{0, 256}, 273}, {{0, 112}, 1}, {{1, 256}, 1}, {{1, 17}, 1}, {{2, 1}, 1}};
  EXPECT_EQ(counts, want);
  EXPECT_EQ(TilesBetween(256, 256).size(), 0u);
  const std::vector<TileId> of_256 = {{0, 0, 256}, {1, 0, 1}};
  EXPECT_EQ(TilesBetween(0, 256), of_256);
  const std::vector<TileId> of_one_more = {{0, 1, 1}};
  EXPECT_EQ(TilesBetween(256, 257), of_one_more);
}

// A log of numbered leaves whose tiles are kept in memory.
class TileTreeTest : public testing::Test {
 protected:
  void Grow(uint64_t size) {
    auto keep = [this](const TileId& id, std::string_view tile) { tiles_[id.ToPath()] = tile; };
    while (head_.size() < size) {
      leaves_.push_back(merkle::LeafHash(absl::StrCat("leaf ", head_.size())));
      head_.Append(leaves_.back(), keep);
    }
    head_.ForEachPartial(keep);
  }

  ReadTile Reader() {
    return [this](const TileId& id) -> absl::StatusOr<std::string> {
      auto found = tiles_.find(id.ToPath());
      if (found == tiles_.end()) return absl::NotFoundError(id.ToPath());
      return found->second;
    };
  }

  merkle::Tree Whole(uint64_t size) const {
    return merkle::Tree(std::span<const Digest>(leaves_).subspan(0, size));
  }

  TreeHead head_;
  std::vector<Digest> leaves_;
  std::map<std::string, std::string> tiles_;
};

TEST_F(TileTreeTest, RootsAreThoseOfTheWholeTree) {
  for (uint64_t size = 0; size <= 1'100; ++size) {
    Grow(size);
    ASSERT_EQ(head_.Root(), Whole(size).root()) << size;
    TileTree tree(size, Reader());
    auto root = tree.RootAt(size);
    ASSERT_TRUE(root.ok()) << root.status();
    ASSERT_EQ(*root, Whole(size).root()) << size;
  }
}

TEST_F(TileTreeTest, RootsHoldAboveTheSecondLevel) {
  for (uint64_t size : {65'535, 65'536, 65'537, 65'792, 66'049, 70'000}) {
    Grow(size);
    TileTree tree(size, Reader());
    const Digest want = Whole(size).root();
    EXPECT_EQ(head_.Root(), want) << size;
    EXPECT_EQ(*tree.RootAt(size), want) << size;
    const uint64_t index = size - 300;
    EXPECT_TRUE(merkle::VerifyInclusion(leaves_[index], index, size,
                                        *tree.InclusionProof(index, size), want)
                    .ok());
    EXPECT_TRUE(merkle::VerifyConsistency(1'000, Whole(1'000).root(), size, want,
                                          *tree.ConsistencyProof(1'000, size))
                    .ok());
  }
}

TEST_F(TileTreeTest, ProofsAreThoseOfTheWholeTree) {
  constexpr uint64_t kSize = 777;
  Grow(kSize);
  TileTree tree(kSize, Reader());
  for (uint64_t size : {1, 2, 3, 255, 256, 257, 511, 512, 513, 776, 777}) {
    const merkle::Tree whole = Whole(size);
    for (uint64_t index = 0; index < size; index += 1 + index / 7) {
      std::string want;
      whole.AppendPath(index, &want);
      auto proof = tree.InclusionProof(index, size);
      ASSERT_TRUE(proof.ok()) << proof.status();
      ASSERT_EQ(*proof, want) << index << " of " << size;
      ASSERT_EQ(*tree.LeafAt(index), leaves_[index]);
    }
    for (uint64_t old_size = 0; old_size <= size; old_size += 1 + old_size / 9) {
      std::string want;
      whole.AppendConsistencyProof(old_size, &want);
      auto proof = tree.ConsistencyProof(old_size, size);
      ASSERT_TRUE(proof.ok()) << proof.status();
      ASSERT_EQ(*proof, want) << old_size << " to " << size;
    }
  }
}

TEST_F(TileTreeTest, TilesThatAreMissingOrCutAreTold) {
  Grow(600);
  TileTree tree(600, Reader());
  tiles_["tile/0/001"].pop_back();
  EXPECT_TRUE(absl::IsDataLoss(tree.InclusionProof(300, 600).status()));
  tiles_.erase("tile/0/001");
  EXPECT_TRUE(absl::IsNotFound(tree.InclusionProof(300, 600).status()));
}

TEST_F(TileTreeTest, TakesUpARightEdge) {
  for (uint64_t size : {0, 1, 255, 256, 300, 512, 700}) {
    Grow(size);
    auto loaded = TreeHead::Load(size, Reader());
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_EQ(loaded->Root(), head_.Root()) << size;
    // And it goes on alike.
    TreeHead other = *loaded;
    TreeHead same = head_;
    for (int i = 0; i < 300; ++i) {
      const Digest leaf = merkle::LeafHash(absl::StrCat("more ", i));
      other.Append(leaf, [](const TileId&, std::string_view) {});
      same.Append(leaf, [](const TileId&, std::string_view) {});
    }
    EXPECT_EQ(other.Root(), same.Root()) << size;
  }
  tiles_["tile/0/002.p/188"].pop_back();
  EXPECT_TRUE(absl::IsDataLoss(TreeHead::Load(700, Reader()).status()));
}

}  // namespace
}  // namespace waystation::tlog
