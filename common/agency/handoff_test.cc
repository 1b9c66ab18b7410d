#include "common/agency/handoff.h"

#include "gtest/gtest.h"

namespace waystation::agency {
namespace {

using namespace types::v1;  // NOLINT: the whole table is made of its names.

TEST(HandoffTest, GoesBackToTheFormerStateAfterAQuestion) {
  Standing standing{REFERRAL_STATE_ON_HOLD, REFERRAL_STATE_UNSPECIFIED};
  standing = After(standing, TRANSITION_ASK_TO_CANCEL);
  EXPECT_EQ(standing.state, REFERRAL_STATE_CANCEL_ASKED);
  EXPECT_EQ(standing.former, REFERRAL_STATE_ON_HOLD);
  standing = After(standing, TRANSITION_CONTINUE);
  EXPECT_EQ(standing.state, REFERRAL_STATE_ON_HOLD);
  EXPECT_EQ(standing.former, REFERRAL_STATE_UNSPECIFIED);
}

TEST(HandoffTest, KeepsTheStateWhereTheTableSaysUnchanged) {
  Standing standing{REFERRAL_STATE_TAKEN_UP, REFERRAL_STATE_UNSPECIFIED};
  for (Transition step : {TRANSITION_CHANGE_SCOPE, TRANSITION_SCOPE_CONFIRMED,
                          TRANSITION_RETAINED_UNDER, TRANSITION_UNSPECIFIED}) {
    EXPECT_EQ(After(standing, step).state, REFERRAL_STATE_TAKEN_UP) << Transition_Name(step);
  }
}

TEST(HandoffTest, LetsNobodyTakeTheOtherPartysStep) {
  for (int state = ReferralState_MIN; state <= ReferralState_MAX; ++state) {
    for (int step = Transition_MIN; step <= Transition_MAX; ++step) {
      auto from = static_cast<ReferralState>(state);
      auto transition = static_cast<Transition>(step);
      EXPECT_FALSE(MayStep(from, transition, true) && MayStep(from, transition, false));
    }
  }
}

TEST(HandoffTest, LeavesAFinalStateOnlyByErrorAndScope) {
  for (int state = ReferralState_MIN; state <= ReferralState_MAX; ++state) {
    auto from = static_cast<ReferralState>(state);
    if (!IsFinal(from)) continue;
    for (int step = Transition_MIN; step <= Transition_MAX; ++step) {
      auto transition = static_cast<Transition>(step);
      if (!MayStep(from, transition, true) && !MayStep(from, transition, false)) continue;
      ReferralState to = After({from, REFERRAL_STATE_UNSPECIFIED}, transition).state;
      EXPECT_TRUE(to == from || to == REFERRAL_STATE_ENTERED_IN_ERROR)
          << Transition_Name(transition);
    }
  }
}

TEST(HandoffTest, KnowsNoStepOutOfNowhere) {
  for (int step = Transition_MIN; step <= Transition_MAX; ++step) {
    auto transition = static_cast<Transition>(step);
    EXPECT_FALSE(MayStep(REFERRAL_STATE_UNSPECIFIED, transition, true));
    EXPECT_FALSE(MayStep(REFERRAL_STATE_UNSPECIFIED, transition, false));
  }
}

}  // namespace
}  // namespace waystation::agency
