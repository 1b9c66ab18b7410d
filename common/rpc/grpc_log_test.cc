#include "common/rpc/grpc_log.h"

#include <algorithm>
#include <string>

#include "gmock/gmock.h"
#include "grpc/support/log.h"
#include "gtest/gtest.h"

namespace waystation::rpc {
namespace {

using testing::HasSubstr;

TEST(GrpcLogTest, ErrorsBecomeLinesOfOurLogAndHostNamesAreLeftOut) {
  RouteGrpcLog();
  testing::internal::CaptureStderr();
  gpr_log(GPR_INFO, "hidden");
  gpr_log(GPR_ERROR, "handshake \"%s\" failed", "x");
  gpr_log(GPR_ERROR, "No match found for server name: 127.0.0.1.");
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_THAT(out, HasSubstr(R"("component":"grpc")"));
  EXPECT_THAT(out, HasSubstr(R"("text":"handshake \"x\" failed")"));
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
}

}  // namespace
}  // namespace waystation::rpc
