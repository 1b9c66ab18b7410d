#include "services/audit/rules/referral_watch.h"

#include "services/audit/rules/fold_fixture.h"

namespace waystation::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using types::v1::TRANSITION_ANSWER;
using types::v1::TRANSITION_CANCEL;
using types::v1::TRANSITION_CHANGE_SCOPE;
using types::v1::TRANSITION_ENTERED_IN_ERROR;
using types::v1::TRANSITION_RETAINED_UNDER;
using types::v1::TRANSITION_RETURN;
using types::v1::TRANSITION_SCOPE_CONFIRMED;
using types::v1::TRANSITION_TAKE_UP;

class ReferralWatchTest : public FoldTest {
 protected:
  // A step of the party whose it is.
  uint64_t Take(types::v1::Transition transition, uint64_t version) {
    const bool by_ins = transition != TRANSITION_CHANGE_SCOPE &&
                        transition != TRANSITION_ENTERED_IN_ERROR &&
                        transition != TRANSITION_CANCEL;
    return Accept(by_ins ? Step(kIns, kDoj, transition, version)
                         : Step(kDoj, kIns, transition, version));
  }
};

TEST_F(ReferralWatchTest, UnansweredPastItsDueTimeIsFoundAndNotBefore) {
  const uint64_t request = Request(kDay);
  Pass(kDay);
  EXPECT_EQ(OpenCount(), 0u);
  Pass(1);
  ASSERT_EQ(Open(Rule::kOverdue).size(), 1u);
  const v1::Finding finding = Open(Rule::kOverdue)[0];
  EXPECT_EQ(finding.referral_id(), referral_);
  EXPECT_THAT(Parties(finding), ElementsAre(kDoj, kIns));
  EXPECT_THAT(Proof(finding), ElementsAre(request));
  EXPECT_THAT(finding.detail(), HasSubstr("state requested"));
  EXPECT_EQ(finding.act_by_time().seconds() - finding.opened_time().seconds(), 86'400);
}

TEST_F(ReferralWatchTest, AnAnswerEndsTheOverdueFinding) {
  Request(kDay);
  Pass(kDay + 1);
  Take(TRANSITION_TAKE_UP, 1);
  ASSERT_EQ(Open(Rule::kOverdue).size(), 1u);
  const uint64_t answer = Take(TRANSITION_ANSWER, 2);
  ASSERT_EQ(Closed(Rule::kOverdue).size(), 1u);
  const v1::Finding finding = Closed(Rule::kOverdue)[0];
  EXPECT_EQ(finding.closing().closed_by(), "");
  EXPECT_THAT(finding.closing().reason(), HasSubstr("answer"));
  EXPECT_EQ(Proof(finding).back(), answer);
  Pass(30 * kDay);
  EXPECT_EQ(OpenCount(), 0u);
}

TEST_F(ReferralWatchTest, AnAnswerInTimeIsNoFinding) {
  Request(kDay);
  Take(TRANSITION_TAKE_UP, 1);
  Take(TRANSITION_ANSWER, 2);
  Pass(30 * kDay);
  EXPECT_TRUE(findings_.empty());
}

TEST_F(ReferralWatchTest, ALaterDueTimeEndsTheFindingAndMayPassToo) {
  Request(kDay);
  Pass(kDay + 1);
  bus::v1::Header later = Step(kDoj, kIns, TRANSITION_CHANGE_SCOPE, 1);
  later.mutable_referral()->mutable_due_time()->set_seconds((now_us_ + kHour) / kSecond);
  Accept(later);
  EXPECT_EQ(Closed(Rule::kOverdue).size(), 1u);
  Pass(kHour + kSecond);
  ASSERT_EQ(Open(Rule::kOverdue).size(), 1u);
  EXPECT_EQ(Open(Rule::kOverdue)[0].former_closings_size(), 1);
}

TEST_F(ReferralWatchTest, WithoutADueTimeNothingIsOverdue) {
  Request();
  Pass(400 * kDay);
  EXPECT_TRUE(Open(Rule::kOverdue).empty());
}

TEST_F(ReferralWatchTest, ReceivedWithoutANextStepIsFoundAndNotBefore) {
  const uint64_t request = Request();
  const uint64_t received = Deliver(request);
  Pass(3 * kDay);
  EXPECT_EQ(OpenCount(), 0u);
  Pass(1);
  ASSERT_EQ(Open(Rule::kNoNextStep).size(), 1u);
  EXPECT_THAT(Proof(Open(Rule::kNoNextStep)[0]), ElementsAre(request, received));
  Take(TRANSITION_TAKE_UP, 2);
  EXPECT_EQ(Closed(Rule::kNoNextStep).size(), 1u);
}

TEST_F(ReferralWatchTest, TakenUpInTimeIsNoFinding) {
  Deliver(Request());
  Pass(3 * kDay);
  Take(TRANSITION_TAKE_UP, 2);
  Pass(30 * kDay);
  EXPECT_TRUE(findings_.empty());
}

TEST_F(ReferralWatchTest, AChangeOfScopeUnansweredIsFoundAndNotBefore) {
  const uint64_t request = Request();
  Take(TRANSITION_TAKE_UP, 1);
  const uint64_t change = Take(TRANSITION_CHANGE_SCOPE, 2);
  Pass(2 * kDay);
  EXPECT_EQ(OpenCount(), 0u);
  Pass(1);
  ASSERT_EQ(Open(Rule::kScopeUnconfirmed).size(), 1u);
  EXPECT_THAT(Proof(Open(Rule::kScopeUnconfirmed)[0]), ElementsAre(request, change));
  Take(TRANSITION_SCOPE_CONFIRMED, 3);
  EXPECT_EQ(Closed(Rule::kScopeUnconfirmed).size(), 1u);
}

TEST_F(ReferralWatchTest, AHolderOwesItsAnswerToAChangeOfScopeAfterTheEnd) {
  Request();
  Take(TRANSITION_TAKE_UP, 1);
  Take(TRANSITION_CHANGE_SCOPE, 2);
  Take(TRANSITION_ANSWER, 3);
  Pass(2 * kDay + 1);
  ASSERT_EQ(Open(Rule::kScopeUnconfirmed).size(), 1u);
  Take(TRANSITION_RETAINED_UNDER, 4);
  EXPECT_EQ(OpenCount(), 0u);
}

TEST_F(ReferralWatchTest, AConfirmedScopeIsNoFinding) {
  Request();
  Take(TRANSITION_CHANGE_SCOPE, 1);
  Take(TRANSITION_SCOPE_CONFIRMED, 2);
  Pass(30 * kDay);
  EXPECT_TRUE(findings_.empty());
}

TEST_F(ReferralWatchTest, AStepThatTheTableDoesNotHaveIsFound) {
  Request();
  const uint64_t answer = Take(TRANSITION_ANSWER, 1);
  ASSERT_EQ(Open(Rule::kImpossibleStep).size(), 1u);
  const v1::Finding finding = Open(Rule::kImpossibleStep)[0];
  EXPECT_EQ(finding.severity(), v1::SEVERITY_CRITICAL);
  EXPECT_THAT(Parties(finding), ElementsAre(kDoj, kIns, kBroker));
  EXPECT_THAT(Proof(finding), ElementsAre(answer));
}

TEST_F(ReferralWatchTest, AStepOnAnotherVersionIsFoundAndTheRightOneIsNot) {
  Deliver(Request());
  Take(TRANSITION_TAKE_UP, 1);
  EXPECT_EQ(Open(Rule::kImpossibleStep).size(), 1u);
  findings_.clear();
  Take(TRANSITION_TAKE_UP, 2);
  EXPECT_TRUE(findings_.empty());
}

TEST_F(ReferralWatchTest, AReceiptBehindTheTakeUpChangesNothing) {
  const uint64_t request = Request();
  Take(TRANSITION_TAKE_UP, 1);
  Deliver(request);
  Take(TRANSITION_ANSWER, 2);
  EXPECT_TRUE(findings_.empty());
}

TEST_F(ReferralWatchTest, AnExpiredReferralIsFollowedNoMore) {
  const uint64_t request = Request(kDay);
  journal::v1::Record expired;
  expired.mutable_expired()->set_sequence(request);
  FoldTest::Take(std::move(expired));
  Pass(30 * kDay);
  EXPECT_TRUE(Open(Rule::kOverdue).empty());
}

TEST_F(ReferralWatchTest, ARestartLosesNoTimeAndDoublesNothing) {
  Request(kDay);
  Restart();
  Pass(kDay + 1);
  ASSERT_EQ(Open(Rule::kOverdue).size(), 1u);
  Restart();
  Pass(kDay);
  EXPECT_EQ(Open(Rule::kOverdue).size(), 1u);
  EXPECT_EQ(Open(Rule::kOverdue)[0].sequence_count(), 1u);
  Take(TRANSITION_RETURN, 1);
  EXPECT_EQ(Closed(Rule::kOverdue).size(), 1u);
}

}  // namespace
}  // namespace waystation::audit
