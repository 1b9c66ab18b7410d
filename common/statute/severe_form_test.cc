#include "common/statute/severe_form.h"

#include <string>
#include <vector>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::statute {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> GapIds(const SevereFormElements& elements) {
  std::vector<std::string> ids;
  for (const Broken& gap : SevereFormGaps(elements)) ids.emplace_back(gap.rule->id);
  return ids;
}

SevereFormElements Sex() {
  return {Act::kCommercialSex, {Conduct::kRecruitment}, {Means::kForce}, {}, false};
}

SevereFormElements Labor() {
  return {Act::kLaborOrServices,
          {Conduct::kHarboring},
          {Means::kCoercion},
          {Purpose::kInvoluntaryServitude},
          false};
}

TEST(SevereFormTest, AcceptsEachMeansForBothLimbs) {
  for (Means means : {Means::kForce, Means::kFraud, Means::kCoercion}) {
    SevereFormElements sex = Sex();
    SevereFormElements labor = Labor();
    sex.means = labor.means = {means};
    EXPECT_TRUE(CheckSevereForm(sex).ok());
    EXPECT_TRUE(CheckSevereForm(labor).ok());
  }
}

TEST(SevereFormTest, AcceptsEachConductForBothLimbs) {
  for (Conduct conduct : {Conduct::kRecruitment, Conduct::kHarboring, Conduct::kTransportation,
                          Conduct::kProvision, Conduct::kObtaining}) {
    SevereFormElements sex = Sex();
    SevereFormElements labor = Labor();
    sex.conduct = labor.conduct = {conduct};
    EXPECT_TRUE(CheckSevereForm(sex).ok());
    EXPECT_TRUE(CheckSevereForm(labor).ok());
  }
}

TEST(SevereFormTest, AcceptsEachPurposeForLabor) {
  for (Purpose purpose : {Purpose::kInvoluntaryServitude, Purpose::kPeonage, Purpose::kDebtBondage,
                          Purpose::kSlavery}) {
    SevereFormElements labor = Labor();
    labor.purposes = {purpose};
    EXPECT_TRUE(CheckSevereForm(labor).ok());
  }
}

TEST(SevereFormTest, NeedsNoMeansForCommercialSexUnderEighteen) {
  SevereFormElements sex = Sex();
  sex.means.clear();
  EXPECT_THAT(GapIds(sex), ElementsAre("C1.3"));
  sex.under_eighteen_at_act = true;
  EXPECT_THAT(GapIds(sex), IsEmpty());
}

TEST(SevereFormTest, NeedsMeansForLaborEvenUnderEighteen) {
  SevereFormElements labor = Labor();
  labor.means.clear();
  labor.under_eighteen_at_act = true;
  EXPECT_THAT(GapIds(labor), ElementsAre("C1.4"));
}

TEST(SevereFormTest, NeedsPurposeForLaborOnly) {
  SevereFormElements labor = Labor();
  labor.purposes.clear();
  EXPECT_THAT(GapIds(labor), ElementsAre("C1.5"));
  SevereFormElements sex = Sex();
  sex.purposes.clear();
  EXPECT_THAT(GapIds(sex), IsEmpty());
}

TEST(SevereFormTest, NeedsConductForBothLimbs) {
  SevereFormElements sex = Sex();
  SevereFormElements labor = Labor();
  sex.conduct.clear();
  labor.conduct.clear();
  EXPECT_THAT(GapIds(sex), ElementsAre("C1.2"));
  EXPECT_THAT(GapIds(labor), ElementsAre("C1.2"));
}

TEST(SevereFormTest, NeedsAnAct) {
  SevereFormElements elements = Sex();
  elements.act = Act::kNotStated;
  EXPECT_THAT(GapIds(elements), ElementsAre("C1.1"));
}

TEST(SevereFormTest, CountsNotStatedAsAbsent) {
  SevereFormElements labor = Labor();
  labor.conduct = {Conduct::kNotStated};
  labor.means = {Means::kNotStated};
  labor.purposes = {Purpose::kNotStated};
  EXPECT_THAT(GapIds(labor), ElementsAre("C1.2", "C1.4", "C1.5"));
}

TEST(SevereFormTest, NamesEveryGapOfEmptyElements) {
  EXPECT_THAT(GapIds({}), ElementsAre("C1.1", "C1.2"));
}

TEST(SevereFormTest, RefusalNamesReasonAndSection) {
  SevereFormElements sex = Sex();
  sex.means.clear();
  const absl::Status status = CheckSevereForm(sex);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "SEVERE_FORM_MEANS_MISSING");
  EXPECT_THAT(std::string(Std(status.message())),
              HasSubstr("(TVPA 103(8)(A), 22 U.S.C. 7102(8)(A))"));
}

}  // namespace
}  // namespace waystation::statute
