// The segment journal beside a list in memory, through random use and losses of
// power in the middle of writes.
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/journal/fake_journal.h"
#include "common/journal/journal_testing.h"
#include "common/journal/segment_journal.h"
#include "gtest/gtest.h"

namespace waystation::journal {
namespace {

class Model {
 public:
  explicit Model(uint64_t seed) : random_(seed) { Open(); }

  void Step() {
    switch (random_() % 20) {
      case 0:
        return Open();
      case 1:
        return LosePower();
      case 2:
        return Read();
      case 3:
        return RaiseEpoch();
      case 4:
        return AppendFenced();
      default:
        return Append();
    }
  }

  void Read() {
    const uint64_t from = random_() % (fake_.head().next_sequence + 1);
    auto blocks = ReadOwned(*journal_, from);
    ASSERT_TRUE(blocks.ok()) << blocks.status();
    ASSERT_EQ(*blocks, ReadOwned(fake_, from).value());
    ASSERT_EQ(journal_->head(), fake_.head());
  }

 private:
  void Open() {
    journal_.reset();
    auto opened = SegmentJournal::Open({.directory = directory_.path(),
                                        .segment_bytes = 16384,
                                        .verify_from_block = random_() % 50,
                                        .file_ops = &ops_});
    ASSERT_TRUE(opened.ok()) << opened.status();
    journal_ = *std::move(opened);
    ASSERT_EQ(journal_->head(), fake_.head());
  }

  OwnedBlock Next() {
    OwnedBlock block = RandomBlock(random_, 6, 1500);
    block.epoch = fake_.head().epoch;
    return block;
  }

  void Append() {
    const OwnedBlock block = Next();
    AppendOutcome outcome = AppendOwned(*journal_, block);
    ASSERT_TRUE(outcome.committed()) << outcome.status;
    ASSERT_EQ(AppendOwned(fake_, block).block_hash, outcome.block_hash);
  }

  void RaiseEpoch() {
    const uint64_t epoch = fake_.head().epoch + 1 + random_() % 3;
    ASSERT_TRUE(journal_->RaiseEpoch(epoch, absl::UnixEpoch()).committed());
    ASSERT_TRUE(fake_.RaiseEpoch(epoch, absl::UnixEpoch()).committed());
  }

  void AppendFenced() {
    const BlockToAppend block{.expected_sequence = fake_.head().next_sequence + 1 + random_() % 3,
                              .epoch = fake_.head().epoch};
    ASSERT_EQ(journal_->Append(block).result, AppendResult::kFenced);
  }

  // The block on its way is there wholly or not at all.
  void LosePower() {
    const OwnedBlock block = Next();
    ops_.FailSyncs();
    ASSERT_EQ(AppendOwned(*journal_, block).result, AppendResult::kUnknown);
    journal_.reset();
    ops_.LosePower(random_);
    auto opened = SegmentJournal::Open({.directory = directory_.path(), .segment_bytes = 16384});
    ASSERT_TRUE(opened.ok()) << opened.status();
    if ((*opened)->head() != fake_.head()) AppendOwned(fake_, block);
    opened->reset();
    Open();
  }

  std::mt19937_64 random_;
  TempDirectory directory_;
  PowerLossFileOps ops_;
  FakeJournal fake_;
  std::unique_ptr<SegmentJournal> journal_;
};

TEST(SegmentModelTest, IsTheSameAsAListInMemory) {
  const uint64_t base = std::random_device()();
  for (uint64_t seed = base; seed < base + 20; seed++) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Model model(seed);
    for (int step = 0; step < 300 && !testing::Test::HasFailure(); step++) model.Step();
    if (testing::Test::HasFailure()) return;
    model.Read();
  }
}

}  // namespace
}  // namespace waystation::journal
