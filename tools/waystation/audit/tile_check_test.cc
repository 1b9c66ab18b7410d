#include "tools/waystation/audit/tile_check.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "absl/strings/str_cat.h"
#include "common/log_follower/test_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/files.h"

namespace waystation::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using tlog::TileId;

// Files of a log by path, "tile/0/000" and so on.
using Tiles = std::map<std::string, std::string>;

std::string Entry(const std::string& leaf) {
  return std::string{static_cast<char>(leaf.size() >> 8), static_cast<char>(leaf.size() & 0xff)} +
         leaf;
}

// Every tile of the log's tree, right edge included.
Tiles TilesOf(const TestLog& log) {
  Tiles tiles;
  tlog::TreeHead head;
  std::string entries;
  auto put = [&](const TileId& id, std::string_view tile) { tiles[id.ToPath()] = tile; };
  for (const std::string& leaf : log.leaves()) {
    head.Append(merkle::LeafHash(leaf), put);
    entries += Entry(leaf);
    if (head.size() % tlog::kTileWidth != 0) continue;
    put({.level = TileId::kEntries, .index = head.size() / tlog::kTileWidth - 1}, entries);
    entries.clear();
  }
  head.ForEachPartial(put);
  const uint64_t width = head.size() % tlog::kTileWidth;
  if (width > 0) {
    put({.level = TileId::kEntries, .index = head.size() / tlog::kTileWidth, .width = width},
        entries);
  }
  return tiles;
}

class TileCheckTest : public ::testing::Test {
 protected:
  // 300 leaves: a full tile, and an edge of two levels.
  TileCheckTest() {
    while (log_.leaves().size() < 300) log_.AddRefused();
    good_ = TilesOf(log_);
    folder_ = absl::StrCat(::testing::TempDir(), "/",
                           ::testing::UnitTest::GetInstance()->current_test_info()->name());
    for (const auto& [path, bytes] : good_) Write(path, bytes);
  }

  void Write(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(WriteFile(absl::StrCat(folder_, "/", path), bytes, FileMode::kPublic).ok());
  }

  absl::Status Judge(uint64_t published_size = 300) {
    TileCheck check(folder_, published_size);
    for (size_t i = 0; i < log_.leaves().size(); ++i) {
      absl::Status taken = check.Add(log_.leaves()[i], merkle::LeafHash(log_.leaves()[i]), i + 1);
      if (!taken.ok()) return taken;
    }
    compared_ = check.compared();
    const absl::Status finished = check.Finish();
    compared_ = check.compared();
    return finished;
  }

  void ExpectLost(const std::vector<std::string>& words, uint64_t published_size = 300) {
    const absl::Status status = Judge(published_size);
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    for (const std::string& word : words) {
      ASSERT_THAT(std::string(status.message()), HasSubstr(word));
    }
  }

  TestLog log_;
  Tiles good_;
  std::string folder_;
  uint64_t compared_ = 0;
};

TEST_F(TileCheckTest, TakesTilesThatSayTheTruth) {
  ASSERT_TRUE(Judge().ok()) << Judge();
  EXPECT_EQ(compared_, good_.size());
  EXPECT_THAT(good_, ::testing::SizeIs(5));
}

TEST_F(TileCheckTest, TakesPartialTilesThatAFullOneHasOvertaken) {
  Write("tile/0/000.p/5", good_.at("tile/0/000").substr(0, 5 * 32));
  Write("tile/entries/000.p/1", Entry(log_.leaves()[0]));
  EXPECT_TRUE(Judge().ok()) << Judge();
}

// Every byte of the newest two tiles, and those of their entries.
TEST_F(TileCheckTest, NamesTileAndRecordOfEveryFlippedByte) {
  for (const char* path : {"tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"}) {
    for (size_t byte = 0; byte < good_.at(path).size(); ++byte) {
      std::string flipped = good_.at(path);
      flipped[byte] ^= 0x01;
      std::ofstream(absl::StrCat(folder_, "/", path), std::ios::binary) << flipped;
      const bool leaf = std::string_view(path).starts_with("tile/0/");
      const size_t first = std::string_view(path) == "tile/0/000" ? 1 : 257;
      const std::string record = absl::StrCat("record ", first + byte / 32);
      ASSERT_NO_FATAL_FAILURE(
          ExpectLost({path, absl::StrCat("at byte ", byte, ","), leaf ? record : "records "}));
    }
    std::ofstream(absl::StrCat(folder_, "/", path), std::ios::binary) << good_.at(path);
  }
}

TEST_F(TileCheckTest, NamesTheRecordOfEveryFlippedByteOfTheNewestEntries) {
  const std::string path = "tile/entries/001.p/44";
  for (size_t byte = 0; byte < good_.at(path).size(); ++byte) {
    std::string flipped = good_.at(path);
    flipped[byte] ^= 0x80;
    std::ofstream(absl::StrCat(folder_, "/", path), std::ios::binary) << flipped;
    ASSERT_NO_FATAL_FAILURE(ExpectLost({path, "record "}));
  }
}

TEST_F(TileCheckTest, NamesATruncatedTile) {
  for (const char* path : {"tile/0/000", "tile/entries/000", "tile/0/001.p/44"}) {
    Write(path, good_.at(path).substr(0, good_.at(path).size() - 1));
    ASSERT_NO_FATAL_FAILURE(ExpectLost({path, "wrong length"}));
    Write(path, good_.at(path));
  }
}

TEST_F(TileCheckTest, NamesATileThatGrew) {
  Write("tile/0/000", good_.at("tile/0/000") + "x");
  ExpectLost({"tile/0/000", "wrong length"});
}

TEST_F(TileCheckTest, NamesATileInAnotherOrder) {
  const std::string& tile = good_.at("tile/0/000");
  Write("tile/0/000", tile.substr(32) + tile.substr(0, 32));
  ExpectLost({"tile/0/000", "record 1"});
}

TEST_F(TileCheckTest, NamesAMissingTileOfWhatWasPublished) {
  fs::remove(folder_ + "/tile/0/000");
  ExpectLost({"tile/0/000: missing"});
}

TEST_F(TileCheckTest, WantsNoTileOfWhatWasNotPublishedYet) {
  fs::remove(folder_ + "/tile/0/000");
  EXPECT_TRUE(Judge(200).ok());
}

TEST_F(TileCheckTest, NamesATileBeyondTheJournal) {
  Write("tile/0/001", good_.at("tile/0/000"));
  ExpectLost({"tile/0/001", "beyond the journal"});
  fs::remove(folder_ + "/tile/0/001");
  Write("tile/0/001.p/45", good_.at("tile/0/001.p/44") + std::string(32, 'x'));
  ExpectLost({"tile/0/001.p/45", "beyond the journal"});
}

TEST_F(TileCheckTest, NamesWhatIsNoTile) {
  Write("tile/0/0001", "x");
  ExpectLost({"tile/0/0001", "no tile"});
}

TEST_F(TileCheckTest, TakesAFolderWithoutTiles) {
  fs::remove_all(folder_ + "/tile");
  EXPECT_TRUE(Judge(0).ok());
}

}  // namespace
}  // namespace waystation::cli
