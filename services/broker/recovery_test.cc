#include "services/broker/recovery.h"

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "common/limits/limits.h"
#include "gtest/gtest.h"
#include "services/broker/broker_fixture.h"

// One journal, everything else a projection: what was projected while the broker
// ran, and what is folded from the journal again, have the same digest.

namespace waystation::broker {
namespace {

namespace fs = std::filesystem;

class RecoveryTest : public BrokerTest {
 protected:
  std::string JournalDirectory() const { return directory_ + "/journal"; }
  std::string ProjectionDirectory() const { return directory_ + "/projection"; }

  // A step of the referral that DOJ asked of INS.
  bus::v1::Header Step(uint64_t referral, types::v1::Transition transition, bool by_ins,
                       uint64_t version) {
    bus::v1::Header header =
        evidence::TestHeader(by_ins ? kIns : kDoj, by_ins ? kDoj : kIns, ++messages_, "hello");
    header.set_type(std::string(evidence::kTestCaseType));
    std::string id(kReferralIdBytes, 'r');
    id[0] = static_cast<char>(referral);
    header.mutable_referral()->set_referral_id(id);
    header.mutable_referral()->set_transition(transition);
    header.mutable_referral()->set_expected_version(version);
    header.mutable_referral()->set_scope_version(1);
    return header;
  }

  // Something of every kind that a projection notes: ids, a referral's way to its
  // answer and, later, into error, receipts, an expiry, refusals. `number` from 1.
  void Round(uint64_t number) {
    Publish(Note(kIns));
    Publish(Note(kHhs));
    Publish(Step(number, types::v1::TRANSITION_REQUEST, false, 0));
    bus::v1::Header brief = Step(100 + number, types::v1::TRANSITION_REQUEST, false, 0);
    brief.mutable_expire_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()) + 1);
    Publish(brief);
    AckAll(to_ins_, ins_);
    Publish(Step(number, types::v1::TRANSITION_TAKE_UP, true, 2));
    Publish(Step(number, types::v1::TRANSITION_ANSWER, true, 3));
    AckAll(to_doj_, doj_);
    core_->refusals().OnRefusal("somebody", "call", "NOBODY", "nobody: not here");
    clock_.Advance(absl::Seconds(2));
    core_->Settle();
    // Long final, so it has left the memory of the core.
    if (number <= 2) return;
    Publish(Step(number - 2, types::v1::TRANSITION_ENTERED_IN_ERROR, false, 4));
    AckAll(to_ins_, ins_);
  }

  struct Folded {
    crypto::Digest digest;
    std::string state;
  };
  // Brings a projection up to the journal's end, as a start does.
  Folded Fold(const std::string& projection_directory) {
    auto journal = OpenJournal(JournalDirectory());
    auto projection = OpenProjection(projection_directory);
    std::string state = ReplayAll(*journal, *projection).ToSnapshot().SerializeAsString();
    EXPECT_EQ(projection->applied_sequence(), journal->head().next_sequence - 1);
    return {.digest = projection->ContentDigest(), .state = std::move(state)};
  }
  // The whole journal into a projection that holds nothing.
  Folded FoldAnew() {
    const std::string fresh = directory_ + "/fresh";
    fs::remove_all(fresh);
    return Fold(fresh);
  }
  crypto::Digest DigestOnDisk() { return OpenProjection(ProjectionDirectory())->ContentDigest(); }
};

TEST_F(RecoveryTest, ADeletedProjectionComesBackWithTheSameDigest) {
  Start(kNoSnapshots);
  for (uint64_t number = 1; number <= 5; ++number) Round(number);
  const crypto::Digest earlier = core_->projection().ContentDigest();
  Round(6);
  EXPECT_EQ(core_->projection().RefusalRecords(100).size(), 6u);
  const crypto::Digest running = core_->projection().ContentDigest();
  EXPECT_NE(running, earlier) << "the digest does not see what was projected";
  core_.reset();
  const crypto::Digest kept = DigestOnDisk();
  EXPECT_EQ(FoldAnew().digest, kept);
  fs::remove_all(ProjectionDirectory());
  EXPECT_EQ(Fold(ProjectionDirectory()).digest, kept);
}

// Three kinds of record at such a start: before the snapshot, projected after it,
// and in the journal alone.
TEST_F(RecoveryTest, ASnapshotAndTheTailGiveWhatTheWholeJournalGives) {
  Start(/*snapshot_records=*/60);
  for (uint64_t number = 1; number <= 6; ++number) Round(number);
  std::optional<v1::Snapshot> snapshot;
  do {
    Publish(Note(kHhs));
    snapshot = core_->projection().ReadSnapshot();
    ASSERT_TRUE(snapshot.has_value());
  } while (snapshot->last_sequence() == core_->projection().applied_sequence());
  const uint64_t applied = core_->projection().applied_sequence();
  core_->KillBeforeProjection();
  Post(Note(kHhs));
  Post(Step(6, types::v1::TRANSITION_ENTERED_IN_ERROR, false, 4));
  core_.reset();
  EXPECT_LT(snapshot->last_sequence(), applied);
  EXPECT_LT(applied, OpenJournal(JournalDirectory())->head().next_sequence - 1);
  EXPECT_EQ(OpenProjection(ProjectionDirectory())->applied_sequence(), applied);

  const Folded whole = FoldAnew();
  const Folded tail = Fold(ProjectionDirectory());
  EXPECT_EQ(tail.digest, whole.digest);
  EXPECT_EQ(tail.state, whole.state);

  // And the broker that started so goes on as one that never stopped would.
  Start(/*snapshot_records=*/60);
  Round(7);
  core_.reset();
  EXPECT_EQ(FoldAnew().digest, DigestOnDisk());
}

TEST_F(RecoveryTest, ACleanStopLeavesASnapshotOfTheEnd) {
  Start(kNoSnapshots);
  Round(1);
  core_.reset();
  const uint64_t last = OpenJournal(JournalDirectory())->head().next_sequence - 1;
  std::optional<v1::Snapshot> snapshot = OpenProjection(ProjectionDirectory())->ReadSnapshot();
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ(snapshot->last_sequence(), last);
  const Folded whole = FoldAnew();
  EXPECT_EQ(Fold(ProjectionDirectory()).state, whole.state);
  EXPECT_EQ(DigestOnDisk(), whole.digest);
}

TEST_F(RecoveryTest, AProjectionAheadOfItsJournalDoesNotFit) {
  Start(kNoSnapshots);
  core_.reset();
  fs::copy(JournalDirectory(), directory_ + "/former", fs::copy_options::recursive);
  Start(kNoSnapshots);
  Round(1);
  core_.reset();
  auto projection = OpenProjection(ProjectionDirectory());
  EXPECT_TRUE(ProjectionFits(*projection, *OpenJournal(JournalDirectory())));
  EXPECT_FALSE(ProjectionFits(*projection, *OpenJournal(directory_ + "/former")));
}

}  // namespace
}  // namespace waystation::broker
