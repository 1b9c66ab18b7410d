#include "common/agency/retries.h"

#include "gtest/gtest.h"

namespace waystation::agency {
namespace {

TEST(RetriesTest, EachWaitsForATimeOfItsOwnThatDoubles) {
  Retries retries(absl::Seconds(1), absl::Seconds(3));
  EXPECT_TRUE(retries.IsDue("a", absl::ZeroDuration()));
  EXPECT_FALSE(retries.NextIn(absl::ZeroDuration()).has_value());
  retries.NotTaken("a", absl::ZeroDuration());
  EXPECT_FALSE(retries.IsDue("a", absl::Milliseconds(999)));
  EXPECT_TRUE(retries.IsDue("a", absl::Seconds(1)));
  EXPECT_TRUE(retries.IsDue("b", absl::ZeroDuration()));
  retries.NotTaken("a", absl::Seconds(1));
  EXPECT_EQ(retries.NextIn(absl::Seconds(1)), absl::Seconds(2));
  retries.NotTaken("b", absl::Seconds(1));
  EXPECT_EQ(retries.NextIn(absl::Seconds(1)), absl::Seconds(1));
  retries.NotTaken("a", absl::Seconds(3));
  EXPECT_FALSE(retries.IsDue("a", absl::Milliseconds(5'999)));
  EXPECT_TRUE(retries.IsDue("a", absl::Seconds(6)));
}

// Whoever waits for the next thing to try must not be woken by what is under way.
TEST(RetriesTest, WhatIsTriedIsWaitedForNoMore) {
  Retries retries(absl::Seconds(1), absl::Seconds(8));
  retries.NotTaken("a", absl::ZeroDuration());
  retries.Trying("a");
  retries.Trying("never waited");
  EXPECT_FALSE(retries.NextIn(absl::Seconds(5)).has_value());
  EXPECT_FALSE(retries.IsDue("a", absl::Seconds(5)));
  retries.NotTaken("a", absl::Seconds(5));
  EXPECT_EQ(retries.NextIn(absl::Seconds(5)), absl::Seconds(2));
}

TEST(RetriesTest, ForgetsWhatIsDueAndWasNotTried) {
  Retries retries(absl::Seconds(1), absl::Seconds(8));
  retries.NotTaken("gone", absl::ZeroDuration());
  retries.NotTaken("tried", absl::ZeroDuration());
  retries.NotTaken("later", absl::Seconds(1));
  retries.NotTaken("kept", absl::ZeroDuration());
  retries.Trying("tried");
  retries.ForgetDue(absl::Seconds(1), "kept");
  EXPECT_EQ(retries.NextIn(absl::Seconds(1)), absl::ZeroDuration());
  retries.Forget("kept");
  EXPECT_EQ(retries.NextIn(absl::Seconds(1)), absl::Seconds(1));
  retries.Clear();
  EXPECT_FALSE(retries.NextIn(absl::ZeroDuration()).has_value());
}

}  // namespace
}  // namespace waystation::agency
