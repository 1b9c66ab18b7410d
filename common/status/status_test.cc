#include "common/status/status.h"

#include "gtest/gtest.h"

namespace waystation {
namespace {

TEST(StatusTest, QuotedEscapesAndCutsOutsideText) {
  EXPECT_EQ(Quoted("a\nb"), "\"a\\nb\"");
  EXPECT_EQ(Quoted(std::string(70, 'x')), "\"" + std::string(64, 'x') + "\"... (70 bytes)");
}

TEST(StatusTest, ProblemLeavesOutWhatIsEmpty) {
  EXPECT_EQ(Problem("topic", "too long", "300 bytes", "1 to 255"),
            "topic: too long, got 300 bytes, want 1 to 255");
  EXPECT_EQ(Problem("topic", "missing"), "topic: missing");
}

TEST(StatusTest, PrefixKeepsCodeAndReason) {
  absl::Status inner = Refusal(absl::StatusCode::kAborted, "STALE_VERSION", "version: stale");
  absl::Status outer = Prefixed("referral", inner);
  EXPECT_EQ(outer.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(outer), "STALE_VERSION");
  EXPECT_EQ(Std(outer.message()), "referral: version: stale");
}

}  // namespace
}  // namespace waystation
