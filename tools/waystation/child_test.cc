#include "tools/waystation/child.h"

#include <csignal>

#include "common/clock/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/signals.h"

namespace waystation::cli {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(30);

class ChildTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Child>> Run(const std::string& script) {
    return Child::Start({"doj", {"/bin/sh", "-c", script}, log_}, signals_);
  }

  SystemClock clock_;
  Signals signals_;
  const std::string log_ = ::testing::TempDir() + "/" +
                           ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".log";
};

TEST_F(ChildTest, ReadsAddressFromReadyLine) {
  auto child = *Run("echo starting; echo ready doj 127.0.0.1:4711; exec sleep 60");
  auto address = child->AwaitReady(kPatience, clock_, signals_);
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(*address, "127.0.0.1:4711");
  EXPECT_TRUE(child->Check().ok());
}

TEST_F(ChildTest, IgnoresReadyLineOfAnother) {
  auto child = *Run("echo ready doj2 127.0.0.1:1; echo not ready doj x:2; exec sleep 60");
  auto address = child->AwaitReady(absl::Milliseconds(200), clock_, signals_);
  EXPECT_TRUE(absl::IsDeadlineExceeded(address.status())) << address.status();
}

TEST_F(ChildTest, DeathIsToldWithStatusAndLastLogLine) {
  auto child = *Run("echo first >&2; echo 'port taken' >&2; exit 78");
  absl::Status status = child->AwaitReady(kPatience, clock_, signals_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("exit status 78"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("port taken"));
}

TEST_F(ChildTest, MissingProgramIsNamed) {
  auto child = Child::Start({"ins", {"/nonexistent/ins"}, log_}, signals_);
  EXPECT_TRUE(absl::IsNotFound(child.status()));
  EXPECT_THAT(std::string(child.status().message()), HasSubstr("/nonexistent/ins"));
}

TEST_F(ChildTest, StopKillsTheDeafWhenPatienceEnds) {
  auto polite = *Run("echo ready doj a:1; exec sleep 60");
  auto deaf = *Run("trap '' TERM; echo ready doj a:1; while true; do sleep 1; done");
  ASSERT_TRUE(polite->AwaitReady(kPatience, clock_, signals_).ok());
  ASSERT_TRUE(deaf->AwaitReady(kPatience, clock_, signals_).ok());
  const absl::Duration begin = clock_.Monotonic();
  StopChildren({polite.get(), deaf.get()}, absl::Milliseconds(300), clock_);
  EXPECT_TRUE(polite->Ended());
  EXPECT_TRUE(deaf->Ended());
  EXPECT_LT(clock_.Monotonic() - begin, absl::Seconds(3));
}

TEST_F(ChildTest, StopSignalEndsTheWait) {
  auto child = *Run("exec sleep 60");
  raise(SIGINT);
  EXPECT_TRUE(absl::IsCancelled(child->AwaitReady(kPatience, clock_, signals_).status()));
  EXPECT_EQ(signals_.Wait(absl::ZeroDuration()), Signals::Event::kStop);
}

}  // namespace
}  // namespace waystation::cli
