#include "common/clock/clock.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace waystation {
namespace {

constexpr int64_t kStart = 1'700'000'000;

TEST(FakeClockTest, StandsStillUntilMoved) {
  FakeClock clock(absl::FromUnixSeconds(kStart));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(kStart));
  EXPECT_EQ(clock.Now(), clock.Now());
  EXPECT_EQ(clock.Monotonic(), absl::ZeroDuration());
}

TEST(FakeClockTest, AdvanceMovesBothTimes) {
  FakeClock clock(absl::FromUnixSeconds(kStart));
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(kStart + 5));
  EXPECT_EQ(clock.Monotonic(), absl::Seconds(5));
}

TEST(FakeClockTest, SetNowStepsWallTimeAlone) {
  FakeClock clock(absl::FromUnixSeconds(kStart));
  clock.Advance(absl::Seconds(1));
  clock.SetNow(absl::FromUnixSeconds(5));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(5));
  EXPECT_EQ(clock.Monotonic(), absl::Seconds(1));
}

TEST(FakeClockTest, NoAdvanceIsLostBetweenThreads) {
  FakeClock clock(absl::FromUnixSeconds(kStart));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&clock] {
      for (int i = 0; i < 1000; i++) clock.Advance(absl::Milliseconds(1));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(clock.Monotonic(), absl::Seconds(4));
}

TEST(SystemClockTest, MonotonicNeverGoesBack) {
  SystemClock clock;
  absl::Duration last = clock.Monotonic();
  for (int i = 0; i < 1000; i++) {
    absl::Duration now = clock.Monotonic();
    ASSERT_GE(now, last);
    last = now;
  }
  EXPECT_GT(clock.Now(), absl::FromUnixSeconds(kStart));
}

}  // namespace
}  // namespace waystation
