#include "services/broker/core/ledger_fixture.h"

namespace waystation::broker {
namespace {

TEST_F(LedgerTest, ForwardOpensAChildUnderTheSameRootAndLeavesTheParent) {
  ASSERT_TRUE(Take(Request(1)).ok());
  ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_TAKE_UP, 1)).ok());
  Step child = {.source = kIns,
                .to = kHhs,
                .referral = 2,
                .transition = types::v1::TRANSITION_REQUEST,
                .parent = 1};
  ASSERT_TRUE(Take(child).ok());
  EXPECT_EQ(Get(2).root, IdOf(1));
  EXPECT_EQ(State(1), "taken-up");
  EXPECT_EQ(Get(1).version, 2u);
  Step take_up = {.source = kHhs,
                  .to = kIns,
                  .referral = 2,
                  .transition = types::v1::TRANSITION_TAKE_UP,
                  .version = 1};
  ASSERT_TRUE(Take(take_up).ok());
  Step grandchild = {.source = kHhs,
                     .to = kDoj,
                     .referral = 3,
                     .transition = types::v1::TRANSITION_REQUEST,
                     .parent = 2};
  ASSERT_TRUE(Take(grandchild).ok());
  EXPECT_EQ(Get(3).root, IdOf(1));
}

TEST_F(LedgerTest, ForwardNeedsAPresentParentHeldByTheSender) {
  Step child = {.source = kIns,
                .to = kHhs,
                .referral = 2,
                .transition = types::v1::TRANSITION_REQUEST,
                .parent = 1};
  ExpectRefused(Check(child), absl::StatusCode::kFailedPrecondition, "LINK_INVALID");
  ASSERT_TRUE(Take(Request(1)).ok());
  ExpectRefused(Check(child), absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
                "\"forward\" by target in state \"requested\"");
  ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_TAKE_UP, 1)).ok());
  child.source = kHhs;
  child.to = kIns;
  ExpectRefused(Check(child), absl::StatusCode::kFailedPrecondition, "LINK_INVALID", "no party");
  child.source = kDoj;
  ExpectRefused(Check(child), absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION",
                "\"forward\" by requester");
}

TEST_F(LedgerTest, OnlyTheRequesterReplacesAndOnlyReturnedOrExpired) {
  Step fresh = Request(2);
  fresh.replaces = 1;
  ExpectRefused(Check(fresh), absl::StatusCode::kFailedPrecondition, "LINK_INVALID");
  ASSERT_TRUE(Take(Request(1)).ok());
  ExpectRefused(Check(fresh), absl::StatusCode::kFailedPrecondition, "LINK_INVALID",
                "want returned or expired");
  ASSERT_TRUE(Take(ByTarget(types::v1::TRANSITION_RETURN, 1)).ok());
  Step other = fresh;
  other.source = kHhs;
  ExpectRefused(Check(other), absl::StatusCode::kFailedPrecondition, "LINK_INVALID",
                "not the requester");
  ASSERT_TRUE(Take(fresh).ok());
  EXPECT_EQ(State(1), "returned");
  ASSERT_TRUE(Take(Step{.source = kDoj,
                        .to = kIns,
                        .referral = 1,
                        .transition = types::v1::TRANSITION_ENTERED_IN_ERROR,
                        .version = 2})
                  .ok());
  fresh.referral = 3;
  ExpectRefused(Check(fresh), absl::StatusCode::kFailedPrecondition, "LINK_INVALID",
                "want returned or expired");
}

}  // namespace
}  // namespace waystation::broker
