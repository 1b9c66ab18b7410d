#include "common/agency/due.h"

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/agency/fields.h"

namespace waystation::agency {
namespace {

std::string Text(absl::Time time) { return absl::FormatTime(time, absl::UTCTimeZone()); }

}  // namespace

absl::Time AfterBusinessDays(absl::Time from, int days) {
  absl::CivilDay day = DayOf(from);
  while (days > 0) {
    ++day;
    absl::Weekday weekday = absl::GetWeekday(day);
    if (weekday != absl::Weekday::saturday && weekday != absl::Weekday::sunday) --days;
  }
  return absl::FromCivil(day + 1, absl::UTCTimeZone());
}

absl::Status SetDue(const DuePolicy& policy, std::optional<absl::Time> needed_by, absl::Time now,
                    Tx::Request& request) {
  absl::Time due = absl::InfiniteFuture();
  if (policy.business_days > 0) {
    due = AfterBusinessDays(now, policy.business_days);
    request.content.set_due_basis(policy.basis);
    request.due_time = due;
  }
  if (!needed_by.has_value()) return absl::OkStatus();
  if (*needed_by <= now || *needed_by >= due) {
    return BadField("needed_by", "out of range", Text(*needed_by),
                    absl::StrCat("after now and before ", Text(due), " (", policy.basis, ")"));
  }
  request.content.set_due_basis(policy.business_days > 0
                                    ? absl::StrCat(policy.basis, ", needed sooner by the requester")
                                    : std::string("needed by the requester"));
  request.due_time = *needed_by;
  return absl::OkStatus();
}

}  // namespace waystation::agency
