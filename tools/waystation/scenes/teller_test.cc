#include "tools/waystation/scenes/teller.h"

#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class TellerTest : public testing::Test {
 protected:
  std::vector<std::string> Lines() { return absl::StrSplit(results_.str(), '\n'); }

  std::ostringstream results_;
  std::ostringstream narration_;
  Output out_{results_, narration_, Format::kTable, /*color=*/false};
  Teller teller_{out_};
};

TEST_F(TellerTest, StepHasWhoAndWhatInColumns) {
  teller_.Title("1. A scene");
  teller_.Step("INS adjudicator-2101", "takes it up");
  EXPECT_EQ(results_.str(), "\n1. A scene  SYNTHETIC\n  INS adjudicator-2101  takes it up\n");
}

TEST_F(TellerTest, NoLineIsWiderThanAHundredColumns) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "word" + std::to_string(i) + " ";
  teller_.Step("DOL line-4101", text + "end");
  ASSERT_GT(Lines().size(), 3u);
  for (const std::string& line : Lines()) EXPECT_LE(line.size(), 100u) << line;
  EXPECT_EQ(Lines()[1].substr(0, 24), std::string(24, ' '));
  EXPECT_THAT(results_.str(), HasSubstr("end\n"));
}

TEST_F(TellerTest, LongWordStaysWhole) {
  const std::string word(150, 'x');
  teller_.Step("", "before " + word + " after");
  EXPECT_THAT(results_.str(), HasSubstr(word + "\n"));
}

TEST_F(TellerTest, OutsideTextMovesNoCursor) {
  teller_.Step("INS", "returns it: \x1b[2J");
  EXPECT_THAT(results_.str(), Not(HasSubstr("\x1b")));
}

TEST_F(TellerTest, EndNamesPersonHolderAndTime) {
  google::protobuf::Timestamp since;
  since.set_seconds(1'000'000'000);
  teller_.End("pv-1", "received", "doj/fbi", "take up", since);
  EXPECT_THAT(results_.str(), HasSubstr("=>                    pv-1: received; next move: doj/fbi, "
                                        "to take up, since 2001-09-09"));
}

TEST_F(TellerTest, EndWithoutHolderSaysNobody) {
  types::v1::InboxItem item;
  item.set_state(types::v1::REFERRAL_STATE_ANSWERED);
  teller_.End("pv-1", item);
  EXPECT_THAT(results_.str(), HasSubstr("pv-1: answered; nobody holds a next move, since"));
}

TEST_F(TellerTest, JsonIsOneObjectALine) {
  Output json(results_, narration_, Format::kJson, /*color=*/true);
  Teller teller(json);
  teller.Title("1. A scene");
  teller.Step("HHS", "opens \"it\"", Tone::kGood);
  EXPECT_EQ(Lines().size(), 2u);
  for (const char* part : {"\"part\":\"1. A scene\"", "\"who\":\"HHS\"", "\"synthetic\":true",
                           "\"step\":\"opens \\\"it\\\"\""}) {
    EXPECT_THAT(results_.str(), HasSubstr(part));
  }
  EXPECT_THAT(results_.str(), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace waystation::cli
