#include "services/audit/follower_fixture.h"

namespace waystation::audit {
namespace {

using testing::HasSubstr;

TEST_F(FollowerTest, AnHonestRecordIsFollowedWithoutAFinding) {
  AddRequest(1, absl::Hours(24));
  AddCheckpoint(Head());
  EXPECT_TRUE(Follow());
  Tick();
  EXPECT_EQ(OpenCount(), 0u);
  const FollowStatus status = follower_->Status();
  EXPECT_EQ(status.sequence, records_.size());
  EXPECT_EQ(status.verified_size, leaves_.size());
  EXPECT_EQ(status.bus_id, std::string(16, 'b'));
}

TEST_F(FollowerTest, KilledAnywhereItGoesOnAndDoublesNothing) {
  AddRequest(1, absl::Hours(1));
  EXPECT_TRUE(Follow());
  clock_.Advance(absl::Hours(2));
  for (int i = 0; i < 3; ++i) {
    Restart();
    Tick();
    EXPECT_TRUE(Follow());
    ASSERT_EQ(Open(Rule::kOverdue).size(), 1u);
    EXPECT_EQ(Open(Rule::kOverdue)[0].sequence_count(), 1u);
    EXPECT_EQ(Open(Rule::kOverdue)[0].revision(), 1u);
  }
  AddRequest(2, absl::Hours(1));
  AddCheckpoint(Head());
  EXPECT_TRUE(Follow());
  EXPECT_EQ(follower_->Status().verified_size, leaves_.size());
}

TEST_F(FollowerTest, AJournalThatIsAheadMakesNothingDue) {
  AddRequest(1, absl::Hours(1));
  const absl::Time now = clock_.Now();
  clock_.SetNow(now + absl::Hours(48));
  AddRefusal("X", "");
  clock_.SetNow(now);
  EXPECT_TRUE(Follow());
  EXPECT_TRUE(Open(Rule::kOverdue).empty());
  EXPECT_EQ(Open(Rule::kJournalAhead).size(), 1u);
}

TEST_F(FollowerTest, OneIdWithTwoContentsIsFoundWithinAFrameAndAcrossARestart) {
  AddRequest(1, absl::Hours(1));
  AddRefusal("CONTENT_CHANGED", "message \"" + last_id_ + "\": accepted before");
  EXPECT_TRUE(Follow());
  ASSERT_EQ(Open(Rule::kContentChanged).size(), 1u);
  EXPECT_EQ(Open(Rule::kContentChanged)[0].parties_size(), 2);
  Restart();
  AddRefusal("CONTENT_CHANGED", "message \"" + last_id_ + "\": accepted before");
  EXPECT_TRUE(Follow());
  ASSERT_EQ(Open(Rule::kContentChanged).size(), 1u);
  EXPECT_EQ(Open(Rule::kContentChanged)[0].sequence_count(), 3u);
}

TEST_F(FollowerTest, ARecordThatBecameAnotherIsFoundAndNotFollowed) {
  AddRequest(1, absl::Hours(1));
  EXPECT_TRUE(Follow());
  Restart();
  records_.pop_back();
  leaves_.pop_back();
  AddRequest(2, absl::Hours(1));
  AddRequest(3, absl::Hours(1));
  EXPECT_FALSE(Follow());
  EXPECT_FALSE(Follow());
  ASSERT_EQ(Open(Rule::kLogInconsistent).size(), 1u);
  EXPECT_THAT(Open(Rule::kLogInconsistent)[0].detail(), HasSubstr("record 3 is another"));
  EXPECT_EQ(Open(Rule::kLogInconsistent)[0].revision(), 1u);
  EXPECT_EQ(follower_->Status().sequence, 3u);
}

TEST_F(FollowerTest, AGapIsFoundAndNotFollowed) {
  EXPECT_TRUE(Follow());
  AddRequest(1, absl::Hours(1));
  AddRequest(2, absl::Hours(1));
  bool fits = true;
  ASSERT_TRUE(follower_->TakeRecords({records_.back()}, &fits).ok());
  EXPECT_FALSE(fits);
  ASSERT_EQ(Open(Rule::kLogInconsistent).size(), 1u);
  EXPECT_THAT(Open(Rule::kLogInconsistent)[0].detail(), HasSubstr("record 4 came after 2"));
  EXPECT_TRUE(Follow());
}

TEST_F(FollowerTest, BytesThatAreNoRecordAreNotFollowed) {
  bool fits = true;
  ASSERT_TRUE(follower_->TakeRecords({"\xff\xff"}, &fits).ok());
  EXPECT_FALSE(fits);
  EXPECT_EQ(follower_->Status().sequence, 0u);
}

TEST_F(FollowerTest, ABrokerWithAShorterRecordIsFound) {
  EXPECT_TRUE(Follow());
  ASSERT_TRUE(follower_->TakeEnd(absl::UnavailableError("away")).ok());
  EXPECT_EQ(OpenCount(), 0u);
  ASSERT_TRUE(follower_->TakeEnd(absl::OutOfRangeError("cursor")).ok());
  ASSERT_EQ(Open(Rule::kLogInconsistent).size(), 1u);
  EXPECT_THAT(Open(Rule::kLogInconsistent)[0].detail(), HasSubstr("ends before 2"));
}

TEST_F(FollowerTest, ARootThatIsNotThatOfTheRecordsIsFound) {
  AddRequest(1, absl::Hours(1));
  tlog::Checkpoint other = Head();
  other.root = leaves_[0];
  const uint64_t checkpoint = AddCheckpoint(other);
  EXPECT_TRUE(Follow());
  ASSERT_EQ(Open(Rule::kLogInconsistent).size(), 1u);
  EXPECT_EQ(Open(Rule::kLogInconsistent)[0].sequences(0), checkpoint);
}

TEST_F(FollowerTest, ACheckpointShownThatIsNotTheOneOnTheRecordIsASplit) {
  AddRequest(1, absl::Hours(1));
  AddCheckpoint(Head());
  EXPECT_TRUE(Follow());
  v1::GetCheckpointResponse shown;
  shown.set_checkpoint(Note(Head()));
  ASSERT_TRUE(follower_->TakeLog(shown).ok());
  EXPECT_EQ(OpenCount(), 0u);
  tlog::Checkpoint other = Head();
  other.root = leaves_[0];
  shown.set_checkpoint(Note(other));
  ASSERT_TRUE(follower_->TakeLog(shown).ok());
  ASSERT_TRUE(follower_->TakeLog(shown).ok());
  ASSERT_EQ(Open(Rule::kLogSplit).size(), 1u);
  EXPECT_EQ(Open(Rule::kLogSplit)[0].revision(), 1u);
}

TEST_F(FollowerTest, ACheckpointThatNobodySignedIsFound) {
  v1::GetCheckpointResponse shown;
  shown.set_checkpoint("not a note");
  ASSERT_TRUE(follower_->TakeLog(shown).ok());
  EXPECT_EQ(Open(Rule::kLogInconsistent).size(), 1u);
}

TEST_F(FollowerTest, ABrokerWithoutALogIsFoundAfterAMinuteAndOneThatIsAwayIsNot) {
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(follower_->TakeLog(absl::UnavailableError("away")).ok());
    clock_.Advance(absl::Minutes(2));
  }
  EXPECT_EQ(OpenCount(), 0u);
  ASSERT_TRUE(follower_->TakeLog(absl::UnimplementedError("none")).ok());
  clock_.Advance(absl::Seconds(60));
  ASSERT_TRUE(follower_->TakeLog(absl::NotFoundError("none yet")).ok());
  EXPECT_EQ(Open(Rule::kLogMissing).size(), 1u);
}

TEST_F(FollowerTest, AConflictOfItsOwnCosignerIsASplit) {
  tlog::Checkpoint other = Head();
  other.root = crypto::Sha256("other");
  ASSERT_TRUE(follower_->TakeConflict({Note(Head()), Note(other)}, "doj").ok());
  ASSERT_EQ(Open(Rule::kLogSplit).size(), 1u);
  EXPECT_THAT(Open(Rule::kLogSplit)[0].detail(),
              HasSubstr(crypto::Hex(crypto::AsBytes(other.root))));
}

// Its own cosigner compared with what it kept; another's word is held against the
// record.
TEST_F(FollowerTest, AConflictOfTwoSizesIsBelievedOfItsOwnCosignerAlone) {
  AddRequest(1, absl::Hours(24));
  AddCheckpoint(Head());
  EXPECT_TRUE(Follow());
  const tlog::Checkpoint former = Head();
  AddRequest(2, absl::Hours(24));
  AddCheckpoint(Head());
  EXPECT_TRUE(Follow());
  ASSERT_NE(former.size, Head().size);
  ASSERT_TRUE(follower_->TakeConflict({Note(former), Note(Head())}, "doj").ok());
  EXPECT_EQ(Open(Rule::kLogSplit).size(), 0u);
  tlog::Checkpoint forged = Head();
  forged.root = crypto::Sha256("forged");
  ASSERT_TRUE(follower_->TakeConflict({Note(former), Note(forged)}, "doj").ok());
  EXPECT_EQ(Open(Rule::kLogSplit).size(), 1u);
}

TEST_F(FollowerTest, ACertificateThatIsRevokedLaterIsFoundWithItsRecords) {
  const uint64_t first = AddRequest(1, absl::Hours(24));
  const uint64_t second = AddRequest(2, absl::Hours(24));
  EXPECT_TRUE(Follow());
  Tick();
  EXPECT_EQ(OpenCount(), 0u);
  auto crl =
      bus_.authority().IssueCrl({{doj_.certificate().serial(), clock_.Now() - absl::Hours(1)}}, 2,
                                clock_.Now(), clock_.Now() + absl::Hours(24));
  ASSERT_TRUE(crl.ok()) << crl.status();
  std::ofstream(folder_ + "/crl.pem.new") << *crl;
  std::filesystem::rename(folder_ + "/crl.pem.new", folder_ + "/crl.pem");
  Tick();
  Restart();
  Tick();
  ASSERT_EQ(Open(Rule::kSignatureCompromised).size(), 1u);
  const v1::Finding finding = Open(Rule::kSignatureCompromised)[0];
  EXPECT_THAT(finding.sequences(), testing::ElementsAre(first, second));
  EXPECT_THAT(finding.parties(), testing::ElementsAre(evidence::TestBus::Identity("/agency/doj")));
}

}  // namespace
}  // namespace waystation::audit
