#include "common/handoffs/publication.h"

#include "absl/strings/str_cat.h"
#include "common/handoffs/test_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::handoffs {
namespace {

using types::v1::TRANSITION_REQUEST;

const absl::CivilDay kMonday(2001, 10, 15);

class PublicationTest : public testing::Test {
 protected:
  void Requests(const std::string& from, const std::string& to, int count) {
    for (int i = 0; i < count; ++i) {
      world_.Send(from, to, absl::StrCat("r", ++referrals_), TRANSITION_REQUEST);
    }
  }
  static std::string Identity(const std::string& agency) {
    return agency.empty() ? "" : TestLog::IdentityOf(agency);
  }
  std::optional<uint64_t> Cell(Measure measure, const std::string& from, const std::string& to,
                               absl::CivilDay week = kMonday) {
    for (const PublishedCell& cell : WeekSnapshot(world_.Fold(), week)) {
      if (cell.measure == measure && cell.requester == Identity(from) &&
          cell.target == Identity(to)) {
        return cell.count;
      }
    }
    ADD_FAILURE() << "no such cell";
    return std::nullopt;
  }

  TestLog world_;
  int referrals_ = 0;
};

TEST_F(PublicationTest, ShowsLargeGroupsWithTheirTotals) {
  Requests("doj", "ins", 12);
  Requests("hhs", "ins", 15);
  EXPECT_EQ(Cell(Measure::kRequested, "doj", "ins"), 12u);
  EXPECT_EQ(Cell(Measure::kRequested, "hhs", "ins"), 15u);
  EXPECT_EQ(Cell(Measure::kRequested, "", "ins"), 27u);
  EXPECT_EQ(Cell(Measure::kRequested, "", ""), 27u);
}

TEST_F(PublicationTest, KeepsASmallGroupAndWhatWouldGiveItAway) {
  Requests("doj", "ins", 12);
  Requests("hhs", "ins", 10);
  EXPECT_EQ(Cell(Measure::kRequested, "hhs", "ins"), std::nullopt);
  EXPECT_EQ(Cell(Measure::kRequested, "doj", "ins"), std::nullopt);
  EXPECT_EQ(Cell(Measure::kRequested, "", "ins"), 22u);
}

TEST_F(PublicationTest, CountsAPersonOnceWhoHasManyReferrals) {
  for (int i = 0; i < 20; ++i) {
    const std::string id = absl::StrCat("r", i);
    world_.Send("doj", "ins", id, TRANSITION_REQUEST, {std::nullopt, i == 0 ? "" : "r0"});
  }
  EXPECT_EQ(Cell(Measure::kRequested, "doj", "ins"), std::nullopt);
}

TEST_F(PublicationTest, KeepsTheRestOfARateThatWouldBeSmall) {
  for (int i = 0; i < 30; ++i) {
    const std::string id = absl::StrCat("r", i);
    world_.Send("doj", "ins", id, TRANSITION_REQUEST, {world_.now() + absl::Hours(1), ""});
    // Five of them are late.
    if (i < 25) world_.Send("ins", "doj", id, types::v1::TRANSITION_ANSWER);
  }
  world_.Pass(absl::Hours(2));
  Requests("doj", "ins", 1);
  EXPECT_EQ(Cell(Measure::kDue, "", ""), 30u);
  EXPECT_EQ(Cell(Measure::kDueOnTime, "", ""), std::nullopt) << "25: then 5 were late";
}

TEST_F(PublicationTest, NeverChangesAWeekThatIsOver) {
  Requests("doj", "ins", 12);
  world_.Pass(absl::Hours(24 * 7));
  EXPECT_EQ(Cell(Measure::kReceived, "doj", "ins"), 0u);
  const size_t cells = WeekSnapshot(world_.Fold(), kMonday).size();
  Requests("hhs", "doj", 30);
  Requests("doj", "ins", 30);
  EXPECT_EQ(Cell(Measure::kRequested, "doj", "ins"), 12u);
  EXPECT_EQ(WeekSnapshot(world_.Fold(), kMonday).size(), cells);
}

TEST_F(PublicationTest, NamesTheWeeksThatAreOver) {
  Requests("doj", "ins", 1);
  EXPECT_THAT(CompleteWeeks(world_.Fold()), testing::IsEmpty());
  world_.Pass(absl::Hours(24 * 14));
  Requests("doj", "ins", 1);
  EXPECT_THAT(CompleteWeeks(world_.Fold()), testing::ElementsAre(kMonday, kMonday + 7));
}

TEST_F(PublicationTest, ShowsTheMedianOfAGroupThatIsShown) {
  std::vector<std::string> ids;
  for (int i = 0; i < 11; ++i) {
    ids.push_back(world_.Send("doj", "ins", absl::StrCat("r", i), TRANSITION_REQUEST));
  }
  world_.Pass(absl::Hours(3));
  for (const std::string& id : ids) world_.Receive(id);
  for (const PublishedCell& cell : WeekSnapshot(world_.Fold(), kMonday)) {
    if (cell.measure != Measure::kReceived || cell.requester.empty() || cell.target.empty()) {
      continue;
    }
    EXPECT_EQ(cell.count, 11u);
    EXPECT_EQ(cell.median_h, 3);
  }
}

}  // namespace
}  // namespace waystation::handoffs
