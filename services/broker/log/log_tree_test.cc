#include "services/broker/log/log_tree.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::broker {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using tlog::TileId;

class LogTreeTest : public ::testing::Test {
 protected:
  LogTreeTest() : directory_(testing::TempDir() + "/log_tree") {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }

  static std::vector<std::string> Leaves(uint64_t begin, uint64_t end) {
    std::vector<std::string> leaves;
    for (uint64_t i = begin; i < end; ++i) leaves.push_back(absl::StrCat("leaf ", i));
    return leaves;
  }

  static merkle::Tree Whole(uint64_t size) {
    std::vector<merkle::Digest> hashes;
    for (const std::string& leaf : Leaves(0, size)) hashes.push_back(merkle::LeafHash(leaf));
    return merkle::Tree(hashes);
  }

  const std::string directory_;
  TileStore store_{directory_};
};

TEST_F(LogTreeTest, RootsAndProofsAreThoseOfTheWholeTree) {
  LogTree tree(store_);
  uint64_t size = 0;
  for (uint64_t next : {1, 5, 256, 257, 600, 1000}) {
    ASSERT_TRUE(tree.Append(Leaves(size, next)).ok());
    const merkle::Tree whole = Whole(next);
    EXPECT_EQ(tree.Root(), whole.root()) << next;
    std::string consistency;
    whole.AppendConsistencyProof(size, &consistency);
    auto proof = tree.ConsistencyProof(size, next);
    ASSERT_TRUE(proof.ok()) << proof.status();
    EXPECT_EQ(*proof, consistency) << next;
    for (uint64_t index : {uint64_t{0}, next / 2, next - 1}) {
      std::string path;
      whole.AppendPath(index, &path);
      auto inclusion = tree.InclusionProof(index, next);
      ASSERT_TRUE(inclusion.ok()) << inclusion.status();
      EXPECT_EQ(*inclusion, path) << index << " of " << next;
      EXPECT_EQ(*tree.LeafAt(index), absl::StrCat("leaf ", index));
    }
    size = next;
  }
}

// A checkpoint stays provable after the tree has grown over its right edge.
TEST_F(LogTreeTest, OlderSizesAreReadFromTheGrownTree) {
  LogTree tree(store_);
  ASSERT_TRUE(tree.Append(Leaves(0, 700)).ok());
  for (uint64_t size : {1, 255, 256, 300, 512, 699}) {
    EXPECT_EQ(*tree.RootAt(size), Whole(size).root()) << size;
  }
  EXPECT_EQ(tree.ReadTile({.level = 0, .index = 1, .width = 44}, 300)->size(), 44 * 32);
}

TEST_F(LogTreeTest, TileBeyondTheTreeIsUnknown) {
  LogTree tree(store_);
  ASSERT_TRUE(tree.Append(Leaves(0, 300)).ok());
  for (const TileId& id :
       {TileId{.level = 0, .index = 1, .width = 45}, TileId{.level = 0, .index = 1},
        TileId{.level = 0, .index = 2, .width = 1}, TileId{.level = 1, .index = 0, .width = 2},
        TileId{.level = 9, .index = 0},
        TileId{.level = TileId::kEntries, .index = 1, .width = 45}}) {
    EXPECT_EQ(ReasonOf(tree.ReadTile(id, 300).status()), "UNKNOWN_TILE") << id.ToPath();
  }
}

TEST_F(LogTreeTest, GoesOnFromWhatWasKept) {
  for (uint64_t kept : {0, 1, 256, 300, 600}) {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
    TileStore store(directory_);
    LogTree tree(store);
    ASSERT_TRUE(tree.Append(Leaves(0, kept)).ok());
    ASSERT_TRUE(tree.Keep(kept + 3, merkle::LeafHash("block")).ok());
    // After the position: lost with the process, but for its full tiles.
    ASSERT_TRUE(tree.Append(Leaves(kept, kept + 300)).ok());

    TileStore reopened(directory_);
    LogTree again(reopened);
    auto position = again.TakeUp();
    ASSERT_TRUE(position.has_value()) << kept;
    EXPECT_EQ(position->leaves, kept);
    EXPECT_EQ(position->next_sequence, kept + 3);
    EXPECT_EQ(position->block_hash, merkle::LeafHash("block"));
    ASSERT_TRUE(again.Append(Leaves(kept, kept + 700)).ok());
    EXPECT_EQ(again.Root(), Whole(kept + 700).root()) << kept;
    EXPECT_EQ(*again.LeafAt(kept), absl::StrCat("leaf ", kept));
  }
}

// A damaged right edge is not gone on from: the journal gives the tree back.
TEST_F(LogTreeTest, FlippedByteOfTheKeptEdgeIsNotTakenUp) {
  LogTree tree(store_);
  ASSERT_TRUE(tree.Append(Leaves(0, 300)).ok());
  ASSERT_TRUE(tree.Keep(301, {}).ok());
  for (const char* name : {"tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"}) {
    const TileId id = *TileId::FromPath(name);
    const std::string good = *store_.Read(id);
    for (size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 1);
      ASSERT_TRUE(store_.Write(id, bad).ok());
      EXPECT_FALSE(LogTree(store_).TakeUp().has_value()) << name << " byte " << i;
    }
    ASSERT_TRUE(store_.Write(id, good).ok());
  }
  EXPECT_TRUE(LogTree(store_).TakeUp().has_value());
}

