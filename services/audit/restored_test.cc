#include "services/audit/restored.h"

#include "services/audit/follower_fixture.h"

namespace waystation::audit {
namespace {

using testing::HasSubstr;

using RestoredTest = FollowerTest;

// The broker's journal came back from the copy of its first `records` records, and its
// operator gave it, and us, a new log.
TEST_F(RestoredTest, OfARecordThatWentBackWhatIsMissingIsAFindingUntilItIsThereAgain) {
  AddRequest(1, absl::Hours(1));
  AddCheckpoint(Head());
  const size_t copied = records_.size();
  AddRequest(2, absl::Hours(48));
  AddRequest(3, absl::Hours(48));
  EXPECT_TRUE(Follow());
  clock_.Advance(absl::Hours(2));
  Tick();
  ASSERT_EQ(Open(Rule::kOverdue).size(), 1u);
  const v1::Finding overdue = Open(Rule::kOverdue)[0];

  GoBackTo(copied);
  EXPECT_EQ(follower_->NextSequence(), 1u);
  // Killed on the way, he goes on.
  AddEpoch();
  const std::vector<std::string> all = records_;
  records_.resize(copied - 1);
  EXPECT_TRUE(Follow());
  EXPECT_TRUE(Open(Rule::kRecordRestored).empty());
  records_ = all;
  Restart();
  EXPECT_TRUE(Follow());
  ASSERT_EQ(Open(Rule::kRecordRestored).size(), 1u);
  const v1::Finding restored = Open(Rule::kRecordRestored)[0];
  EXPECT_THAT(restored.detail(), HasSubstr("messages that were accepted and are not on it: 2"));
  EXPECT_THAT(restored.detail(), HasSubstr("log waystation.example/log/2 was begun"));
  EXPECT_EQ(restored.parties(0), evidence::TestBus::Identity("/agency/doj"));
  ASSERT_EQ(restored.sequences_size(), 1);
  EXPECT_EQ(restored.sequences(0), copied + 1);
  // What was found before is not forgotten, and not opened again.
  ASSERT_EQ(Open(Rule::kOverdue).size(), 1u);
  EXPECT_EQ(Open(Rule::kOverdue)[0].opened_time().seconds(), overdue.opened_time().seconds());
  EXPECT_EQ(Open(Rule::kOverdue)[0].sequences_size(), overdue.sequences_size());

  AddRequest(2, absl::Hours(48));
  // Steps that follow what is missing are refused on the way.
  for (int i = 0; i < 4; ++i) AddRefusal("STALE_VERSION", "");
  EXPECT_TRUE(Follow());
  EXPECT_EQ(Open(Rule::kRecordRestored).size(), 1u);
  Restart();
  EXPECT_TRUE(store_->TakeNews());
  AddRequest(3, absl::Hours(48));
  AddCheckpoint(Head());
  EXPECT_TRUE(Follow());
  EXPECT_TRUE(Open(Rule::kRecordRestored).empty());
  EXPECT_TRUE(store_->TakeNews()) << "nobody is told that it ended";
  EXPECT_TRUE(Open(Rule::kLogInconsistent).empty());
  EXPECT_TRUE(Open(Rule::kLogSplit).empty());
  EXPECT_EQ(follower_->Status().verified_size, leaves_.size());
  Tick();
  ASSERT_EQ(Open(Rule::kOverdue).size(), 1u);

  AddRefusal("STALE_VERSION", "");
  Restart();
  EXPECT_TRUE(Follow());
  EXPECT_TRUE(Open(Rule::kMismatchedStep).empty());
  clock_.Advance(absl::Minutes(11));
  for (int i = 0; i < 3; ++i) AddRefusal("STALE_VERSION", "");
  EXPECT_TRUE(Follow());
  EXPECT_EQ(Open(Rule::kMismatchedStep).size(), 1u);
}

TEST_F(RestoredTest, ARecordThatWentBackAndLostNothingIsAFindingThatEnds) {
  AddRequest(1, absl::Hours(48));
  EXPECT_TRUE(Follow());
  GoBackTo(records_.size());
  AddEpoch();
  EXPECT_TRUE(Follow());
  EXPECT_TRUE(Open(Rule::kRecordRestored).empty());
  auto all = store_->ListFindings(
      {.rule = std::string(RuleName(Rule::kRecordRestored)), .open_only = false, .limit = 10});
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 1u);
  EXPECT_THAT((*all)[0].second.closing().reason(), HasSubstr("ended by the record"));
}

// A second time, before the first was made whole.
TEST_F(RestoredTest, OneFindingStandsForARecordThatGoesBackTwice) {
  AddRequest(1, absl::Hours(48));
  EXPECT_TRUE(Follow());
  GoBackTo(2);
  AddEpoch();
  EXPECT_TRUE(Follow());
  GoBackTo(2);
  AddEpoch();
  EXPECT_TRUE(Follow());
  ASSERT_EQ(Open(Rule::kRecordRestored).size(), 1u);
  EXPECT_THAT(Open(Rule::kRecordRestored)[0].detail(), HasSubstr("log/3"));
  AddRequest(1, absl::Hours(48));
  EXPECT_TRUE(Follow());
  EXPECT_TRUE(Open(Rule::kRecordRestored).empty());
}

TEST_F(RestoredTest, ACopyThatIsNotTheRecordThatWasFollowedIsAFinding) {
  AddRequest(1, absl::Hours(48));
  AddRequest(2, absl::Hours(48));
  EXPECT_TRUE(Follow());
  GoBackTo(2);
  AddRequest(2, absl::Hours(48));
  AddRequest(1, absl::Hours(48));
  AddEpoch();
  EXPECT_TRUE(Follow());
  ASSERT_EQ(Open(Rule::kLogInconsistent).size(), 1u);
  EXPECT_THAT(Open(Rule::kLogInconsistent)[0].detail(),
              HasSubstr("stood at record 3 when it was followed first, and now at 4"));
}

// What the former auditor had not followed is not forgiven.
TEST_F(RestoredTest, WhatWasNeverFollowedIsJudged) {
  EXPECT_TRUE(Follow());
  for (int i = 0; i < 3; ++i) AddRefusal("STALE_VERSION", "");
  GoBackTo(records_.size());
  AddEpoch();
  EXPECT_TRUE(Follow());
  EXPECT_EQ(Open(Rule::kMismatchedStep).size(), 1u);
}

TEST_F(RestoredTest, ABrokerThatNeverNamesTheNewLogIsAFinding) {
  AddRequest(1, absl::Hours(48));
  EXPECT_TRUE(Follow());
  GoBackTo(records_.size());
  EXPECT_TRUE(Follow());
  Restart();  // On the way, and what comes first is what was followed last.
  EXPECT_TRUE(Follow());
  Tick();
  EXPECT_TRUE(Open(Rule::kLogInconsistent).empty());
  clock_.Advance(absl::Minutes(2));
  Tick();
  ASSERT_EQ(Open(Rule::kLogInconsistent).size(), 1u);
  EXPECT_THAT(Open(Rule::kLogInconsistent)[0].detail(), HasSubstr("no epoch of log"));
}

TEST_F(RestoredTest, AnAuditorWhoHadFollowedNothingComparesNothing) {
  GoBackTo(records_.size());
  AddEpoch();
  EXPECT_TRUE(Follow());
  EXPECT_TRUE(Open(Rule::kLogInconsistent).empty());
  EXPECT_TRUE(Open(Rule::kRecordRestored).empty());
}

// Without the operator's word it stays what it is.
TEST_F(RestoredTest, ARecordThatEndsEarlyUnderTheSameLogIsAFinding) {
  AddRequest(1, absl::Hours(48));
  EXPECT_TRUE(Follow());
  ASSERT_TRUE(follower_->TakeEnd(absl::OutOfRangeError("ends")).ok());
  EXPECT_EQ(Open(Rule::kLogInconsistent).size(), 1u);
}

}  // namespace
}  // namespace waystation::audit
