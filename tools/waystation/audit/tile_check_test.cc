#include "tools/waystation/audit/tile_check.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

  // A check that has taken the first leaves.
  TileCheck After(size_t leaves) const {
    TileCheck check(folder_, log_.leaves().size());
    for (size_t i = 0; i < leaves; ++i) EXPECT_TRUE(AddTo(check, i).ok());
    return check;
  }
  absl::Status AddTo(TileCheck& check, size_t i) const {
    return check.Add(log_.leaves()[i], merkle::LeafHash(log_.leaves()[i]), i + 1);
  }
  absl::Status Judge(uint64_t published_size = 300) {
    return GoOn(TileCheck(folder_, published_size), 0);
  }
  // Judges the leaves from `next` on.
  absl::Status GoOn(TileCheck check, size_t next) {
    for (; next < log_.leaves().size(); ++next) {
      absl::Status taken = AddTo(check, next);
      if (!taken.ok()) return taken;
    }
    compared_ = check.compared();
    const absl::Status finished = check.Finish();
    compared_ = check.compared();
    return finished;
  }

  void ExpectLost(const std::vector<std::string>& words, uint64_t published_size = 300) {
    ExpectLost(Judge(published_size), words);
  }
  static void ExpectLost(const absl::Status& status, const std::vector<std::string>& words) {
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    for (const std::string& word : words) {
      ASSERT_THAT(std::string(status.message()), HasSubstr(word));
    }
  }

  // A tile or an entry bundle: its path, and the record of its first leaf.
  struct Place {
    const char* path;
    size_t first;
  };
  // The newest two of each.
  static constexpr Place kTiles[] = {{"tile/0/000", 1}, {"tile/0/001.p/44", 257}};
  static constexpr Place kBundles[] = {{"tile/entries/000", 1}, {"tile/entries/001.p/44", 257}};

  // What a tile or bundle says of each of its leaves.
  std::vector<std::string> PiecesOf(const Place& place) const {
    std::vector<std::string> pieces;
    const std::string& whole = good_.at(place.path);
    for (size_t at = 0; at < whole.size(); at += pieces.back().size()) {
      const bool entries = std::string_view(place.path).starts_with("tile/entries/");
      pieces.push_back(entries ? Entry(log_.leaves()[place.first - 1 + pieces.size()])
                               : whole.substr(at, merkle::kHashBytes));
    }
    EXPECT_EQ(absl::StrJoin(pieces, ""), whole);
    return pieces;
  }
  // Changes each tile and bundle; the first wrong leaf is the one at `wrong`.
  void ExpectNamed(size_t wrong, const std::function<void(std::vector<std::string>&)>& change) {
    for (const Place& place : {kTiles[0], kTiles[1], kBundles[0], kBundles[1]}) {
      std::vector<std::string> pieces = PiecesOf(place);
      change(pieces);
      Write(place.path, absl::StrJoin(pieces, ""));
      ASSERT_NO_FATAL_FAILURE(
          ExpectLost({place.path, absl::StrCat("record ", place.first + wrong, ",")}));
      Write(place.path, good_.at(place.path));
    }
    EXPECT_TRUE(Judge().ok()) << Judge();
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
  // The full bundle is compared with its last leaf, the other one at the end.
  const std::pair<Place, size_t> kCases[] = {{kBundles[0], 255}, {kBundles[1], 300}};
  for (const auto& [place, leaves] : kCases) {
    const TileCheck before = After(leaves);
    std::string bytes = good_.at(place.path);
    size_t byte = 0;
    size_t record = place.first;
    for (const std::string& piece : PiecesOf(place)) {
      const std::string name = absl::StrCat(", record ", record++, ",");
      for (const size_t end = byte + piece.size(); byte < end; ++byte) {
        bytes[byte] ^= static_cast<char>(0x80);
        std::ofstream(absl::StrCat(folder_, "/", place.path), std::ios::binary) << bytes;
        bytes[byte] ^= static_cast<char>(0x80);
        ASSERT_NO_FATAL_FAILURE(
            ExpectLost(GoOn(before, leaves), {place.path, absl::StrCat("at byte ", byte, name)}));
      }
    }
    EXPECT_EQ(byte, bytes.size());
    std::ofstream(absl::StrCat(folder_, "/", place.path), std::ios::binary) << bytes;
  }
}

TEST_F(TileCheckTest, NamesTheRecordOfADroppedLeaf) {
  ExpectNamed(3, [](std::vector<std::string>& pieces) { pieces.erase(pieces.begin() + 3); });
}

TEST_F(TileCheckTest, NamesTheFirstRecordOfLeavesInAnotherOrder) {
  ExpectNamed(7, [](std::vector<std::string>& pieces) { std::swap(pieces[7], pieces[8]); });
}

TEST_F(TileCheckTest, NamesTheRecordBehindADoubledLeaf) {
  ExpectNamed(
      12, [](std::vector<std::string>& pieces) { pieces.insert(pieces.begin() + 12, pieces[11]); });
}

// As many leaves as before, and one of them twice.
TEST_F(TileCheckTest, NamesTheRecordWhosePlaceADoubledLeafTook) {
  ExpectNamed(12, [](std::vector<std::string>& pieces) { pieces[12] = pieces[11]; });
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
