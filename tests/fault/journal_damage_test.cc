#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/journal/segment_journal.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "tests/harness/drafts.h"
#include "tests/harness/operations.h"
#include "tests/harness/test_bus.h"
#include "waystation/journal/v1/record.pb.h"

// Damage to a journal that a real broker wrote. Of its newest two blocks every byte
// through SegmentJournal and a sample through the broker itself; of the whole
// journal a byte of each block, and a sample.

namespace waystation::harness {
namespace {

constexpr size_t kSectorBytes = 512;
constexpr int kProcessSamples = 20;
constexpr int kPublishes = 12;
constexpr int kWholePublishes = 100;
constexpr std::string_view kBlockMark = "WSBK";

namespace fs = std::filesystem;

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

void Write(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

void WriteByte(const fs::path& path, size_t at, char byte) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

// Name -> content of every regular file; what a refused start must not change.
std::map<std::string, std::string> Contents(const std::string& folder) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) contents[entry.path()] = Read(entry.path());
  }
  return contents;
}

// End of what is written in a segment, in whole sectors.
size_t WrittenEnd(const std::string& bytes) {
  size_t last = bytes.find_last_not_of('\0');
  return last == std::string::npos ? 0 : (last / kSectorBytes + 1) * kSectorBytes;
}

// Number of the block that each written sector belongs to, read off the marks that
// blocks begin with (common/journal/README.md); 0 for the segment's own header.
std::vector<uint64_t> BlocksOf(const std::string& bytes) {
  std::vector<uint64_t> blocks(WrittenEnd(bytes) / kSectorBytes);
  for (size_t sector = 1; sector < blocks.size(); ++sector) {
    const size_t data = sector * kSectorBytes + sizeof(uint32_t);  // Behind its checksum.
    blocks[sector] = blocks[sector - 1];
    if (bytes.compare(data, kBlockMark.size(), kBlockMark) != 0) continue;
    blocks[sector] = 0;
    for (size_t i = 8; i-- > 0;) {
      blocks[sector] = blocks[sector] << 8 | static_cast<uint8_t>(bytes[data + 8 + i]);
    }
  }
  return blocks;
}

// What an error says of a byte of that sector's block.
std::string BlockWords(const fs::path& segment, uint64_t block) {
  return absl::StrCat(segment.filename().string(), ": block ", block, ":");
}

char Flipped(char good, std::mt19937_64& random) {
  return static_cast<char>(good ^ static_cast<char>(1 + random() % 255));
}

absl::Status OpenInProcess(const std::string& directory) {
  journal::SegmentJournal::Options options;
  options.directory = directory;
  options.segment_bytes = 1 << 20;
  return journal::SegmentJournal::Open(options).status();
}

// Flips one byte: the broker must end, name its block, and change nothing.
void ExpectBrokerStops(TestBus& bus, const fs::path& segment, size_t at, std::mt19937_64& random) {
  const std::string good = Read(segment);
  const uint64_t block = BlocksOf(good).at(at / kSectorBytes);
  ASSERT_GT(block, 0u);
  WriteByte(segment, at, Flipped(good[at], random));
  auto journal = Contents(bus.journal_dir());
  auto projection = Contents(bus.projection_dir());
  fs::resize_file(bus.broker_log(), 0);
  absl::Status ended = bus.StartAndFail();
  EXPECT_NE(ended.message().find("exit status 1"), absl::string_view::npos) << ended;
  std::string log = Read(bus.broker_log());
  EXPECT_NE(log.find("DATA_LOSS"), std::string::npos) << log;
  EXPECT_NE(log.find(BlockWords(segment, block)), std::string::npos)
      << log << " lacks " << BlockWords(segment, block);
  EXPECT_TRUE(Contents(bus.journal_dir()) == journal) << "byte " << at;
  EXPECT_TRUE(Contents(bus.projection_dir()) == projection) << "byte " << at;
  WriteByte(segment, at, good[at]);
}

class JournalDamageTest : public testing::Test {
 protected:
  JournalDamageTest()
      : bus_({.adjust_genesis = nullptr, .broker_prefix = {}, .segment_bytes = 1 << 20}),
        doj_(bus_, kDoj) {
    do {
      bus_.Start();
      auto channel = bus_.Channel(kDoj);
      for (int i = 0; i < kPublishes; ++i) PublishOne(channel);
      segment_ = NewestSegment();
      begin_ = WrittenEnd(Read(segment_));
      PublishOne(channel);
      last_begin_ = WrittenEnd(Read(segment_));
      PublishOne(channel);
      // No clean stop: it may add a block.
      bus_.Kill();
      end_ = WrittenEnd(Read(segment_));
      // A checkpoint of the audit log may have come between.
    } while (!NewestTwoBlocksAreMessages());
  }

