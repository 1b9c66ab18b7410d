// Every kind of damage to the files, and every torn write.
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
constexpr char kSecond[] = "segment-00000000000000000002.wsj";
constexpr char kThird[] = "segment-00000000000000000003.wsj";

SegmentJournal::Options In(const TempDirectory& directory) {
  return {.directory = directory.path(), .segment_bytes = kSegment};
}

// A journal of `blocks` blocks of three sectors each.
Files MakeJournal(const TempDirectory& directory, int blocks) {
  auto journal = SegmentJournal::Open(In(directory));
  EXPECT_TRUE(journal.ok()) << journal.status();
  for (int i = 1; i <= blocks; i++) {
    OwnedBlock block{.records = {absl::StrCat("record ", i), "second"},
                     .payloads = {std::string(1100, static_cast<char>('a' + i))}};
    EXPECT_TRUE(AppendOwned(**journal, block).committed());
  }
  journal->reset();
  return ReadSegments(directory.path());
}

// Opens the damaged files: that must fail with DATA_LOSS whose text holds all
// of `words`, and change no byte.
void ExpectDataLoss(const TempDirectory& directory, const Files& damaged,
                    const std::vector<std::string>& words) {
  WriteSegments(directory.path(), damaged);
  auto opened = SegmentJournal::Open(In(directory));
  ASSERT_TRUE(absl::IsDataLoss(opened.status())) << opened.status();
  for (const std::string& word : words) {
    ASSERT_NE(std::string(opened.status().message()).find(word), std::string::npos)
        << opened.status() << " lacks " << word;
  }
  ASSERT_TRUE(ReadSegments(directory.path()) == damaged) << "a file was changed";
}

uint64_t ReadHead(const TempDirectory& directory) {
  auto journal = SegmentJournal::Open(In(directory));
  EXPECT_TRUE(journal.ok()) << journal.status();
  if (!journal.ok()) return 0;
  EXPECT_TRUE((*journal)->VerifyAll(nullptr).ok());
  return (*journal)->head().block_number;
}

TEST(SegmentDamageTest, EveryByteOfTheNewestTwoBlocksIsGuarded) {
  TempDirectory directory;
  const Files good = MakeJournal(directory, 4);
  for (unsigned char flip : {0x01, 0xff}) {
    for (uint64_t sector = 7; sector < 13; sector++) {
      const std::string block = absl::StrCat("block ", (sector - 1) / 3 + 1, ":");
      const std::string offset = absl::StrCat("byte offset ", sector * 512, ":");
      for (uint64_t byte = 0; byte < 512; byte++) {
        Files damaged = good;
        damaged[kFirst][sector * 512 + byte] ^= flip;
        ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {kFirst, block, offset}));
      }
    }
  }
  WriteSegments(directory.path(), good);
  EXPECT_EQ(ReadHead(directory), 4u);
}

TEST(SegmentDamageTest, EveryByteOfTheSegmentHeaderIsGuarded) {
  TempDirectory directory;
  const Files good = MakeJournal(directory, 2);
  for (const char* name : {kFirst, kSecond}) {
    for (uint64_t byte = 0; byte < 512; byte++) {
      Files damaged = good;
      damaged[name][byte] ^= 0x10;
      ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {name, "segment header"}));
    }
  }
}

TEST(SegmentDamageTest, AnyByteAfterTheEndIsDataLoss) {
  TempDirectory directory;
  const Files good = MakeJournal(directory, 4);
  for (const char* name : {kFirst, kSecond, kThird}) {
    for (uint64_t byte = name == kFirst ? 13 * 512 : 512; byte < kSegment; byte += 61) {
      Files damaged = good;
      damaged[name][byte] = 1;
      const std::string offset = absl::StrCat("byte offset ", byte / 512 * 512, ":");
      ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {name, "block 5:", offset}));
    }
  }
}

TEST(SegmentDamageTest, ZeroedSectorBeforeTheLastBlockIsDataLoss) {
  TempDirectory directory;
  const Files good = MakeJournal(directory, 7);  // 5 in the first segment.
  for (uint64_t sector = 1; sector <= 15; sector++) {
    Files damaged = good;
    damaged[kFirst].replace(sector * 512, 512, 512, '\0');
    const std::string block = absl::StrCat("block ", (sector - 1) / 3 + 1, ":");
    // Zeros at the end of the first segment show in the second.
    ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {block}));
  }
  Files damaged = good;
  damaged[kFirst].replace(13 * 512, 3 * 512, 3 * 512, '\0');
  ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {kSecond, "block 5:"}));
}

