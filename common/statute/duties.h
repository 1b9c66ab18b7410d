#ifndef WAYSTATION_COMMON_STATUTE_DUTIES_H_
#define WAYSTATION_COMMON_STATUTE_DUTIES_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "common/statute/citation.h"

// The duties of TVPA 107(c) and 28 CFR 1100 towards one person. Each is done on a day, or was not
// practicable for a stated reason; a duty that neither closes is an audit finding.
//
//   for (const Duty& duty : MissingDuties(records, in_custody)) ...
//
// The words "to the extent practicable" stand in 107(c)(1) only. Where the law has no such words
// "not practicable" is recorded, because the truth is wanted, but the duty stays open.
//
// Pure functions. Thread-safe.

namespace waystation::statute {

enum class DutyKind {
  kNotStated,
  kIdentification,
  kSuitableDetention,
  kMedicalCare,
  kProtection,
  kNamesWithheld,
  kRightsInformation,
  kTranslation,
  kTrainedStaff,
};

struct Duty {
  DutyKind kind;
  Rule rule;
  bool only_in_custody;    // holds while the person is in the custody of the Federal Government
  bool where_practicable;  // "not practicable, because ..." closes it
};

struct DutyRecord {
  DutyKind kind = DutyKind::kNotStated;
  std::optional<absl::CivilDay> done_on;
  std::string not_practicable_because;
};

inline constexpr std::size_t kDutyCount = 8;

// Returns all duties in the order of DutyKind.
const std::array<Duty, kDutyCount>& Duties();

// Returns the duty of `kind`, or null for kNotStated and for a value that is no duty.
const Duty* FindDuty(DutyKind kind);

// Checks that a record names a duty and has exactly one of a day, not after `today`, and a reason.
// Errors: INVALID_ARGUMENT with DUTY_UNKNOWN, DUTY_NEEDS_DATE_OR_REASON or DUTY_DATE_IN_FUTURE.
absl::Status CheckDutyRecord(const DutyRecord& record, absl::CivilDay today);

// Returns the duties that nothing closes, in the order of Duties(). Of several records of one duty
// the last counts.
std::vector<Duty> MissingDuties(const std::vector<DutyRecord>& records, bool in_custody);

}  // namespace waystation::statute

#endif  // WAYSTATION_COMMON_STATUTE_DUTIES_H_
