#include "tools/waystation/published_text.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/handoffs/test_log.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::cli {
namespace {

using testing::Contains;
using types::v1::TRANSITION_REQUEST;

// In the week of 2001-10-15 DOJ asks INS for 12 people and HHS for 10; INS has those
// of DOJ after three hours.
class PublishedTextTest : public testing::Test {
 protected:
  PublishedTextTest() {
    std::vector<std::string> ids;
    for (int i = 0; i < 12; ++i) {
      ids.push_back(world_.Send("doj", "ins", absl::StrCat("d", i), TRANSITION_REQUEST));
    }
    for (int i = 0; i < 10; ++i) {
      world_.Send("hhs", "ins", absl::StrCat("h", i), TRANSITION_REQUEST);
    }
    world_.Pass(absl::Hours(3));
    for (const std::string& id : ids) world_.Receive(id);
    world_.Pass(absl::Hours(24 * 7));
    world_.Send("doj", "ins", "next week", TRANSITION_REQUEST);
  }

  // What `audit metrics --published` prints, line by line.
  std::vector<std::string> Lines(Format format) {
    std::ostringstream results, narration;
    const std::vector<v1::PublishedCell> cells = PublishedCells(world_.Fold());
    Output(results, narration, format, false).List(cells, PublishedTable(cells), "nothing");
    EXPECT_EQ(narration.str(), "");
    return absl::StrSplit(results.str(), '\n', absl::SkipEmpty());
  }
  // How a line of JSON begins, up to what it says of its figure.
  static std::string Json(const std::string& measure, const std::string& from,
                          const std::string& to) {
    return absl::StrCat(R"({"week":"2001-10-15","measure":")", measure, R"(","requester":")", from,
                        R"(","target":")", to, R"(","suppressed":)");
  }

  handoffs::TestLog world_;
  const std::string doj_ = handoffs::TestLog::IdentityOf("doj");
  const std::string hhs_ = handoffs::TestLog::IdentityOf("hhs");
  const std::string ins_ = handoffs::TestLog::IdentityOf("ins");
};

TEST_F(PublishedTextTest, ASuppressedCellHasNoFigureInJson) {
  const std::vector<std::string> lines = Lines(Format::kJson);
  EXPECT_THAT(lines, Contains(Json("requested", doj_, ins_) + "true}"));
  EXPECT_THAT(lines, Contains(Json("requested", hhs_, ins_) + "true}"));
  EXPECT_THAT(lines, Contains(Json("requested", hhs_, "all") + "true}"));
  for (const std::string& line : lines) {
    const bool suppressed = line.find("\"suppressed\":true") != std::string::npos;
    EXPECT_EQ(line.find("\"count\"") == std::string::npos, suppressed) << line;
    EXPECT_FALSE(suppressed && line.find("median") != std::string::npos) << line;
  }
}

TEST_F(PublishedTextTest, AFigureThatIsShownIsThereAndSoIsATrueZero) {
  const std::vector<std::string> lines = Lines(Format::kJson);
  EXPECT_THAT(lines, Contains(Json("requested", "all", ins_) + R"(false,"count":"22"})"));
  EXPECT_THAT(lines,
              Contains(Json("received", doj_, ins_) + R"(false,"count":"12","median_h":"3"})"));
  EXPECT_THAT(lines, Contains(Json("received", hhs_, ins_) + R"(false,"count":"0"})"));
}

TEST_F(PublishedTextTest, ASuppressedCellHasNoFigureInTheTable) {
  const std::vector<std::string> lines = Lines(Format::kTable);
  EXPECT_THAT(lines, Contains("2001-10-15  requested    agency/doj  agency/ins  suppressed  -"));
  EXPECT_THAT(lines, Contains("2001-10-15  requested    agency/hhs  agency/ins  suppressed  -"));
  EXPECT_THAT(lines, Contains("2001-10-15  requested    all         agency/ins  22          -"));
  EXPECT_THAT(lines, Contains("2001-10-15  received     agency/doj  agency/ins  12          3h"));
  EXPECT_THAT(lines, Contains("2001-10-15  received     agency/hhs  agency/ins  0           -"));
}

// What one form shows the other must not hide, and no cell is left out of either.
TEST_F(PublishedTextTest, BothFormsHideTheSameCells) {
  auto count = [](const std::vector<std::string>& lines, const std::string& text) {
    return std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  };
  const std::vector<std::string> json = Lines(Format::kJson);
  const std::vector<std::string> table = Lines(Format::kTable);
  EXPECT_EQ(table.size(), json.size() + 1) << "a head, and a line for each cell";
  EXPECT_GT(count(json, "\"suppressed\":true"), 0);
  EXPECT_EQ(count(json, "\"suppressed\":true"), count(table, "suppressed"));
}

}  // namespace
}  // namespace waystation::cli
