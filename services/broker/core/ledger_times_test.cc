#include <limits>

#include "services/broker/core/ledger_fixture.h"

namespace waystation::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(LedgerTest, ExpiresWhatNobodyTookUp) {
  Step request = Request(1);
  request.expire_s = 10;
  ASSERT_TRUE(Take(request).ok());
  EXPECT_EQ(ledger_.NextExpiryUs(), 10'000'000);
  EXPECT_THAT(ledger_.PickExpired(9'999'999, 9), IsEmpty());
  EXPECT_THAT(ledger_.PickExpired(10'000'000, 9), ElementsAre(1));
  EXPECT_THAT(ledger_.PickExpired(10'000'000, 0), IsEmpty());
  EXPECT_EQ(ledger_.ApplyExpired(1, 2, 10'000'000), IdOf(1));
  EXPECT_EQ(State(), "expired");
  EXPECT_EQ(Get().version, 2u);
  EXPECT_EQ(ledger_.NextExpiryUs(), std::numeric_limits<int64_t>::max());
  EXPECT_FALSE(ledger_.ApplyExpired(1, 3, 11'000'000).has_value());
  Step fresh = Request(2);
  fresh.replaces = 1;
  EXPECT_TRUE(Check(fresh).ok());
}

TEST_F(LedgerTest, RequesterSetsAndMovesTheDueTimeAndAStepWithoutOneLeavesIt) {
  Step request = Request(1);
  request.due_s = 10;
  ASSERT_TRUE(Take(request).ok());
  EXPECT_EQ(Get().due_us, 10'000'000);
  ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_TAKE_UP, 1)).ok());
  EXPECT_EQ(Get().due_us, 10'000'000);
  Step change = ByRequester(types::v1::TRANSITION_CHANGE_SCOPE, 2);
  change.scope = 2;
  change.due_s = 20;
  ASSERT_TRUE(Take(change).ok());
  EXPECT_EQ(Get().due_us, 20'000'000);
}

// Who is late does not set the day on which it is late.
TEST_F(LedgerTest, TargetMayNotSetTheDueTime) {
  Step request = Request(1);
  request.due_s = 10;
  ASSERT_TRUE(Take(request).ok());
  for (Transition transition : {types::v1::TRANSITION_TAKE_UP, types::v1::TRANSITION_RETURN}) {
    Step step = ByTarget(transition, 1);
    for (int64_t due_s : {-1, 10, 99}) {
      step.due_s = due_s;
      ExpectRefused(Check(step), absl::StatusCode::kInvalidArgument, "TIME_INVALID", "due_time");
    }
    step.due_s = 0;
    EXPECT_TRUE(Check(step).ok());
  }
  EXPECT_EQ(Get().due_us, 10'000'000);
}

TEST_F(LedgerTest, CancelAskedDoesNotExpireUntilItContinues) {
  Step request = Request(1);
  request.expire_s = 10;
  ASSERT_TRUE(Take(request).ok());
  Receive();
  EXPECT_EQ(ledger_.NextExpiryUs(), 10'000'000);
  ASSERT_TRUE(Take(ByRequester(types::v1::TRANSITION_ASK_TO_CANCEL, 2)).ok());
  EXPECT_THAT(ledger_.PickExpired(11'000'000, 9), IsEmpty());
  ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_CONTINUE, 3)).ok());
  EXPECT_THAT(ledger_.PickExpired(11'000'000, 9), ElementsAre(1));
}

TEST_F(LedgerTest, TakenUpDoesNotExpire) {
  Step request = Request(1);
  request.expire_s = 10;
  ASSERT_TRUE(Take(request).ok());
  ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_TAKE_UP, 1)).ok());
  EXPECT_EQ(ledger_.NextExpiryUs(), std::numeric_limits<int64_t>::max());
}

TEST(LedgerTimesTest, TimesFarOutOfRangeAreTakenToTheNearerEnd) {
  google::protobuf::Timestamp time;
  time.set_seconds(1);
  time.set_nanos(999'999'999);
  EXPECT_EQ(Micros(time), 1'999'999);
  time.set_nanos(0);
  time.set_seconds(std::numeric_limits<int64_t>::max());
  EXPECT_EQ(Micros(time), 253'402'300'799'000'000);
  time.set_seconds(std::numeric_limits<int64_t>::min());
  EXPECT_EQ(Micros(time), -62'135'596'800'000'000);
}

}  // namespace
}  // namespace waystation::broker
