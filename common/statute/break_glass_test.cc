#include "common/statute/break_glass.h"

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::statute {
namespace {

TEST(BreakGlassTest, OpensForASecondToAnHour) {
  EXPECT_TRUE(CheckGlassTime(absl::Seconds(1)).ok());
  EXPECT_TRUE(CheckGlassTime(absl::Minutes(30)).ok());
  EXPECT_TRUE(CheckGlassTime(absl::Hours(1)).ok());
}

TEST(BreakGlassTest, RefusesLessAndMoreWithTheCitation) {
  for (absl::Duration asked : {-absl::Minutes(1), absl::ZeroDuration(), absl::Milliseconds(999),
                               absl::Hours(1) + absl::Nanoseconds(1), absl::InfiniteDuration()}) {
    const absl::Status refused = CheckGlassTime(asked);
    EXPECT_EQ(ReasonOf(refused), "GLASS_TIME_OUTSIDE") << asked;
    EXPECT_THAT(refused.ToString(), testing::HasSubstr("POLICY-BG-1")) << asked;
  }
}

}  // namespace
}  // namespace waystation::statute
