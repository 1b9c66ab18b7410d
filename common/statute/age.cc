#include "common/statute/age.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "common/status/status.h"

namespace waystation::statute {
namespace {

constexpr int kFirstYear = 1850;
constexpr int kLastYear = 2200;

absl::Status DateInvalid(std::string_view problem, std::string_view got, std::string_view want) {
  return Refusal(absl::StatusCode::kInvalidArgument, "DATE_INVALID",
                 Problem("date", problem, got, want));
}

AgeBracket BracketOf(int years) {
  if (years < 15) return AgeBracket::kUnderFifteen;
  if (years < 18) return AgeBracket::kFifteenToSeventeen;
  if (years < 21) return AgeBracket::kEighteenToTwenty;
  return AgeBracket::kTwentyOneOrOlder;
}

}  // namespace

absl::StatusOr<absl::CivilDay> MakeDay(int year, int month, int day) {
  const std::string got = absl::StrFormat("%d-%d-%d", year, month, day);
  if (year < kFirstYear || year > kLastYear) {
    return DateInvalid("year out of range", got, "a year from 1850 to 2200");
  }
  const absl::CivilDay made(year, month, day);
  if (made.year() != year || made.month() != month || made.day() != day) {
    return DateInvalid("no such day", got, "a day of the Gregorian calendar");
  }
  return made;
}

std::string DayText(absl::CivilDay day) {
  return absl::StrFormat("%04d-%02d-%02d", day.year(), day.month(), day.day());
}

absl::Status CheckBirthDate(absl::CivilDay birth_date, absl::CivilDay today) {
  if (birth_date <= today) return absl::OkStatus();
  return DateInvalid("birth date lies in the future", DayText(birth_date),
                     absl::StrCat("a day not after ", DayText(today)));
}

int AgeOn(absl::CivilDay birth_date, absl::CivilDay day) {
  if (day <= birth_date) return 0;
  const auto years = static_cast<int>(day.year() - birth_date.year());
  // CivilDay turns 29 February of a common year into 1 March, as the header promises.
  const absl::CivilDay birthday(day.year(), birth_date.month(), birth_date.day());
  return day < birthday ? years - 1 : years;
}

AgeBracket BracketOn(const PersonAge& age, absl::CivilDay day) {
  return age.birth_date.has_value() ? BracketOf(AgeOn(*age.birth_date, day)) : age.bracket;
}

bool TreatedAsChild(const PersonAge& age, absl::CivilDay day) {
  switch (BracketOn(age, day)) {
    case AgeBracket::kEighteenToTwenty:
    case AgeBracket::kTwentyOneOrOlder:
      return false;
    case AgeBracket::kUnknown:
    case AgeBracket::kUnderFifteen:
    case AgeBracket::kFifteenToSeventeen:
      return true;
  }
  return true;
}

}  // namespace waystation::statute
