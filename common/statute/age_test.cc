#include "common/statute/age.h"

#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::statute {
namespace {

using Day = absl::CivilDay;

TEST(MakeDayTest, AcceptsDaysOfTheCalendarOnly) {
  struct Case {
    int year, month, day;
    bool ok;
  };
  for (const Case& c : {
           Case{2002, 1, 31, true},
           Case{2000, 2, 29, true},
           Case{2002, 2, 28, true},
           Case{2002, 2, 29, false},
           Case{1900, 2, 29, false},
           Case{2002, 4, 31, false},
           Case{2002, 0, 1, false},
           Case{2002, 13, 1, false},
           Case{2002, 1, 0, false},
           Case{2002, 1, -1, false},
           Case{1850, 1, 1, true},
           Case{1849, 12, 31, false},
           Case{2200, 12, 31, true},
           Case{2201, 1, 1, false},
           Case{0, 0, 0, false},
           Case{2002, 1 << 30, 1, false},
       }) {
    auto made = MakeDay(c.year, c.month, c.day);
    EXPECT_EQ(made.ok(), c.ok) << c.year << "-" << c.month << "-" << c.day;
    EXPECT_EQ(ReasonOf(made.status()), c.ok ? "" : "DATE_INVALID");
  }
}

TEST(AgeOnTest, AttainsAgeOnTheBirthday) {
  struct Case {
    Day born, on;
    int years;
  };
  for (const Case& c : {
           Case{Day(1984, 3, 4), Day(2002, 3, 3), 17},
           Case{Day(1984, 3, 4), Day(2002, 3, 4), 18},
           Case{Day(1984, 12, 31), Day(2002, 1, 1), 17},
           Case{Day(2002, 1, 1), Day(2002, 1, 1), 0},
           Case{Day(2002, 1, 2), Day(2002, 1, 1), 0},
           Case{Day(1984, 2, 29), Day(2002, 2, 28), 17},
           Case{Day(1984, 2, 29), Day(2002, 3, 1), 18},
           Case{Day(1984, 2, 29), Day(2004, 2, 28), 19},
           Case{Day(1984, 2, 29), Day(2004, 2, 29), 20},
       }) {
    EXPECT_EQ(AgeOn(c.born, c.on), c.years) << DayText(c.born) << " on " << DayText(c.on);
  }
}

TEST(BracketOnTest, ChangesOnTheBirthdays) {
  const Day on(2002, 5, 1);
  struct Case {
    Day born;
    AgeBracket bracket;
    bool child;
  };
  for (const Case& c : {
           Case{Day(1987, 5, 2), AgeBracket::kUnderFifteen, true},
           Case{Day(1987, 5, 1), AgeBracket::kFifteenToSeventeen, true},
           Case{Day(1984, 5, 2), AgeBracket::kFifteenToSeventeen, true},
           Case{Day(1984, 5, 1), AgeBracket::kEighteenToTwenty, false},
           Case{Day(1981, 5, 2), AgeBracket::kEighteenToTwenty, false},
           Case{Day(1981, 5, 1), AgeBracket::kTwentyOneOrOlder, false},
       }) {
    EXPECT_EQ(BracketOn({c.born, AgeBracket::kUnknown}, on), c.bracket) << DayText(c.born);
    EXPECT_EQ(TreatedAsChild({c.born, AgeBracket::kUnknown}, on), c.child) << DayText(c.born);
  }
}

TEST(TreatedAsChildTest, TreatsUnknownAgeAsChild) {
  EXPECT_TRUE(TreatedAsChild({}, Day(2002, 5, 1)));
}

TEST(TreatedAsChildTest, UsesStatedBracketWithoutBirthDate) {
  const Day on(2002, 5, 1);
  EXPECT_TRUE(TreatedAsChild({std::nullopt, AgeBracket::kUnderFifteen}, on));
  EXPECT_TRUE(TreatedAsChild({std::nullopt, AgeBracket::kFifteenToSeventeen}, on));
  EXPECT_FALSE(TreatedAsChild({std::nullopt, AgeBracket::kEighteenToTwenty}, on));
  EXPECT_FALSE(TreatedAsChild({std::nullopt, AgeBracket::kTwentyOneOrOlder}, on));
}

TEST(TreatedAsChildTest, LetsBirthDateOverrideBracket) {
  EXPECT_TRUE(TreatedAsChild({Day(1990, 1, 1), AgeBracket::kTwentyOneOrOlder}, Day(2002, 5, 1)));
}

TEST(CheckBirthDateTest, RejectsFuture) {
  EXPECT_TRUE(CheckBirthDate(Day(2002, 5, 1), Day(2002, 5, 1)).ok());
  const absl::Status status = CheckBirthDate(Day(2002, 5, 2), Day(2002, 5, 1));
  EXPECT_EQ(ReasonOf(status), "DATE_INVALID");
  EXPECT_EQ(Std(status.message()),
            "date: birth date lies in the future, got 2002-05-02, want a day not after 2002-05-01");
}

}  // namespace
}  // namespace waystation::statute
