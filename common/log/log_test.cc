#include "common/log/log.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::log {
namespace {

using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

std::string Line(std::initializer_list<Field> fields) {
  return FormatLine(absl::FromUnixMicros(1'795'000'000'123'456), Level::kWarning, "broker",
                    "listening", fields);
}

constexpr char kStart[] =
    R"({"time":"2026-11-18T11:06:40.123456Z","level":"warning","component":"broker",)"
    R"("event":"listening")";

TEST(LogTest, WritesEachKindOfValueAsJson) {
  EXPECT_EQ(Line({}), std::string(kStart) + "}");
  EXPECT_EQ(Line({{"port", 7443},
                  {"size", uint64_t{18446744073709551615u}},
                  {"drift", -2},
                  {"share", 0.5},
                  {"none", std::nan("")},
                  {"ready", true},
                  {"peer", "x"}}),
            std::string(kStart) +
                R"(,"port":7443,"size":18446744073709551615,"drift":-2,"share":0.5,)"
                R"("none":null,"ready":true,"peer":"x"})");
}

TEST(LogTest, OutsideTextCannotBreakOutOfItsField) {
  EXPECT_EQ(Line({{"peer", "a\",\"level\":\"info\n\\\x1b[2J\xff"}}),
            std::string(kStart) + R"(,"peer":"a\",\"level\":\"info\u000a\\\u001b[2J\u00ff"})");
  EXPECT_EQ(Line({{"pe\"er", "x"}}), std::string(kStart) + R"(,"pe\"er":"x"})");
}

TEST(LogTest, CutsLongText) {
  const std::string line = Line({{"peer", std::string(100'000, 'x')}});
  EXPECT_LT(line.size(), 1024u);
  EXPECT_THAT(line, HasSubstr("... (100000 bytes)\"}"));
}

TEST(LogTest, WritesOneLineToStandardErrorFromTheMinimumLevelOn) {
  CaptureStderr();
  Debug("test", "hidden");
  Info("test", "shown", {{"brace", "{}"}});
  SetMinimumLevel(Level::kError);
  Warning("test", "hidden_too");
  SetMinimumLevel(Level::kInfo);
  const std::string out = GetCapturedStderr();
  EXPECT_THAT(out, testing::EndsWith(R"("component":"test","event":"shown","brace":"{}"})"
                                     "\n"));
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
}

}  // namespace
}  // namespace waystation::log
