// What only the journal in files promises: opening, rotation, failures.
#include "common/journal/segment_journal.h"

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "common/journal/journal_testing.h"
#include "gtest/gtest.h"

namespace waystation::journal {
namespace {

constexpr uint64_t kSmallSegment = 8192;  // 15 sectors for blocks.

SegmentJournal::Options Small(const TempDirectory& directory, FileOps* ops = nullptr) {
  return {.directory = directory.path(), .segment_bytes = kSmallSegment, .file_ops = ops};
}

std::unique_ptr<SegmentJournal> OpenOrDie(const SegmentJournal::Options& options) {
  auto journal = SegmentJournal::Open(options);
  EXPECT_TRUE(journal.ok()) << journal.status();
  return journal.ok() ? *std::move(journal) : nullptr;
}

OwnedBlock Numbered(int n, size_t payload_bytes = 1500) {
  return {.records = {"record " + std::to_string(n)},
          .payloads = {std::string(payload_bytes, static_cast<char>('a' + n % 26))}};
}

TEST(SegmentJournalTest, KeepsEverythingAcrossReopening) {
  TempDirectory directory;
  std::vector<OwnedBlock> appended;
  for (int round = 0; round < 10; round++) {
    auto journal = OpenOrDie(Small(directory));
    EXPECT_EQ(ReadOwned(*journal).value(), appended);
    for (int i = 0; i < 3; i++) {
      appended.push_back(Numbered(round * 3 + i));
      ASSERT_TRUE(AppendOwned(*journal, appended.back()).committed());
    }
  }
  EXPECT_GT(ReadSegments(directory.path()).size(), 5u);
}

TEST(SegmentJournalTest, BlocksOfEverySizeRotateAcrossSegments) {
  TempDirectory directory;
  auto journal = OpenOrDie(Small(directory));
  std::vector<OwnedBlock> appended;
  // Up to the largest that fits in a segment of 15 sectors.
  for (size_t bytes = 0; bytes <= 7400; bytes += 97) {
    appended.push_back(Numbered(static_cast<int>(bytes), bytes));
    AppendOutcome outcome = AppendOwned(*journal, appended.back());
    ASSERT_TRUE(outcome.committed()) << outcome.status;
  }
  EXPECT_EQ(ReadOwned(*journal).value(), appended);
  journal.reset();
  EXPECT_EQ(ReadOwned(*OpenOrDie(Small(directory))).value(), appended);
}

TEST(SegmentJournalTest, RefusesABlockThatDoesNotFitInASegmentAndGoesOn) {
  TempDirectory directory;
  auto journal = OpenOrDie(Small(directory));
  AppendOutcome outcome = AppendOwned(*journal, Numbered(1, 8000));
  EXPECT_EQ(outcome.result, AppendResult::kRefused);
  EXPECT_TRUE(absl::IsInvalidArgument(outcome.status)) << outcome.status;
  EXPECT_TRUE(AppendOwned(*journal, Numbered(1)).committed());
}

TEST(SegmentJournalTest, ExistingSegmentsKeepTheirSize) {
  TempDirectory directory;
  std::vector<OwnedBlock> appended;
  for (uint64_t bytes : {kSmallSegment, uint64_t{65536}, uint64_t{4096}}) {
    SegmentJournal::Options options = Small(directory);
    options.segment_bytes = bytes;
    auto journal = OpenOrDie(options);
    for (int i = 0; i < 60; i++) {
      appended.push_back(Numbered(i));
      ASSERT_TRUE(AppendOwned(*journal, appended.back()).committed());
    }
    EXPECT_EQ(ReadOwned(*journal).value(), appended);
  }
  EXPECT_EQ(ReadOwned(*OpenOrDie(Small(directory))).value(), appended);
}

TEST(SegmentJournalTest, OneProcessAtATimeOwnsTheDirectory) {
  TempDirectory directory;
  auto journal = OpenOrDie(Small(directory));
  auto second = SegmentJournal::Open(Small(directory));
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status())) << second.status();
  journal.reset();
  EXPECT_TRUE(SegmentJournal::Open(Small(directory)).ok());
}