TEST(SegmentDamageTest, MissingShortExchangedAndForeignFilesAreDataLoss) {
  TempDirectory directory;
  const Files good = MakeJournal(directory, 12);  // Segments 1 to 3 in use, 4 and 5 ahead.
  ASSERT_EQ(good.size(), 5u);
  TempDirectory other_directory;
  const Files other = MakeJournal(other_directory, 12);

  for (const char* name : {kFirst, kSecond, kThird}) {
    Files damaged = good;
    damaged.erase(name);
    ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {name, "missing"}));

    damaged = good;
    damaged[name].resize(kSegment - 512);
    ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {name, "file length"}));
    damaged[name].resize(100);
    ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {name, "shortened"}));
    damaged[name] = good.at(name) + std::string(512, '\0');
    ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {name, "file length"}));

    damaged = good;
    damaged[name] = other.at(name);
    ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {"another journal"}));
  }
  Files damaged = good;
  std::swap(damaged[kFirst], damaged[kSecond]);
  ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {kFirst, "file of segment 2"}));

  // The last files gone: a segment in use always has one after it.
  damaged = {{kFirst, good.at(kFirst)}, {kSecond, good.at(kSecond)}};
  ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {kThird, "missing"}));
}

TEST(SegmentDamageTest, BlockOfAnotherPlaceIsDataLoss) {
  TempDirectory directory;
  const Files good = MakeJournal(directory, 4);
  Files damaged = good;
  damaged[kFirst].replace(13 * 512, 3 * 512, good.at(kFirst).substr(10 * 512, 3 * 512));
  ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {kFirst, "block 5:"}));
  damaged = good;
  damaged[kFirst].replace(10 * 512, 3 * 512, good.at(kFirst).substr(7 * 512, 3 * 512));
  ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {kFirst, "block 4:"}));
}

// The last block's sectors in every combination of written and not: cut unless
// all are there, and the journal goes on.
TEST(SegmentDamageTest, EveryTornLastBlockIsCut) {
  for (int blocks : {1, 4, 6}) {  // The sixth is the first of the second segment.
    TempDirectory directory;
    const Files after = MakeJournal(directory, blocks);
    const char* name = blocks == 6 ? kSecond : kFirst;
    const uint64_t start = static_cast<uint64_t>((blocks - 1) % 5) * 3 + 1;
    for (unsigned written = 0; written < 8; written++) {
      SCOPED_TRACE(testing::Message() << blocks << " blocks, sectors " << written);
      Files torn = after;
      Files cut = after;
      for (uint64_t i = 0; i < 3; i++) {
        cut[name].replace((start + i) * 512, 512, 512, '\0');
        if ((written >> i & 1) == 0) torn[name].replace((start + i) * 512, 512, 512, '\0');
      }
      WriteSegments(directory.path(), torn);
      EXPECT_EQ(ReadHead(directory), written == 7 ? blocks : blocks - 1);
      EXPECT_TRUE(ReadSegments(directory.path()) == (written == 7 ? after : cut));
      auto journal = SegmentJournal::Open(In(directory));
      OwnedBlock next{.records = {"next"}, .payloads = {}};
      EXPECT_TRUE(AppendOwned(**journal, next).committed());
    }
  }
}

TEST(SegmentDamageTest, EveryPrefixOfALargeTornBlockIsCut) {
  TempDirectory directory;
  {
    auto journal = SegmentJournal::Open(In(directory));
    ASSERT_TRUE(AppendOwned(**journal, {.records = {"first"}, .payloads = {}}).committed());
    OwnedBlock large{.records = {std::string(3000, 'r')}, .payloads = {std::string(3500, 'p')}};
    ASSERT_TRUE(AppendOwned(**journal, large).committed());
  }
  const Files after = ReadSegments(directory.path());
  for (uint64_t end = 2; end <= 16; end++) {
    Files torn = after;
    torn[kFirst].replace(end * 512, std::string::npos, kSegment - end * 512, '\0');
    WriteSegments(directory.path(), torn);
    EXPECT_EQ(ReadHead(directory), end == 16 ? 2u : 1u) << end;
  }
}

TEST(SegmentDamageTest, TornBlockWithABadByteIsDataLoss) {
  TempDirectory directory;
  Files torn = MakeJournal(directory, 4);
  torn[kFirst].replace(11 * 512, 512, 512, '\0');
  Files damaged = torn;
  damaged[kFirst][12 * 512 + 300] ^= 1;
  ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {"block 4:", "byte offset 6144"}));
  damaged = torn;
  damaged[kFirst][10 * 512 + 300] ^= 1;
  ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {"block 4:", "byte offset 5120"}));
  damaged = torn;
  damaged[kSecond][600] = 1;
  ASSERT_NO_FATAL_FAILURE(ExpectDataLoss(directory, damaged, {kSecond, "block 4:"}));
}

TEST(SegmentDamageTest, DamageWhileRunningIsFoundByReading) {
  TempDirectory directory;
  auto journal = SegmentJournal::Open(In(directory));
  AppendOutcome outcome =
      AppendOwned(**journal, {.records = {"r"}, .payloads = {std::string(1100, 'p')}});
  ASSERT_TRUE(outcome.committed());
  Files files = ReadSegments(directory.path());
  files[kFirst][2 * 512 + 100] ^= 1;
  WriteSegments(directory.path(), files);
  auto payload = (*journal)->ReadPayload(outcome.payloads[0]);
  EXPECT_TRUE(absl::IsDataLoss(payload.status())) << payload.status();
  EXPECT_NE(std::string(payload.status().message()).find("block 1:"), std::string::npos);
  EXPECT_TRUE(absl::IsDataLoss((*journal)->VerifyAll(nullptr)));
}

}  // namespace
}  // namespace waystation::journal
