#include <limits>
#include <string>

#include "services/broker/core/ledger_fixture.h"

namespace waystation::broker {
namespace {

using ::testing::IsEmpty;

TEST_F(LedgerTest, RequestOpensAReferral) {
  ASSERT_TRUE(Take(Request(1)).ok());
  const Referral& referral = Get();
  EXPECT_EQ(referral.requester, kDoj);
  EXPECT_EQ(referral.target, kIns);
  EXPECT_EQ(State(), "requested");
  EXPECT_EQ(referral.version, 1u);
  EXPECT_EQ(referral.scope_version, 1u);
  EXPECT_EQ(referral.root, IdOf(1));
  EXPECT_EQ(referral.request_sequence, 1u);
  EXPECT_EQ(NextMove(referral), kIns);
}

TEST_F(LedgerTest, RefusesTransitionsThatNoMessageCarries) {
  ASSERT_TRUE(Take(Request(1)).ok());
  for (Transition transition : {types::v1::TRANSITION_RECEIVED, types::v1::TRANSITION_EXPIRE,
                                types::v1::TRANSITION_UNSPECIFIED}) {
    ExpectRefused(Check(ByTarget(transition, 1)), absl::StatusCode::kInvalidArgument,
                  "ILLEGAL_TRANSITION");
  }
}

TEST_F(LedgerTest, RefusesAReferralThatIsUnknown) {
  ExpectRefused(Check(ByTarget(types::v1::TRANSITION_TAKE_UP, 1)), absl::StatusCode::kNotFound,
                "UNKNOWN_REFERRAL");
  bus::v1::Header header = HeaderOf(Request(1));
  header.mutable_referral()->set_referral_id("short");
  ExpectRefused(ledger_.Check({.header = &header}), absl::StatusCode::kNotFound,
                "UNKNOWN_REFERRAL");
  header.mutable_referral()->set_transition(types::v1::TRANSITION_TAKE_UP);
  ExpectRefused(ledger_.Check({.header = &header}), absl::StatusCode::kNotFound,
                "UNKNOWN_REFERRAL");
}

TEST_F(LedgerTest, SecondRequestIsIllegalToAPartyAndTakenToAStranger) {
  ASSERT_TRUE(Take(Request(1)).ok());
  ExpectRefused(Check(Request(1)), absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
                "\"request\" by requester in state \"requested\"");
  Step by_target = Request(1);
  by_target.source = kIns;
  by_target.to = kDoj;
  ExpectRefused(Check(by_target), absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
                "by target");
  Step by_stranger = Request(1);
  by_stranger.source = kHhs;
  ExpectRefused(Check(by_stranger), absl::StatusCode::kAlreadyExists, "REFERRAL_EXISTS");
}

TEST_F(LedgerTest, StrangersAreNoParty) {
  ASSERT_TRUE(Take(Request(1)).ok());
  Step step = ByTarget(types::v1::TRANSITION_TAKE_UP, 1);
  step.source = kHhs;
  ExpectRefused(Check(step), absl::StatusCode::kPermissionDenied, "NOT_A_PARTY");
  EXPECT_TRUE(Check(ByTarget(types::v1::TRANSITION_TAKE_UP, 1)).ok());
}

TEST_F(LedgerTest, LostRaceIsAbortedWithThePresentVersion) {
  Step early = Request(1);
  early.version = 1;
  ExpectRefused(Check(early), absl::StatusCode::kAborted, "STALE_VERSION", "want 0");
  ASSERT_TRUE(Take(Request(1)).ok());
  for (uint64_t version : {0, 2}) {
    ExpectRefused(Check(ByTarget(types::v1::TRANSITION_TAKE_UP, version)),
                  absl::StatusCode::kAborted, "STALE_VERSION", "want 1");
  }
  EXPECT_TRUE(Check(ByTarget(types::v1::TRANSITION_TAKE_UP, 1)).ok());
}

TEST_F(LedgerTest, StepsOfTheOtherPartyAreIllegalFromBothSides) {
  ASSERT_TRUE(Take(Request(1)).ok());
  ExpectRefused(Check(ByRequester(types::v1::TRANSITION_TAKE_UP, 1)),
                absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
                "\"take up\" by requester in state \"requested\"");
  ExpectRefused(Check(ByTarget(types::v1::TRANSITION_CANCEL, 1)),
                absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION", "by target");
  EXPECT_TRUE(Check(ByRequester(types::v1::TRANSITION_CANCEL, 1)).ok());
}

TEST_F(LedgerTest, FirstRecipientMustBeTheOtherParty) {
  ASSERT_TRUE(Take(Request(1)).ok());
  Step by_target = ByTarget(types::v1::TRANSITION_TAKE_UP, 1);
  by_target.to = kHhs;
  ExpectRefused(Check(by_target), absl::StatusCode::kInvalidArgument, "RECIPIENTS_INVALID");
  Step by_requester = ByRequester(types::v1::TRANSITION_CANCEL, 1);
  by_requester.to = kHhs;
  ExpectRefused(Check(by_requester), absl::StatusCode::kInvalidArgument, "RECIPIENTS_INVALID");
}

TEST_F(LedgerTest, EveryStepCountsAsOneVersionTheReceiptToo) {
  ASSERT_TRUE(Take(Request(1)).ok());
  Receive();
  EXPECT_EQ(State(), "received");
  EXPECT_EQ(Get().version, 2u);
  ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_TAKE_UP, 2)).ok());
  ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_HOLD, 3)).ok());
  ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_RESUME, 4)).ok());
  ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_ANSWER, 5)).ok());
  EXPECT_EQ(Get().version, 6u);
  EXPECT_EQ(State(), "answered");
  EXPECT_EQ(NextMove(Get()), "");
}