TEST(SegmentJournalTest, MustExistRefusesToBeginAnew) {
  TempDirectory directory;
  SegmentJournal::Options options = Small(directory);
  options.must_exist = true;
  EXPECT_TRUE(absl::IsNotFound(SegmentJournal::Open(options).status()));
  EXPECT_TRUE(ReadSegments(directory.path()).empty());
  options.directory += "/none";
  EXPECT_TRUE(absl::IsNotFound(SegmentJournal::Open(options).status()));
  EXPECT_FALSE(std::filesystem::exists(options.directory));
  options.must_exist = false;
  OpenOrDie(options);
  options.must_exist = true;
  EXPECT_TRUE(SegmentJournal::Open(options).ok());
}

TEST(SegmentJournalTest, RefusesSegmentSizesOutOfRange) {
  TempDirectory directory;
  for (uint64_t bytes : {0ull, 4095ull, 4097ull, 3584ull, 1ull << 32}) {
    SegmentJournal::Options options = Small(directory);
    options.segment_bytes = bytes;
    EXPECT_TRUE(absl::IsInvalidArgument(SegmentJournal::Open(options).status())) << bytes;
  }
}

TEST(SegmentJournalTest, VerifyAllReportsEveryBlock) {
  TempDirectory directory;
  auto journal = OpenOrDie(Small(directory));
  for (int i = 0; i < 20; i++) ASSERT_TRUE(AppendOwned(*journal, Numbered(i)).committed());
  std::vector<uint64_t> seen;
  EXPECT_TRUE(journal
                  ->VerifyAll([&](uint64_t block, uint64_t last) {
                    seen.push_back(block);
                    EXPECT_EQ(last, 20u);
                  })
                  .ok());
  EXPECT_EQ(seen.size(), 20u);
  EXPECT_TRUE(journal->VerifyAll(nullptr).ok());
}

TEST(SegmentJournalTest, PartialVerificationLeavesTheRestToVerifyAll) {
  TempDirectory directory;
  {
    auto journal = OpenOrDie(Small(directory));
    for (int i = 0; i < 8; i++) ASSERT_TRUE(AppendOwned(*journal, Numbered(i)).committed());
  }
  Files files = ReadSegments(directory.path());
  const Files good = files;
  // Each block is 4 sectors, 3 to a segment: the second of block 1.
  files.begin()->second[2 * 512 + 100] ^= 1;
  WriteSegments(directory.path(), files);
  EXPECT_TRUE(absl::IsDataLoss(SegmentJournal::Open(Small(directory)).status()));
  SegmentJournal::Options partial = Small(directory);
  partial.verify_from_block = 2;
  auto journal = OpenOrDie(partial);
  EXPECT_EQ(journal->head().block_number, 8u);
  absl::Status verified = journal->VerifyAll(nullptr);
  EXPECT_TRUE(absl::IsDataLoss(verified));
  EXPECT_NE(std::string(verified.message()).find("block 1: byte offset 1024"), std::string::npos)
      << verified;
  journal.reset();
  // The end is verified whole whatever the option says.
  files = good;
  (++ ++files.begin())->second[512 + 4 * 512 + 700] ^= 1;
  WriteSegments(directory.path(), files);
  partial.verify_from_block = 1000;
  EXPECT_TRUE(absl::IsDataLoss(SegmentJournal::Open(partial).status()));
}

TEST(SegmentJournalTest, FullDiskRefusesBeforeAnythingIsWrittenAndGoesOnWhenThereIsSpace) {
  TempDirectory directory;
  std::atomic<bool> full = false;
  HookedFileOps ops([&](std::string_view call, const std::string& path) {
    return full && call == "pwrite" && path.ends_with(".new") ? ENOSPC : 0;
  });
  auto journal = OpenOrDie(Small(directory, &ops));
  std::vector<OwnedBlock> appended;
  full = true;
  AppendOutcome outcome;
  for (int i = 0; i < 100; i++) {
    outcome = AppendOwned(*journal, Numbered(i));
    if (!outcome.committed()) break;
    appended.push_back(Numbered(i));
  }
  EXPECT_EQ(outcome.result, AppendResult::kRefused);
  EXPECT_TRUE(absl::IsResourceExhausted(outcome.status)) << outcome.status;
  EXPECT_EQ(ReadOwned(*journal).value(), appended);
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    EXPECT_NE(entry.path().extension(), ".new");
  }
  full = false;
  appended.push_back(Numbered(7));
  EXPECT_TRUE(AppendOwned(*journal, appended.back()).committed());
  journal.reset();
  EXPECT_EQ(ReadOwned(*OpenOrDie(Small(directory))).value(), appended);
}

