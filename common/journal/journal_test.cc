// The contract of Journal, for every implementation.
#include "common/journal/journal.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/journal/fake_journal.h"
#include "common/journal/journal_testing.h"
#include "common/journal/segment_journal.h"
#include "gtest/gtest.h"

namespace waystation::journal {
namespace {

struct MakeFake {
  FakeJournal journal;
  Journal& get() { return journal; }
};

struct MakeSegment {
  MakeSegment() {
    auto opened = SegmentJournal::Open({.directory = directory.path(), .segment_bytes = 64 << 10});
    EXPECT_TRUE(opened.ok()) << opened.status();
    journal = *std::move(opened);
  }
  TempDirectory directory;
  std::unique_ptr<SegmentJournal> journal;
  Journal& get() { return *journal; }
};

template <typename Make>
class JournalTest : public testing::Test {
 protected:
  Journal& journal() { return make_.get(); }

 private:
  Make make_;
};

using Makes = testing::Types<MakeFake, MakeSegment>;

struct MakeNames {
  template <typename Make>
  static std::string GetName(int) {
    return std::is_same_v<Make, MakeFake> ? "Fake" : "Segment";
  }
};

TYPED_TEST_SUITE(JournalTest, Makes, MakeNames);

TYPED_TEST(JournalTest, BeginsEmpty) {
  EXPECT_EQ(this->journal().head(), Head());
  auto blocks = ReadOwned(this->journal());
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_TRUE(blocks->empty());
}

TYPED_TEST(JournalTest, ReadsBackWhatWasAppended) {
  const OwnedBlock first{.records = {"accepted", "", std::string(2000, 'r')},
                         .payloads = {std::string(3000, 'p'), "", "q"}};
  const OwnedBlock second{.epoch = 2, .records = {"leased"}, .payloads = {}};
  AppendOutcome outcome = AppendOwned(this->journal(), first);
  ASSERT_TRUE(outcome.committed()) << outcome.status;
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_EQ(outcome.block_number, 1u);
  ASSERT_EQ(outcome.payloads.size(), 3u);
  EXPECT_EQ(this->journal().ReadPayload(outcome.payloads[0]).value(), first.payloads[0]);
  EXPECT_EQ(this->journal().ReadPayload(outcome.payloads[1]).value(), "");
  EXPECT_EQ(this->journal().ReadPayload(outcome.payloads[2]).value(), "q");
  ASSERT_TRUE(AppendOwned(this->journal(), second).committed());
  auto blocks = ReadOwned(this->journal());
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_EQ(*blocks, (std::vector<OwnedBlock>{first, second}));
  EXPECT_EQ(this->journal().head().next_sequence, 5u);
  EXPECT_EQ(this->journal().head().epoch, 2u);
}

TYPED_TEST(JournalTest, ChainsBlocksByHash) {
  std::vector<crypto::Digest> hashes = {crypto::Digest{}};
  for (int i = 0; i < 5; i++) {
    AppendOutcome outcome = AppendOwned(this->journal(), {.records = {"r"}, .payloads = {"p"}});
    ASSERT_TRUE(outcome.committed());
    hashes.push_back(outcome.block_hash);
    EXPECT_EQ(this->journal().head().chain_hash, outcome.block_hash);
  }
  size_t i = 0;
  ASSERT_TRUE(this->journal()
                  .ReadBlocks(0,
                              [&](const Block& block) {
                                EXPECT_EQ(block.previous_hash, hashes[i]);
                                EXPECT_EQ(block.hash, hashes[++i]);
                                return absl::OkStatus();
                              })
                  .ok());
  EXPECT_EQ(i, 5u);
}

// Golden: the hash is part of the format, and all journals share it.
TYPED_TEST(JournalTest, HashIsFixedAndLeavesPayloadBytesOut) {
  AppendOutcome a = AppendOwned(this->journal(), {.records = {"a", "bc"}, .payloads = {"one"}});
  ASSERT_TRUE(a.committed());
  EXPECT_EQ(crypto::Hex(crypto::AsBytes(a.block_hash)),
            "4adca2e014ffb4b68272a6dd084008e9c4f986b9824bf367c3d2e246216b1c8b");
  FakeJournal other;
  AppendOutcome b = AppendOwned(other, {.records = {"a", "bc"}, .payloads = {"two"}});
  EXPECT_EQ(a.block_hash, b.block_hash);
  FakeJournal third;
  AppendOutcome c = AppendOwned(third, {.records = {"ab", "c"}, .payloads = {"one"}});
  EXPECT_NE(a.block_hash, c.block_hash);
}

TYPED_TEST(JournalTest, FencesWrongSequenceAndLowerEpoch) {
  const std::vector<std::string_view> records = {"r"};
  ASSERT_TRUE(
      AppendOwned(this->journal(), {.epoch = 7, .records = {"r"}, .payloads = {}}).committed());
  const Head head = this->journal().head();
  for (const BlockToAppend& block : {BlockToAppend{.expected_sequence = 1, .epoch = 7},
                                     BlockToAppend{.expected_sequence = 3, .epoch = 7},
                                     BlockToAppend{.expected_sequence = 0, .epoch = 7},
                                     BlockToAppend{.expected_sequence = 2, .epoch = 6}}) {
    BlockToAppend with_records = block;
    with_records.records = records;
    AppendOutcome outcome = this->journal().Append(with_records);
    EXPECT_EQ(outcome.result, AppendResult::kFenced);
    EXPECT_TRUE(absl::IsAborted(outcome.status)) << outcome.status;
    EXPECT_EQ(this->journal().head(), head);
  }
  EXPECT_TRUE(
      AppendOwned(this->journal(), {.epoch = 8, .records = {"r"}, .payloads = {}}).committed());
}

TYPED_TEST(JournalTest, RaisedEpochFencesTheOldWriter) {
  const absl::Time time = absl::FromUnixSeconds(5);
  ASSERT_TRUE(this->journal().RaiseEpoch(3, time).committed());
  EXPECT_EQ(this->journal().head().epoch, 3u);
  EXPECT_EQ(this->journal().head().next_sequence, kFirstSequence);
  EXPECT_EQ(this->journal().RaiseEpoch(3, time).result, AppendResult::kFenced);
  EXPECT_EQ(this->journal().RaiseEpoch(2, time).result, AppendResult::kFenced);
  EXPECT_EQ(AppendOwned(this->journal(), {.epoch = 2, .records = {"r"}, .payloads = {}}).result,
            AppendResult::kFenced);
}

TYPED_TEST(JournalTest, ReadsFromTheBlockThatHoldsTheSequence) {
  // Sequences: block 1 empty, block 2 holds 1 to 3, block 3 empty, block 4 holds 4.
  for (size_t records : {0, 3, 0, 1}) {
    OwnedBlock block{.records = std::vector<std::string>(records, "r"), .payloads = {}};
    ASSERT_TRUE(AppendOwned(this->journal(), block).committed());
  }
  const std::vector<std::pair<uint64_t, std::vector<uint64_t>>> expected = {
      {0, {1, 2, 3, 4}}, {1, {1, 2, 3, 4}}, {2, {2, 3, 4}}, {3, {2, 3, 4}}, {4, {3, 4}}, {5, {}}};
  for (const auto& [from, numbers] : expected) {
    std::vector<uint64_t> seen;
    ASSERT_TRUE(this->journal()
                    .ReadBlocks(from,
                                [&](const Block& block) {
                                  seen.push_back(block.number);
                                  return absl::OkStatus();
                                })
                    .ok());
    EXPECT_EQ(seen, numbers) << "from " << from;
  }
  auto past = this->journal().ReadBlocks(6, [](const Block&) { return absl::OkStatus(); });
  EXPECT_TRUE(absl::IsOutOfRange(past)) << past;
}

TYPED_TEST(JournalTest, ReadsFromAnySequenceOfManyBlocks) {
  for (int i = 0; i < 200; i++) {
    OwnedBlock block{.records = {std::to_string(2 * i + 1), std::to_string(2 * i + 2)},
                     .payloads = {}};
    ASSERT_TRUE(AppendOwned(this->journal(), block).committed());
  }
  for (uint64_t from = 1; from <= 400; from++) {
    std::string first;
    auto status = this->journal().ReadBlocks(from, [&](const Block& block) {
      first = block.records[from - block.first_sequence];
      return absl::CancelledError("seen enough");
    });
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
    EXPECT_EQ(first, std::to_string(from));
  }
}

TYPED_TEST(JournalTest, CallbackMayReadAndAppend) {
  ASSERT_TRUE(AppendOwned(this->journal(), {.records = {"r"}, .payloads = {"p"}}).committed());
  int blocks = 0;
  ASSERT_TRUE(
      this->journal()
          .ReadBlocks(
              0,
              [&](const Block& block) {
                blocks++;
                EXPECT_TRUE(this->journal().ReadPayload(block.payloads[0]).ok());
                EXPECT_TRUE(
                    AppendOwned(this->journal(), {.records = {"s"}, .payloads = {}}).committed());
                return absl::OkStatus();
              })
          .ok());
  EXPECT_EQ(blocks, 1);
  EXPECT_EQ(this->journal().head().block_number, 2u);
}

TYPED_TEST(JournalTest, RefusesWhatIsOverALimitAndGoesOn) {
  const std::string large(kPayloadBytesMax + 1, 'x');
  const std::vector<std::string_view> large_record = {
      std::string_view(large).substr(0, kRecordBytesMax + 1)};
  const std::vector<std::string_view> large_payload = {large};
  const std::vector<std::string_view> many(kBlockRecordsMax + 1);
  const std::vector<std::string_view> whole(9, std::string_view(large).substr(0, kPayloadBytesMax));
  for (const BlockToAppend& block :
       {BlockToAppend{.expected_sequence = 1, .records = large_record},
        BlockToAppend{.expected_sequence = 1, .payloads = large_payload},
        BlockToAppend{.expected_sequence = 1, .records = many},
        BlockToAppend{.expected_sequence = 1, .payloads = many},
        BlockToAppend{.expected_sequence = 1, .payloads = whole}}) {
    AppendOutcome outcome = this->journal().Append(block);
    EXPECT_EQ(outcome.result, AppendResult::kRefused);
    EXPECT_TRUE(absl::IsInvalidArgument(outcome.status)) << outcome.status;
  }
  EXPECT_EQ(this->journal().head(), Head());
  EXPECT_TRUE(AppendOwned(this->journal(), {.records = {"r"}, .payloads = {}}).committed());
}

TYPED_TEST(JournalTest, ForgedLocatorIsDataLoss) {
  AppendOutcome outcome =
      AppendOwned(this->journal(), {.records = {"r"}, .payloads = {std::string(1000, 'p')}});
  ASSERT_TRUE(outcome.committed());
  const PayloadLocator good = outcome.payloads[0];
  std::vector<PayloadLocator> forged(9, good);
  forged[0].block_number = 0;
  forged[1].block_number = 2;
  forged[2].segment = 4'000'000'000;
  forged[3].offset += 1;
  forged[4].offset = 0xFFFFFFFF;
  forged[5].size = 999;
  forged[6].size = 0xFFFFFFFF;
  forged[7].crc32c ^= 1;
  forged[8] = PayloadLocator{};
  for (const PayloadLocator& locator : forged) {
    auto payload = this->journal().ReadPayload(locator);
    EXPECT_TRUE(absl::IsDataLoss(payload.status())) << payload.status();
  }
  EXPECT_TRUE(this->journal().ReadPayload(good).ok());
}

TYPED_TEST(JournalTest, WaitForSeesTheAppendOfAnotherThread) {
  EXPECT_FALSE(this->journal().WaitFor(1, absl::ZeroDuration()));
  std::thread writer([this] {
    EXPECT_TRUE(AppendOwned(this->journal(), {.records = {"r"}, .payloads = {}}).committed());
  });
  EXPECT_TRUE(this->journal().WaitFor(1, absl::Minutes(1)));
  writer.join();
  EXPECT_TRUE(this->journal().WaitFor(1, absl::ZeroDuration()));
  EXPECT_FALSE(this->journal().WaitFor(2, absl::ZeroDuration()));
}

TYPED_TEST(JournalTest, ManyThreadsReadWhileOneAppends) {
  constexpr uint64_t kBlocks = 300;
  std::atomic<bool> failed = false;
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; t++) {
    readers.emplace_back([&] {
      for (uint64_t next = 1; next <= kBlocks && !failed;) {
        if (!this->journal().WaitFor(next, absl::Minutes(1))) failed = true;
        auto blocks = ReadOwned(this->journal(), next);
        if (!blocks.ok()) failed = true;
        for (size_t i = 0; blocks.ok() && i < blocks->size(); i++, next++) {
          if ((*blocks)[i].records[0] != std::to_string(next)) failed = true;
          if ((*blocks)[i].payloads[0] != std::string(700, static_cast<char>(next))) failed = true;
        }
      }
    });
  }
  for (uint64_t n = 1; n <= kBlocks; n++) {
    OwnedBlock block{.records = {std::to_string(n)},
                     .payloads = {std::string(700, static_cast<char>(n))}};
    if (!AppendOwned(this->journal(), block).committed()) failed = true;
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_FALSE(failed);
}

TEST(PayloadLocatorTest, HasAFixedEncodingOf24Bytes) {
  const PayloadLocator locator{.block_number = 0x0102030405060708,
                               .segment = 0x11121314,
                               .offset = 0x21222324,
                               .size = 0x31323334,
                               .crc32c = 0x41424344};
  const auto bytes = EncodePayloadLocator(locator);
  const std::string text(bytes.begin(), bytes.end());
  EXPECT_EQ(crypto::Hex(text), "080706050403020114131211242322213433323144434241");
  EXPECT_EQ(DecodePayloadLocator(text).value(), locator);
  EXPECT_TRUE(absl::IsInvalidArgument(DecodePayloadLocator("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodePayloadLocator(text + "x").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodePayloadLocator(text.substr(1)).status()));
}

TEST(FakeJournalTest, FailsTheAppendThatWasNamed) {
  using Failure = FakeJournal::Failure;
  FakeJournal journal;
  journal.FailAppend(2, Failure::kFenced);
  journal.FailAppend(3, Failure::kRefused);
  journal.FailAppend(4, Failure::kUnknownKept);
  journal.FailAppend(5, Failure::kUnknownLost);
  const OwnedBlock block{.records = {"r"}, .payloads = {}};
  EXPECT_EQ(AppendOwned(journal, block).result, AppendResult::kCommitted);
  EXPECT_EQ(AppendOwned(journal, block).result, AppendResult::kFenced);
  EXPECT_EQ(AppendOwned(journal, block).result, AppendResult::kRefused);
  EXPECT_EQ(AppendOwned(journal, block).result, AppendResult::kUnknown);
  EXPECT_TRUE(absl::IsUnavailable(ReadOwned(journal).status()));
  EXPECT_FALSE(journal.WaitFor(1, absl::ZeroDuration()));
  journal.Reopen();
  EXPECT_EQ(journal.head().block_number, 2u);
  EXPECT_EQ(AppendOwned(journal, block).result, AppendResult::kUnknown);
  journal.Reopen();
  EXPECT_EQ(journal.head().block_number, 2u);
  EXPECT_EQ(AppendOwned(journal, block).result, AppendResult::kCommitted);
}

}  // namespace
}  // namespace waystation::journal