TEST_F(LedgerTest, ReceiptAfterTakeUpChangesNothing) {
  ASSERT_TRUE(Take(Request(1)).ok());
  ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_TAKE_UP, 1)).ok());
  Receive();
  EXPECT_EQ(State(), "taken-up");
  EXPECT_EQ(Get().version, 2u);
}

TEST_F(LedgerTest, ContinueGoesBackToTheFormerState) {
  for (const char* former : {"received", "taken-up", "on-hold"}) {
    ledger_ = Ledger();
    ASSERT_TRUE(Take(Request(1)).ok());
    Receive();
    uint64_t version = 2;
    if (former != std::string("received")) {
      ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_TAKE_UP, version++)).ok());
    }
    if (former == std::string("on-hold")) {
      ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_HOLD, version++)).ok());
    }
    ASSERT_TRUE(Take(ByRequester(types::v1::TRANSITION_ASK_TO_CANCEL, version++)).ok());
    EXPECT_EQ(State(), "cancel-asked");
    EXPECT_EQ(StateName(Get().former), former);
    // A change of scope meanwhile does not forget it.
    Step scope = ByRequester(types::v1::TRANSITION_CHANGE_SCOPE, version++);
    scope.scope = 2;
    ASSERT_TRUE(Take(scope).ok());
    Step go_on = ByTarget(types::v1::TRANSITION_CONTINUE, version++);
    go_on.scope = 2;
    ASSERT_TRUE(Take(go_on).ok());
    EXPECT_EQ(State(), former);
    EXPECT_EQ(Get().former, types::v1::REFERRAL_STATE_UNSPECIFIED);
    EXPECT_EQ(Get().version, version);
  }
}

TEST_F(LedgerTest, OutcomeBeatsALateCancellation) {
  ASSERT_TRUE(Take(Request(1)).ok());
  Receive();
  ASSERT_TRUE(Take(ByRequester(types::v1::TRANSITION_ASK_TO_CANCEL, 2)).ok());
  ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_ANSWER, 3)).ok());
  EXPECT_EQ(State(), "answered");
}

TEST_F(LedgerTest, ScopeChangeRaisesTheScopeAndAsksForOneAnswer) {
  ASSERT_TRUE(Take(Request(1)).ok());
  Step change = ByRequester(types::v1::TRANSITION_CHANGE_SCOPE, 1);
  for (uint32_t wrong : {0, 1, 3}) {
    change.scope = wrong;
    ExpectRefused(Check(change), absl::StatusCode::kFailedPrecondition, "SCOPE_VERSION", "want 2");
  }
  Step confirm = ByTarget(types::v1::TRANSITION_SCOPE_CONFIRMED, 1);
  ExpectRefused(Check(confirm), absl::StatusCode::kFailedPrecondition, "SCOPE_VERSION",
                "already answered");
  change.scope = 2;
  ASSERT_TRUE(Take(change).ok());
  EXPECT_TRUE(Get().scope_unanswered);
  confirm.version = 2;
  ExpectRefused(Check(confirm), absl::StatusCode::kFailedPrecondition, "SCOPE_VERSION", "want 2");
  confirm.scope = 2;
  ASSERT_TRUE(Take(confirm).ok());
  EXPECT_FALSE(Get().scope_unanswered);
  EXPECT_EQ(State(), "requested");
  EXPECT_EQ(Get().scope_version, 2u);
  EXPECT_EQ(Get().version, 3u);
  confirm.version = 3;
  ExpectRefused(Check(confirm), absl::StatusCode::kFailedPrecondition, "SCOPE_VERSION",
                "already answered");
}

