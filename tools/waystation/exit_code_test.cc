#include "tools/waystation/exit_code.h"

#include <cstdlib>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ExitCodeTest, EachKindOfErrorHasItsDocumentedCode) {
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::OkStatus())), 0);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::FailedPreconditionError("x"))), 1);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::InvalidArgumentError("x"))), 1);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(UsageError("x"))), 2);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::NotFoundError("x"))), 3);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::PermissionDeniedError("x"))), 4);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::UnauthenticatedError("x"))), 4);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::UnavailableError("x"))), 5);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::DeadlineExceededError("x"))), 5);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(Unverified("x"))), 6);
}

TEST(ExitCodeTest, ErrorNamesReasonAndNextCommand) {
  absl::Status status =
      WithNext(Refusal(absl::StatusCode::kFailedPrecondition, "UNIT_MAY_NOT_PETITION",
                       "petition: unit may not petition"),
               "waystation petition show 00");
  const std::string text = FormatError(status);
  EXPECT_THAT(text, HasSubstr("waystation: petition: unit may not petition\n"));
  EXPECT_THAT(text, HasSubstr("reason: UNIT_MAY_NOT_PETITION\n"));
  EXPECT_THAT(text, HasSubstr(" petition show 00\n"));
}

TEST(ExitCodeTest, FirstHintStays) {
  absl::Status status = WithNext(absl::NotFoundError("x"), "first");
  EXPECT_EQ(NextOf(WithNext(status, "second")), "first");
  EXPECT_TRUE(WithNext(absl::OkStatus(), "x").ok());
}

TEST(ExitCodeTest, OwnReasonsAreNotShown) {
  EXPECT_THAT(FormatError(UsageError("x")), Not(HasSubstr("reason:")));
}

TEST(ExitCodeTest, OutsideTextCannotMoveTheCursor) {
  EXPECT_THAT(FormatError(absl::NotFoundError("a\x1b[2Jb")), Not(HasSubstr("\x1b")));
}

TEST(ExitCodeTest, HintsAreAsTheUserTypesThem) {
  setenv("WAYSTATION_BIN_DIR", "/somewhere", 1);
  EXPECT_EQ(AsTyped("waystation doctor"), "tools/ws doctor");
  unsetenv("WAYSTATION_BIN_DIR");
  EXPECT_EQ(AsTyped("waystation doctor"), "waystation doctor");
  EXPECT_EQ(AsTyped("chmod 600 x"), "chmod 600 x");
}

TEST(ExitCodeTest, JsonErrorIsOneLine) {
  const std::string json = FormatErrorJson(absl::UnavailableError("a\nb"));
  EXPECT_THAT(json, HasSubstr("\"exit_code\":5"));
  EXPECT_EQ(json.find('\n'), json.size() - 1);
}

}  // namespace
}  // namespace waystation::cli
