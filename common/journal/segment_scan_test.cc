#include "common/journal/segment_scan.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/journal/journal_testing.h"
#include "common/journal/segment_journal.h"
#include "gtest/gtest.h"

namespace waystation::journal {
namespace {

constexpr uint64_t kSegment = 8192;
constexpr char kFirst[] = "segment-00000000000000000001.wsj";

SegmentJournal::Options In(const TempDirectory& directory) {
  return {.directory = directory.path(), .segment_bytes = kSegment};
}

void AddBlocks(SegmentJournal& journal, int blocks) {
  for (int i = 1; i <= blocks; i++) {
    OwnedBlock block{.records = {absl::StrCat("record ", i), "second"},
                     .payloads = {std::string(1100, static_cast<char>('a' + i))}};
    ASSERT_TRUE(AppendOwned(journal, block).committed());
  }
}

// A closed journal of `blocks` blocks of three sectors each, five in a segment.
Files MakeJournal(const TempDirectory& directory, int blocks) {
  auto journal = SegmentJournal::Open(In(directory));
  EXPECT_TRUE(journal.ok()) << journal.status();
  AddBlocks(**journal, blocks);
  journal->reset();
  return ReadSegments(directory.path());
}

absl::StatusOr<ScannedEnd> Scan(const TempDirectory& directory,
                                std::vector<std::string>* records = nullptr) {
  return ScanDirectory(directory.path(), [&](const Block& block) {
    for (std::string_view record : block.records) {
      if (records != nullptr) records->emplace_back(record);
    }
    return absl::OkStatus();
  });
}

TEST(SegmentScanTest, ReadsEveryBlockOfEverySegment) {
  TempDirectory directory;
  MakeJournal(directory, 12);
  std::vector<std::string> records;
  auto end = Scan(directory, &records);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(records.size(), 24u);
  EXPECT_EQ(records[2], "record 2");
  EXPECT_FALSE(end->torn);
  auto opened = SegmentJournal::Open(In(directory));
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(end->head, (*opened)->head());
}

TEST(SegmentScanTest, ReadsBesideTheBrokerThatHoldsTheFolder) {
  TempDirectory directory;
  auto journal = SegmentJournal::Open(In(directory));
  ASSERT_TRUE(journal.ok());
  AddBlocks(**journal, 3);
  auto end = Scan(directory);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->head, (*journal)->head());
  AddBlocks(**journal, 1);
}

TEST(SegmentScanTest, ReadsACopyThatMayNotBeWritten) {
  TempDirectory directory;
  MakeJournal(directory, 3);
  std::filesystem::remove(absl::StrCat(directory.path(), "/lock"));
  for (const auto& file : std::filesystem::directory_iterator(directory.path())) {
    std::filesystem::permissions(file.path(), std::filesystem::perms::owner_read);
  }
  EXPECT_TRUE(Scan(directory).ok());
  EXPECT_FALSE(std::filesystem::exists(absl::StrCat(directory.path(), "/lock")));
}

TEST(SegmentScanTest, LeavesATornBlockAsItIsAndSaysSo) {
  TempDirectory directory;
  Files files = MakeJournal(directory, 4);
  files[kFirst].replace(11 * 512, 512, 512, '\0');
  WriteSegments(directory.path(), files);
  auto end = Scan(directory);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_TRUE(end->torn);
  EXPECT_EQ(end->head.block_number, 3u);
  EXPECT_TRUE(ReadSegments(directory.path()) == files);
}

TEST(SegmentScanTest, NamesBlockAndRecordsOfEveryByteOfTheNewestTwoBlocks) {
  TempDirectory directory;
  const Files good = MakeJournal(directory, 4);
  for (uint64_t byte = 7 * 512; byte < 13 * 512; byte++) {
    Files damaged = good;
    damaged[kFirst][byte] ^= 0x01;
    WriteSegments(directory.path(), damaged);
    auto end = Scan(directory);
    ASSERT_TRUE(absl::IsDataLoss(end.status())) << byte << ": " << end.status();
    // Two records a block. How many it has stands in its first sector.
    const uint64_t block = (byte / 512 - 1) / 3 + 1;
    const bool first_sector = (byte / 512 - 1) % 3 == 0;
    const std::string records =
        first_sector ? absl::StrCat("records ", 2 * block - 1, " and on:")
                     : absl::StrCat("records ", 2 * block - 1, " to ", 2 * block, ":");
    for (const std::string& named : {absl::StrCat("block ", block, ":"), records}) {
      ASSERT_NE(std::string(end.status().message()).find(named), std::string::npos)
          << end.status() << " lacks " << named;
    }
    ASSERT_TRUE(ReadSegments(directory.path()) == damaged);
  }
}

TEST(SegmentScanTest, StopsAtTheCallersError) {
  TempDirectory directory;
  MakeJournal(directory, 4);
  int blocks = 0;
  auto end = ScanDirectory(directory.path(), [&](const Block&) {
    return ++blocks == 2 ? absl::CancelledError("enough") : absl::OkStatus();
  });
  EXPECT_TRUE(absl::IsCancelled(end.status()));
  EXPECT_EQ(blocks, 2);
}

TEST(SegmentScanTest, RefusesAFolderWithoutAJournal) {
  TempDirectory directory;
  EXPECT_TRUE(absl::IsNotFound(Scan(directory).status()));
}

}  // namespace
}  // namespace waystation::journal