TEST_F(LedgerTest, StepsUnderAnOldScopeAreRefused) {
  ASSERT_TRUE(Take(Request(1)).ok());
  Step change = ByRequester(types::v1::TRANSITION_CHANGE_SCOPE, 1);
  change.scope = 2;
  ASSERT_TRUE(Take(change).ok());
  ExpectRefused(Check(ByTarget(types::v1::TRANSITION_TAKE_UP, 2)),
                absl::StatusCode::kFailedPrecondition, "SCOPE_VERSION", "got 1, want 2");
  ExpectRefused(Check(ByRequester(types::v1::TRANSITION_CANCEL, 2)),
                absl::StatusCode::kFailedPrecondition, "SCOPE_VERSION", "got 1, want 2");
  Step request = Request(2);
  request.scope = 2;
  ExpectRefused(Check(request), absl::StatusCode::kFailedPrecondition, "SCOPE_VERSION", "want 1");
}

TEST_F(LedgerTest, RetainedUnderAnswersAlsoAfterTheAnswer) {
  ASSERT_TRUE(Take(Request(1)).ok());
  Step change = ByRequester(types::v1::TRANSITION_CHANGE_SCOPE, 1);
  change.scope = 2;
  ASSERT_TRUE(Take(change).ok());
  Step give_back = ByTarget(types::v1::TRANSITION_RETURN, 2);
  give_back.scope = 2;
  ASSERT_TRUE(Take(give_back).ok());
  EXPECT_TRUE(Get().scope_unanswered);
  Step retained = ByTarget(types::v1::TRANSITION_RETAINED_UNDER, 3);
  retained.scope = 2;
  ASSERT_TRUE(Take(retained).ok());
  EXPECT_FALSE(Get().scope_unanswered);
  EXPECT_EQ(State(), "returned");
}

TEST_F(LedgerTest, ReplayOverANewerReferralChangesNothing) {
  bus::v1::Header request = HeaderOf(Request(1));
  ASSERT_TRUE(Take(Request(1)).ok());
  ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_TAKE_UP, 1)).ok());
  Referral newer = Get();
  Ledger replayed;
  replayed.Restore(newer);
  EXPECT_TRUE(replayed.ApplyMessage({.header = &request}, 1, 1));
  EXPECT_FALSE(replayed.ApplyReceived(IdOf(1), 2, 2));
  EXPECT_EQ(replayed.Find(IdOf(1))->version, 2u);
  EXPECT_EQ(replayed.Find(IdOf(1))->state, types::v1::REFERRAL_STATE_TAKEN_UP);
  EXPECT_EQ(replayed.Find(IdOf(1))->last_sequence, 2u);
}

TEST_F(LedgerTest, RecordOfAReferralThatIsNotHereDoesNotFollow) {
  bus::v1::Header step = HeaderOf(ByTarget(types::v1::TRANSITION_TAKE_UP, 1));
  EXPECT_FALSE(ledger_.ApplyMessage({.header = &step}, 1, 1));
  step.mutable_referral()->set_referral_id("short");
  EXPECT_FALSE(ledger_.ApplyMessage({.header = &step}, 1, 1));
  EXPECT_THAT(ledger_.all(), IsEmpty());
}

TEST_F(LedgerTest, RestoreKeepsTheNewer) {
  Step request = Request(1);
  request.expire_s = 10;
  ASSERT_TRUE(Take(request).ok());
  Referral old = Get();
  ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_TAKE_UP, 1)).ok());
  Referral newer = Get();
  ledger_.Restore(old);
  EXPECT_EQ(State(), "taken-up");
  EXPECT_EQ(ledger_.NextExpiryUs(), std::numeric_limits<int64_t>::max());
  Ledger other;
  other.Restore(old);
  EXPECT_EQ(other.NextExpiryUs(), 10'000'000);
  other.Restore(newer);
  EXPECT_EQ(other.Find(IdOf(1))->version, 2u);
  EXPECT_EQ(other.NextExpiryUs(), std::numeric_limits<int64_t>::max());
}

TEST_F(LedgerTest, EvictForgetsFinalReferralsOnly) {
  ASSERT_TRUE(Take(Request(1)).ok());
  ledger_.Evict(IdOf(1));
  EXPECT_NE(ledger_.Find(IdOf(1)), nullptr);
  ASSERT_TRUE(Take(ByRequester(types::v1::TRANSITION_CANCEL, 1)).ok());
  ledger_.Evict(IdOf(1));
  EXPECT_EQ(ledger_.Find(IdOf(1)), nullptr);
}

}  // namespace
}  // namespace waystation::broker
