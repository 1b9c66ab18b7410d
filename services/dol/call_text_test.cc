#include "services/dol/call_text.h"

#include <string>

#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::dol {
namespace {

TEST(CallTextTest, FindsTelephoneNumbersHoweverTheyAreWritten) {
  for (const char* text :
       {"5550142", "call 555 0142", "(202) 555-0142", "202.555.0142", "+1 202 555 0142",
        "5 5 5 0 1 4 2", "555\t0142", "555\n0142", "at 2001-10-28", "no. 1234567 or so",
        "555\u20110142", "555\u00a00142", "\uff08202\uff09555\uff0d0142",
        "\uff15\uff15\uff15\uff10\uff11\uff14\uff12", "\u0665\u0665\u0665\u0660\u0661\u0664\u0662",
        "\u06f5\u06f5\u06f5\u06f0\u06f1\u06f4\u06f2",
        "\u096b\u096b\u096b\u0966\u0967\u096a\u0968"}) {
    EXPECT_TRUE(HoldsTelephoneNumber(text)) << text;
  }
}

TEST(CallTextTest, LeavesOtherNumbersAlone) {
  for (const char* text :
       {"", "555014", "(555) 014", "10:00 to 11:00, then 15:00 to 16:00", "28 October 2001",
        "$1,250,000 owed", "12 hours, 7 days, 300 dollars", "line 2 of 3", "\u00e9\u4e00 12",
        "------", "5 and 5 and 5 and 0 and 1 and 4 and 2"}) {
    EXPECT_FALSE(HoldsTelephoneNumber(text)) << text;
  }
}

TEST(CallTextTest, TakesBytesThatAreNoText) {
  EXPECT_FALSE(HoldsTelephoneNumber("\xff\xe0\x80"));
  EXPECT_TRUE(HoldsTelephoneNumber("1234567\xf0"));
}

TEST(CallTextTest, RefusesWithThePolicyAndWithoutTheText) {
  const absl::Status refused = CheckCallText("circumstances", "reach me at 555 0142", {1, 100});
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(refused), "CALLER_ID_NOT_ALLOWED");
  const std::string text(Std(refused.message()));
  EXPECT_NE(text.find("POLICY-CL-1"), std::string::npos) << text;
  EXPECT_EQ(text.find("0142"), std::string::npos) << text;
}

}  // namespace
}  // namespace waystation::dol