TEST(SegmentJournalTest, FullDiskAtTheBeginningIsSaid) {
  TempDirectory directory;
  HookedFileOps ops(
      [](std::string_view call, const std::string&) { return call == "pwrite" ? ENOSPC : 0; });
  auto journal = SegmentJournal::Open(Small(directory, &ops));
  EXPECT_TRUE(absl::IsResourceExhausted(journal.status())) << journal.status();
  EXPECT_TRUE(SegmentJournal::Open(Small(directory)).ok());
}

TEST(SegmentJournalTest, FailedSyncStopsForGoodAndIsNeverTriedAgain) {
  for (std::string_view failing : {"pwrite", "fdatasync"}) {
    TempDirectory directory;
    std::atomic<bool> fail = false;
    std::atomic<int> later_calls = 0;
    HookedFileOps ops([&](std::string_view call, const std::string& path) {
      if (!path.ends_with(".wsj") || (call != "pwrite" && call != "fdatasync")) return 0;
      if (fail && call == failing) {
        fail = false;  // The next call would succeed, as Linux lets a second fsync do.
        later_calls = 0;
        return EIO;
      }
      later_calls++;
      return 0;
    });
    auto journal = OpenOrDie(Small(directory, &ops));
    AppendOutcome kept = AppendOwned(*journal, Numbered(1));
    ASSERT_TRUE(kept.committed());
    fail = true;
    AppendOutcome outcome = AppendOwned(*journal, Numbered(2));
    EXPECT_EQ(outcome.result, AppendResult::kUnknown);
    EXPECT_TRUE(absl::IsUnavailable(outcome.status)) << outcome.status;
    outcome = AppendOwned(*journal, Numbered(2));
    EXPECT_EQ(outcome.result, AppendResult::kUnknown);
    EXPECT_TRUE(absl::IsUnavailable(outcome.status)) << outcome.status;
    EXPECT_TRUE(absl::IsUnavailable(ReadOwned(*journal).status()));
    EXPECT_TRUE(absl::IsUnavailable(journal->ReadPayload(kept.payloads[0]).status()));
    EXPECT_TRUE(absl::IsUnavailable(journal->VerifyAll(nullptr)));
    EXPECT_FALSE(journal->WaitFor(1, absl::Minutes(1)));
    EXPECT_EQ(later_calls, 0);
  }
}

// Fails the n-th system call, for every n, and opens again without failures:
// what was committed is there, in order, with nothing else but the one block
// whose outcome was unknown.
TEST(SegmentJournalTest, NoSystemCallCanFailSoThatACommittedBlockIsLost) {
  for (int error : {EIO, ENOSPC}) {
    bool reached = true;
    for (int n = 1; reached; n++) {
      SCOPED_TRACE(testing::Message() << "call " << n << " errno " << error);
      TempDirectory directory;
      std::atomic<int> calls = 0;
      HookedFileOps ops(
          [&](std::string_view, const std::string&) { return ++calls == n ? error : 0; });
      std::vector<OwnedBlock> committed;
      std::vector<OwnedBlock> unknown;
      if (auto journal = SegmentJournal::Open(Small(directory, &ops)); journal.ok()) {
        for (int i = 0; i < 8 && unknown.empty(); i++) {
          AppendOutcome outcome = AppendOwned(**journal, Numbered(i));
          if (outcome.committed()) committed.push_back(Numbered(i));
          if (outcome.result == AppendResult::kUnknown) unknown.push_back(Numbered(i));
          ASSERT_NE(outcome.result, AppendResult::kFenced);
        }
      }
      reached = calls >= n;
      auto blocks = ReadOwned(*OpenOrDie(Small(directory)));
      ASSERT_TRUE(blocks.ok()) << blocks.status();
      if (blocks->size() > committed.size()) {
        committed.insert(committed.end(), unknown.begin(), unknown.end());
      }
      ASSERT_EQ(*blocks, committed);
    }
  }
}

}  // namespace
}  // namespace waystation::journal
