#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "common/journal/segment_journal.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "tests/harness/drafts.h"
#include "tests/harness/operations.h"
#include "tests/harness/test_bus.h"
#include "waystation/journal/v1/record.pb.h"

// Damage to the newest two blocks of a journal that a real broker wrote. Every
// byte through SegmentJournal, a sample through the broker itself.

namespace waystation::harness {
namespace {

constexpr size_t kSectorBytes = 512;
constexpr int kProcessSamples = 20;
constexpr int kPublishes = 12;

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
      // No clean stop: it would add nothing today, but might tomorrow.
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

  absl::Status OpenInProcess(const std::string& directory) {
    journal::SegmentJournal::Options options;
    options.directory = directory;
    options.segment_bytes = 1 << 20;
    return journal::SegmentJournal::Open(options).status();
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
  const size_t files = Contents(bus_.journal_dir()).size();
  std::mt19937_64 random(TestSeed());
  size_t found = 0;
  for (size_t at = begin_; at < end_; ++at) {
    char flipped = static_cast<char>(good[at] ^ static_cast<char>(1 + random() % 255));
    WriteByte(segment_, at, flipped);
    absl::Status status = OpenInProcess(bus_.journal_dir());
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << "byte " << at << ": " << status;
    EXPECT_NE(status.message().find("block"), absl::string_view::npos) << status;
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
    size_t at = begin_ + random() % (end_ - begin_);
    char good = Read(segment_)[at];
    WriteByte(segment_, at, static_cast<char>(good ^ static_cast<char>(1 + random() % 255)));
    auto journal = Contents(bus_.journal_dir());
    auto projection = Contents(bus_.projection_dir());
    fs::resize_file(bus_.broker_log(), 0);
    absl::Status ended = bus_.StartAndFail();
    EXPECT_NE(ended.message().find("exit status 1"), absl::string_view::npos) << ended;
    std::string log = Read(bus_.broker_log());
    EXPECT_NE(log.find("DATA_LOSS"), std::string::npos) << log;
    EXPECT_NE(log.find("block"), std::string::npos) << log;
    EXPECT_TRUE(Contents(bus_.journal_dir()) == journal) << "byte " << at;
    EXPECT_TRUE(Contents(bus_.projection_dir()) == projection) << "byte " << at;
    WriteByte(segment_, at, good);
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

}  // namespace
}  // namespace waystation::harness
