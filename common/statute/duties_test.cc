#include "common/statute/duties.h"

#include <vector>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::statute {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

const absl::CivilDay kToday(2002, 4, 10);

std::vector<DutyKind> MissingKinds(const std::vector<DutyRecord>& records, bool in_custody) {
  std::vector<DutyKind> kinds;
  for (const Duty& duty : MissingDuties(records, in_custody)) kinds.push_back(duty.kind);
  return kinds;
}

std::vector<DutyRecord> AllDone() {
  std::vector<DutyRecord> records;
  for (const Duty& duty : Duties()) records.push_back({duty.kind, kToday, ""});
  return records;
}

TEST(MissingDutiesTest, ListsEveryDutyInCustodyWithoutRecords) {
  EXPECT_THAT(
      MissingKinds({}, true),
      ElementsAre(DutyKind::kIdentification, DutyKind::kSuitableDetention, DutyKind::kMedicalCare,
                  DutyKind::kProtection, DutyKind::kNamesWithheld, DutyKind::kRightsInformation,
                  DutyKind::kTranslation, DutyKind::kTrainedStaff));
}

TEST(MissingDutiesTest, LeavesOutCustodyDutiesOutsideCustody) {
  EXPECT_THAT(
      MissingKinds({}, false),
      ElementsAre(DutyKind::kIdentification, DutyKind::kProtection, DutyKind::kNamesWithheld,
                  DutyKind::kRightsInformation, DutyKind::kTranslation, DutyKind::kTrainedStaff));
}

TEST(MissingDutiesTest, IsEmptyWhenAllAreDone) {
  EXPECT_THAT(MissingKinds(AllDone(), true), IsEmpty());
}

TEST(MissingDutiesTest, NotPracticableClosesOnlyDutiesThatTheLawLimits) {
  for (const Duty& duty : Duties()) {
    const std::vector<DutyRecord> records = {{duty.kind, std::nullopt, "no facility within reach"}};
    if (duty.where_practicable) {
      EXPECT_THAT(MissingKinds(records, true), Not(Contains(duty.kind))) << duty.rule.id;
    } else {
      EXPECT_THAT(MissingKinds(records, true), Contains(duty.kind)) << duty.rule.id;
    }
  }
}

TEST(MissingDutiesTest, LimitsExactlyTheDutiesOf107c1ToThePracticable) {
  for (const Duty& duty : Duties()) {
    const bool in_107c1 = duty.rule.citation.section.find("107(c)(1)") != std::string_view::npos;
    EXPECT_EQ(duty.where_practicable, in_107c1) << duty.rule.id;
  }
}

TEST(MissingDutiesTest, LastRecordOfADutyCounts) {
  std::vector<DutyRecord> records = AllDone();
  records.push_back({DutyKind::kTranslation, std::nullopt, "no interpreter found"});
  EXPECT_THAT(MissingKinds(records, true), ElementsAre(DutyKind::kTranslation));
  records.push_back({DutyKind::kTranslation, kToday, ""});
  EXPECT_THAT(MissingKinds(records, true), IsEmpty());
}

TEST(CheckDutyRecordTest, WantsExactlyOneOfDayAndReason) {
  struct Case {
    DutyRecord record;
    std::string reason;
  };
  const auto kind = DutyKind::kMedicalCare;
  for (const Case& c : {
           Case{{kind, kToday, ""}, ""},
           Case{{kind, kToday - 1, ""}, ""},
           Case{{kind, std::nullopt, "no clinic"}, ""},
           Case{{kind, std::nullopt, ""}, "DUTY_NEEDS_DATE_OR_REASON"},
           Case{{kind, kToday, "no clinic"}, "DUTY_NEEDS_DATE_OR_REASON"},
           Case{{kind, kToday + 1, ""}, "DUTY_DATE_IN_FUTURE"},
           Case{{DutyKind::kNotStated, kToday, ""}, "DUTY_UNKNOWN"},
           Case{{static_cast<DutyKind>(99), kToday, ""}, "DUTY_UNKNOWN"},
       }) {
    const absl::Status status = CheckDutyRecord(c.record, kToday);
    EXPECT_EQ(status.ok(), c.reason.empty()) << status;
    EXPECT_EQ(ReasonOf(status), c.reason);
  }
}

TEST(FindDutyTest, FindsEachDutyAndNothingElse) {
  for (const Duty& duty : Duties()) EXPECT_EQ(FindDuty(duty.kind), &duty);
  EXPECT_EQ(FindDuty(DutyKind::kNotStated), nullptr);
}

}  // namespace
}  // namespace waystation::statute
