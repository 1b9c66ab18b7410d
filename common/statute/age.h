#ifndef WAYSTATION_COMMON_STATUTE_AGE_H_
#define WAYSTATION_COMMON_STATUTE_AGE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"

// Ages as the Act counts them: a person attains an age on the birthday. Someone born on 29 February
// attains it on 1 March of a common year, the reading that keeps a child a child longest.
//
//   WS_ASSIGN_OR_RETURN(absl::CivilDay born, MakeDay(1987, 3, 4));
//   bool child = TreatedAsChild({born, AgeBracket::kUnknown}, today);
//
// Pure functions. Thread-safe.

namespace waystation::statute {

enum class AgeBracket {
  kUnknown,
  kUnderFifteen,
  kFifteenToSeventeen,
  kEighteenToTwenty,
  kTwentyOneOrOlder,
};

// What is known of a person's age. A birth date decides; without one, the bracket that an officer
// stated; without either, the age is unknown.
struct PersonAge {
  std::optional<absl::CivilDay> birth_date;
  AgeBracket bracket = AgeBracket::kUnknown;
};

// Makes a day of the calendar, years 1850 to 2200. absl::CivilDay alone would turn 30 February into
// 2 March without a word.
// Errors: INVALID_ARGUMENT with DATE_INVALID.
absl::StatusOr<absl::CivilDay> MakeDay(int year, int month, int day);

// Returns `day` as YYYY-MM-DD.
std::string DayText(absl::CivilDay day);

// Checks that a birth date is not after `today`.
// Errors: INVALID_ARGUMENT with DATE_INVALID.
absl::Status CheckBirthDate(absl::CivilDay birth_date, absl::CivilDay today);

// Returns the full years lived on `day`; 0 for a day before the birth.
int AgeOn(absl::CivilDay birth_date, absl::CivilDay day);

// Returns the bracket on `day`. A stated bracket is not aged: nobody knows when it ends.
AgeBracket BracketOn(const PersonAge& age, absl::CivilDay day);

// Tells whether to treat the person as under 18 on `day`. An unknown age is a child's: to treat a
// child as an adult does harm that the contrary mistake does not.
bool TreatedAsChild(const PersonAge& age, absl::CivilDay day);

}  // namespace waystation::statute

#endif  // WAYSTATION_COMMON_STATUTE_AGE_H_