TEST_F(LogTreeTest, CutTileIsDataLossAndNotRead) {
  LogTree tree(store_);
  ASSERT_TRUE(tree.Append(Leaves(0, 600)).ok());
  const TileId full{.level = 0, .index = 0};
  const std::string good = *store_.Read(full);
  ASSERT_TRUE(store_.Write(full, good.substr(0, good.size() - 1)).ok());
  EXPECT_EQ(tree.ReadTile(full, 600).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(tree.InclusionProof(3, 600).ok());
  const TileId bundle{.level = TileId::kEntries, .index = 0};
  ASSERT_TRUE(store_.Write(bundle, "\x01").ok());
  EXPECT_EQ(tree.LeafAt(3).status().code(), absl::StatusCode::kDataLoss);
}

// A proof out of a damaged tile would have an honest history taken for two.
TEST_F(LogTreeTest, FlippedByteOfAFullTileIsDataLossThatNamesItsLeaves) {
  LogTree tree(store_);
  ASSERT_TRUE(tree.Append(Leaves(0, 800)).ok());
  for (const char* name : {"tile/0/001", "tile/0/002", "tile/entries/001", "tile/entries/002"}) {
    const TileId id = *TileId::FromPath(name);
    const std::string leaves =
        absl::StrCat("leaves ", id.index * 256, " to ", id.index * 256 + 255);
    const std::string good = *store_.Read(id);
    // In each hash or entry some byte, a different one: one digest is over them all.
    for (size_t i = 0; i < good.size(); i += id.level == TileId::kEntries ? 5 : 33) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 1);
      ASSERT_TRUE(store_.Write(id, bad).ok());
      const absl::Status read = tree.ReadTile(id, 800).status();
      ASSERT_EQ(read.code(), absl::StatusCode::kDataLoss) << name << " byte " << i;
      ASSERT_THAT(read.ToString(), AllOf(HasSubstr(name), HasSubstr(leaves)));
    }
    ASSERT_TRUE(store_.Write(id, good).ok());
    EXPECT_EQ(*tree.ReadTile(id, 800), good);
  }
}

TEST_F(LogTreeTest, ADamagedTileGivesNoProof) {
  LogTree tree(store_);
  ASSERT_TRUE(tree.Append(Leaves(0, 800)).ok());
  const TileId id{.level = 0, .index = 1};
  std::string bytes = *store_.Read(id);
  std::swap(bytes.front(), bytes.back());
  ASSERT_TRUE(store_.Write(id, bytes).ok());
  for (const absl::Status& refused :
       {tree.ConsistencyProof(300, 800).status(), tree.InclusionProof(300, 800).status(),
        tree.LeafAt(300).status(), tree.RootAt(300).status()}) {
    EXPECT_EQ(refused.code(), absl::StatusCode::kDataLoss) << refused;
  }
  // What does not need it is there still.
  EXPECT_TRUE(tree.ConsistencyProof(512, 800).ok());
  EXPECT_EQ(*tree.LeafAt(600), "leaf 600");
}

// Levels above the first are held against what is above them in turn.
TEST_F(LogTreeTest, FlippedByteOfAnUpperTileIsFoundThroughTheEdge) {
  LogTree tree(store_);
  ASSERT_TRUE(tree.Append(Leaves(0, 256 * 256 + 300)).ok());
  const TileId upper{.level = 1, .index = 0};
  std::string bytes = *store_.Read(upper);
  bytes[32 * 7] = static_cast<char>(bytes[32 * 7] ^ 1);
  ASSERT_TRUE(store_.Write(upper, bytes).ok());
  const absl::Status read = tree.LeafAt(9).status();
  EXPECT_EQ(read.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(read.ToString(), AllOf(HasSubstr("tile/1/000"), HasSubstr("leaves 0 to 65535")));
}

TEST_F(LogTreeTest, ATreeWithADamagedTileIsNotGoneOnFrom) {
  LogTree tree(store_);
  ASSERT_TRUE(tree.Append(Leaves(0, 800)).ok());
  ASSERT_TRUE(tree.Keep(801, {}).ok());
  fs::remove(directory_ + "/tile/entries/001");
  EXPECT_FALSE(tree.damaged());
  EXPECT_EQ(tree.LeafAt(300).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(tree.damaged());
  ASSERT_TRUE(tree.Append(Leaves(800, 900)).ok());
  ASSERT_TRUE(tree.Keep(901, {}).ok());
  EXPECT_FALSE(LogTree(store_).TakeUp().has_value());
  tree.Clear();
  ASSERT_TRUE(tree.Append(Leaves(0, 900)).ok());
  ASSERT_TRUE(tree.Keep(901, {}).ok());
  EXPECT_EQ(*tree.LeafAt(300), "leaf 300");
  EXPECT_TRUE(LogTree(store_).TakeUp().has_value());
}

TEST(TileStoreTest, PositionThatCannotBeReadIsNone) {
  const std::string directory = testing::TempDir() + "/tile_store";
  fs::remove_all(directory);
  fs::create_directories(directory);
  TileStore store(directory);
  EXPECT_FALSE(store.ReadPosition().has_value());
  const LogPosition position{
      .leaves = 7, .root = merkle::LeafHash("r"), .next_sequence = 9, .block_hash = {}};
  ASSERT_TRUE(store.WritePosition(position).ok());
  EXPECT_EQ(store.ReadPosition(), position);
  fs::resize_file(directory + "/position", 60);
  EXPECT_FALSE(store.ReadPosition().has_value());
}

}  // namespace
}  // namespace waystation::broker
