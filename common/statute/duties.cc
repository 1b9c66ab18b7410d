#include "common/statute/duties.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "common/statute/age.h"

namespace waystation::statute {
namespace {

constexpr Duty Make(DutyKind kind, std::string_view id, std::string_view section,
                    std::string_view text, bool only_in_custody, bool where_practicable) {
  return {kind,
          {id, "DUTY_MISSING", {section, text, kPart1100Source, kPart1100Effective}},
          only_in_custody,
          where_practicable};
}

// Protection is not limited to custody: 107(c)(3) asks the same of officials who investigate and
// prosecute. Withholding names is not either, because a name once public cannot be taken back.
constexpr std::array<Duty, kDutyCount> kDuties{
    Make(
        DutyKind::kIdentification, "C3.1", "28 CFR 1100.29(a), (c)",
        "Identify the person as early as possible, and bring the person to the attention of INS or "
        "FBI.",
        false, false),
    Make(DutyKind::kSuitableDetention, "C3.2",
         "TVPA 107(c)(1)(A), 22 U.S.C. 7105(c)(1)(A); 28 CFR 1100.31",
         "Not be detained in facilities inappropriate to the status of a crime victim.", true,
         true),
    Make(DutyKind::kMedicalCare, "C3.3",
         "TVPA 107(c)(1)(B), 22 U.S.C. 7105(c)(1)(B); 28 CFR 1100.31",
         "Receive necessary medical care and other assistance.", true, true),
    Make(DutyKind::kProtection, "C3.4",
         "TVPA 107(c)(1)(C)(i), 22 U.S.C. 7105(c)(1)(C)(i); 28 CFR 1100.31",
         "Be protected, with family members, from intimidation, reprisals and recapture.", false,
         true),
    Make(DutyKind::kNamesWithheld, "C3.5",
         "TVPA 107(c)(1)(C)(ii), 22 U.S.C. 7105(c)(1)(C)(ii); 28 CFR 1100.31",
         "Names and identifying information of the person and family members are not disclosed to "
         "the public.",
         false, true),
    Make(DutyKind::kRightsInformation, "C3.6",
         "TVPA 107(c)(2), 22 U.S.C. 7105(c)(2); 28 CFR 1100.33",
         "Have access to information about rights.", false, false),
    Make(DutyKind::kTranslation, "C3.7", "TVPA 107(c)(2), 22 U.S.C. 7105(c)(2); 28 CFR 1100.33",
         "Have access to translation services.", false, false),
    Make(DutyKind::kTrainedStaff, "C3.8", "TVPA 107(c)(4), 22 U.S.C. 7105(c)(4); 28 CFR 1100.37",
         "Be dealt with by personnel trained to identify and protect.", false, false),
};

absl::Status BadRecord(std::string_view reason, std::string_view problem, std::string_view got,
                       std::string_view want) {
  return Refusal(absl::StatusCode::kInvalidArgument, reason,
                 Problem("duty record", problem, got, want));
}

bool Closes(const Duty& duty, const DutyRecord& record) {
  if (record.done_on.has_value()) return true;
  return duty.where_practicable && !record.not_practicable_because.empty();
}

bool IsMissing(const Duty& duty, const std::vector<DutyRecord>& records, bool in_custody) {
  if (duty.only_in_custody && !in_custody) return false;
  const auto last = std::find_if(records.rbegin(), records.rend(), [&](const DutyRecord& record) {
    return record.kind == duty.kind;
  });
  return last == records.rend() || !Closes(duty, *last);
}

}  // namespace

const std::array<Duty, kDutyCount>& Duties() { return kDuties; }

const Duty* FindDuty(DutyKind kind) {
  const auto* found = std::find_if(kDuties.begin(), kDuties.end(),
                                   [&](const Duty& duty) { return duty.kind == kind; });
  return found == kDuties.end() ? nullptr : found;
}

absl::Status CheckDutyRecord(const DutyRecord& record, absl::CivilDay today) {
  if (FindDuty(record.kind) == nullptr) {
    return BadRecord("DUTY_UNKNOWN", "unknown duty",
                     absl::StrCat("kind ", static_cast<int>(record.kind)),
                     "a duty of TVPA 107(c) or 28 CFR 1100");
  }
  const bool has_reason = !record.not_practicable_because.empty();
  if (record.done_on.has_value() == has_reason) {
    return BadRecord("DUTY_NEEDS_DATE_OR_REASON", "neither done nor excused, or both",
                     has_reason ? "a day and a reason" : "neither a day nor a reason",
                     "the day it was done, or why it is not practicable");
  }
  if (record.done_on.has_value() && *record.done_on > today) {
    return BadRecord("DUTY_DATE_IN_FUTURE", "done in the future", DayText(*record.done_on),
                     absl::StrCat("a day not after ", DayText(today)));
  }
  return absl::OkStatus();
}

std::vector<Duty> MissingDuties(const std::vector<DutyRecord>& records, bool in_custody) {
  std::vector<Duty> missing;
  std::copy_if(kDuties.begin(), kDuties.end(), std::back_inserter(missing),
               [&](const Duty& duty) { return IsMissing(duty, records, in_custody); });
  return missing;
}

}  // namespace waystation::statute