  bool NewestTwoBlocksAreMessages() {
    journal::SegmentJournal::Options options;
    options.directory = bus_.journal_dir();
    options.segment_bytes = 1 << 20;
    auto journal = Must(journal::SegmentJournal::Open(options), "journal");
    std::vector<bool> of_message;
    Require(journal->ReadBlocks(0,
                                [&](const journal::Block& block) {
                                  journal::v1::Record first;
                                  of_message.push_back(
                                      !block.records.empty() &&
                                      first.ParseFromString(std::string(block.records[0])) &&
                                      first.has_accepted());
                                  return absl::OkStatus();
                                }),
            "journal");
    const size_t count = of_message.size();
    return count >= 2 && of_message[count - 1] && of_message[count - 2];
  }

  void PublishOne(const std::shared_ptr<grpc::Channel>& channel) {
    auto header = doj_.Report(kIns);
    ids_.push_back(header.id());
    Require(Publish(channel, doj_.Sign(header, "payload of a report")).status(), "publish");
  }

  // The one with the most written: the next ones are prepared and empty.
  fs::path NewestSegment() {
    fs::path newest;
    for (const auto& entry : fs::directory_iterator(bus_.journal_dir())) {
      if (!entry.is_regular_file() || entry.file_size() < (1 << 20)) continue;
      std::string bytes = Read(entry.path());
      bool later = newest.empty() || entry.path().filename() > newest.filename();
      if (WrittenEnd(bytes) > kSectorBytes && later) newest = entry.path();
    }
    WS_CHECK(!newest.empty());
    return newest;
  }

  TestBus bus_;
  Drafts doj_;
  std::vector<std::string> ids_;
  fs::path segment_;
  size_t begin_ = 0;       // Of the last block but one.
  size_t last_begin_ = 0;  // Of the last block.
  size_t end_ = 0;
};

TEST_F(JournalDamageTest, EveryFlippedByteOfTheNewestTwoBlocksIsFound) {
  ASSERT_LT(begin_, last_begin_);
  ASSERT_LT(last_begin_, end_);
  const std::string good = Read(segment_);
  const std::vector<uint64_t> blocks = BlocksOf(good);
  const size_t files = Contents(bus_.journal_dir()).size();
  std::mt19937_64 random(TestSeed());
  size_t found = 0;
  for (size_t at = begin_; at < end_; ++at) {
    const char flipped = Flipped(good[at], random);
    WriteByte(segment_, at, flipped);
    absl::Status status = OpenInProcess(bus_.journal_dir());
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << "byte " << at << ": " << status;
    EXPECT_NE(status.message().find(BlockWords(segment_, blocks[at / kSectorBytes])),
              absl::string_view::npos)
        << status;
    found += status.code() == absl::StatusCode::kDataLoss ? 1 : 0;
    if (at % 97 == 0) {
      std::string now = Read(segment_);
      ASSERT_EQ(now[at], flipped);
      now[at] = good[at];
      ASSERT_TRUE(now == good) << "opening changed the segment";
    }
    WriteByte(segment_, at, good[at]);
  }
  EXPECT_TRUE(Read(segment_) == good);
  EXPECT_EQ(Contents(bus_.journal_dir()).size(), files) << "opening made or removed files";
  std::cout << found << " of " << end_ - begin_ << " flipped bytes found" << std::endl;
  EXPECT_TRUE(OpenInProcess(bus_.journal_dir()).ok());
}

TEST_F(JournalDamageTest, TheBrokerStopsAndNamesTheBlockAndChangesNothing) {
  std::mt19937_64 random(TestSeed());
  for (int i = 0; i < kProcessSamples; ++i) {
    const size_t at = begin_ + random() % (end_ - begin_);
    ASSERT_NO_FATAL_FAILURE(ExpectBrokerStops(bus_, segment_, at, random));
  }
  bus_.Start();
  EXPECT_TRUE(GetPublishOutcome(bus_.Channel(kDoj), ids_.back()).ok());
}

// A write that the power cut off: some of the last block's sectors never came
// to the disk. What was before it stays.
TEST_F(JournalDamageTest, ATornLastWriteIsCutAndTheBrokerStarts) {
  const std::string good = Read(segment_);
  const size_t sectors = (end_ - last_begin_) / kSectorBytes;
  ASSERT_GE(sectors, 1u);
  for (size_t torn = 1; torn <= sectors; ++torn) {
    std::string cut = good;
    std::fill(cut.begin() + static_cast<ptrdiff_t>(end_ - torn * kSectorBytes),
              cut.begin() + static_cast<ptrdiff_t>(end_), '\0');
    Write(segment_, cut);
    // What the log signed last stands beside its key, and a broker whose journal lost
    // what was signed does not start. A real torn write was never signed.
    fs::remove(bus_.layout().AuditLogKeyPath() + ".last");
    bus_.Start();
    auto channel = bus_.Channel(kDoj);
    EXPECT_FALSE(GetPublishOutcome(channel, ids_.back()).ok()) << torn;
    EXPECT_TRUE(GetPublishOutcome(channel, ids_[ids_.size() - 2]).ok()) << torn;
    EXPECT_TRUE(Publish(channel, doj_.Sign(doj_.Report(kIns), "after")).ok());
    bus_.Kill();
  }
  std::cout << sectors << " sectors torn one after the other" << std::endl;
}

// The same in the middle of the journal is no torn write.
TEST_F(JournalDamageTest, ZeroesBeforeTheLastBlockAreDamage) {
  const std::string good = Read(segment_);
  for (size_t at = begin_; at < last_begin_; at += kSectorBytes) {
    std::string holed = good;
    std::fill(holed.begin() + static_cast<ptrdiff_t>(at),
              holed.begin() + static_cast<ptrdiff_t>(at + kSectorBytes), '\0');
    Write(segment_, holed);
    EXPECT_EQ(OpenInProcess(bus_.journal_dir()).code(), absl::StatusCode::kDataLoss) << at;
    EXPECT_TRUE(Read(segment_) == holed);
  }
}

// Several segments, snapshots on the way, and one that a clean stop left: a start
// needs none of the old blocks then, and still goes by none that is damaged.
class WholeJournalDamageTest : public testing::Test {
 protected:
  // A place in a block, anywhere in the journal.
  struct Place {
    fs::path segment;
    size_t at = 0;
    uint64_t block = 0;
  };

  WholeJournalDamageTest()
      : bus_({.adjust_genesis = nullptr,
              .broker_prefix = {},
              .segment_bytes = 128 << 10,
              .snapshot_records = 50}),
        doj_(bus_, kDoj),
        random_(TestSeed()) {
    bus_.Start();
    auto channel = bus_.Channel(kDoj);
    for (int i = 0; i < kWholePublishes; ++i) {
      auto header = doj_.Report(kIns);
      ids_.push_back(header.id());
      Require(Publish(channel, doj_.Sign(header, std::string(2'000, 'p'))).status(), "publish");
    }
    bus_.Stop();
    FindBlocks();
  }

  void FindBlocks() {
    for (const auto& entry : fs::directory_iterator(bus_.journal_dir())) {
      if (entry.path().extension() != ".wsj") continue;
      const std::vector<uint64_t> blocks = BlocksOf(Read(entry.path()));
      for (size_t sector = 1; sector < blocks.size(); ++sector) {
        segments_.insert(entry.path());
        by_block_[blocks[sector]].push_back(
            {.segment = entry.path(), .at = sector * kSectorBytes, .block = blocks[sector]});
      }
    }
  }

  // A random byte of a block.
  Place AnyByte(uint64_t block) {
    const std::vector<Place>& sectors = by_block_.at(block);
    Place byte = sectors[random_() % sectors.size()];
    byte.at += random_() % kSectorBytes;
    return byte;
  }

  TestBus bus_;
  Drafts doj_;
  std::mt19937_64 random_;
  std::vector<std::string> ids_;
  std::set<fs::path> segments_;
  std::map<uint64_t, std::vector<Place>> by_block_;
};

TEST_F(WholeJournalDamageTest, AFlippedByteOfAnyBlockIsFoundAndItsBlockNamed) {
  ASSERT_GE(segments_.size(), 3u);
  ASSERT_GE(by_block_.size(), static_cast<size_t>(kWholePublishes));
  ASSERT_EQ(by_block_.begin()->first, 1u);
  ASSERT_EQ(by_block_.rbegin()->first, by_block_.size()) << "a block number is missing";
  const auto before = Contents(bus_.journal_dir());
  for (const auto& [block, sectors] : by_block_) {
    const Place byte = AnyByte(block);
    const char good = Read(byte.segment)[byte.at];
    WriteByte(byte.segment, byte.at, Flipped(good, random_));
    absl::Status status = OpenInProcess(bus_.journal_dir());
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << "byte " << byte.at << ": " << status;
    EXPECT_NE(status.message().find(BlockWords(byte.segment, block)), absl::string_view::npos)
        << status << " lacks " << BlockWords(byte.segment, block);
    WriteByte(byte.segment, byte.at, good);
  }
  EXPECT_TRUE(Contents(bus_.journal_dir()) == before) << "opening changed a file";
  std::cout << by_block_.size() << " blocks in " << segments_.size() << " segments" << std::endl;
}

TEST_F(WholeJournalDamageTest, TheBrokerStopsAtDamageThatItsSnapshotHasPassed) {
  const uint64_t blocks = by_block_.rbegin()->first;
  for (uint64_t i = 0; i < kProcessSamples; ++i) {
    // From the first block to the last, evenly.
    const Place byte = AnyByte(1 + i * (blocks - 1) / (kProcessSamples - 1));
    ASSERT_NO_FATAL_FAILURE(ExpectBrokerStops(bus_, byte.segment, byte.at, random_));
  }
  bus_.Start();
  EXPECT_GT(bus_.ReplayedFrom(), 2u * kWholePublishes) << "no snapshot was there";
  auto channel = bus_.Channel(kDoj);
  for (const std::string& id : ids_) EXPECT_TRUE(GetPublishOutcome(channel, id).ok()) << id;
}

}  // namespace
}  // namespace waystation::harness
