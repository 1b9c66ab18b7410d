#include "common/statute/safe_return.h"

#include <set>
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
using Day = absl::CivilDay;

constexpr Day kToday(2002, 5, 1);

ReturnFacts Good() {
  ReturnFacts facts;
  facts.to_return = {true, kToday + 30};
  facts.to_tell_government = {true, kToday + 30};
  facts.to_share_with_iom = {true, kToday + 30};
  facts.risk = RiskAssessment{kToday - 10, RiskLevel::kManageable};
  facts.age = {Day(1975, 3, 3), AgeBracket::kUnknown};
  return facts;
}

std::vector<std::string> Reasons(const ReturnFacts& facts, Day day = kToday) {
  std::vector<std::string> reasons;
  for (const Broken& broken : ReturnRefusals(facts, day)) {
    EXPECT_EQ(ReasonOf(broken.status), broken.rule->reason);
    EXPECT_THAT(broken.status.ToString(), HasSubstr(std::string(broken.rule->citation.section)));
    reasons.emplace_back(broken.rule->reason);
  }
  return reasons;
}

TEST(ReturnTest, AcceptsThreeConsentsAndALowRisk) {
  EXPECT_THAT(Reasons(Good()), IsEmpty());
  EXPECT_TRUE(CheckReturn(Good(), kToday).ok());
}

TEST(ReturnTest, RefusesEachMissingConsentWithItsOwnReason) {
  ReturnFacts facts = Good();
  facts.to_return.given = false;
  EXPECT_THAT(Reasons(facts), ElementsAre("RETURN_CONSENT_MISSING"));
  facts = Good();
  facts.to_tell_government.given = false;
  EXPECT_THAT(Reasons(facts), ElementsAre("ORIGIN_GOVERNMENT_CONSENT_MISSING"));
  facts = Good();
  facts.to_share_with_iom.given = false;
  EXPECT_THAT(Reasons(facts), ElementsAre("IOM_CONSENT_MISSING"));
}

TEST(ReturnTest, RefusesEachConsentTheDayAfterItsLast) {
  ReturnFacts facts = Good();
  facts.to_return.valid_until = kToday;
  EXPECT_THAT(Reasons(facts), IsEmpty());
  EXPECT_THAT(Reasons(facts, kToday + 1), ElementsAre("RETURN_CONSENT_LAPSED"));
  facts = Good();
  facts.to_tell_government.valid_until = kToday;
  EXPECT_THAT(Reasons(facts), IsEmpty());
  EXPECT_THAT(Reasons(facts, kToday + 1), ElementsAre("ORIGIN_GOVERNMENT_CONSENT_LAPSED"));
  facts = Good();
  facts.to_share_with_iom.valid_until = kToday;
  EXPECT_THAT(Reasons(facts), IsEmpty());
  EXPECT_THAT(Reasons(facts, kToday + 1), ElementsAre("IOM_CONSENT_LAPSED"));
}

TEST(ReturnTest, NeedsARiskAssessmentWithAConclusion) {
  ReturnFacts facts = Good();
  facts.risk.reset();
  EXPECT_THAT(Reasons(facts), ElementsAre("RISK_ASSESSMENT_MISSING"));
  facts.risk = RiskAssessment{kToday, RiskLevel::kNotStated};
  EXPECT_THAT(Reasons(facts), ElementsAre("RISK_ASSESSMENT_MISSING"));
}

TEST(ReturnTest, TakesAnAssessmentOfNinetyDaysAndNoOlder) {
  ReturnFacts facts = Good();
  facts.risk->made_on = kToday - 90;
  EXPECT_THAT(Reasons(facts), IsEmpty());
  facts.risk->made_on = kToday - 91;
  EXPECT_THAT(Reasons(facts), ElementsAre("RISK_ASSESSMENT_STALE"));
  facts.risk->made_on = kToday;
  EXPECT_THAT(Reasons(facts), IsEmpty());
  facts.risk->made_on = kToday + 1;
  EXPECT_THAT(Reasons(facts), ElementsAre("RISK_ASSESSMENT_STALE"));
}

TEST(ReturnTest, RefusesAHighRiskWhateverItsAge) {
  ReturnFacts facts = Good();
  facts.risk->level = RiskLevel::kHigh;
  EXPECT_THAT(Reasons(facts), ElementsAre("RETURN_NOT_SAFE"));
  facts.risk->made_on = kToday - 91;
  EXPECT_THAT(Reasons(facts), ElementsAre("RISK_ASSESSMENT_STALE", "RETURN_NOT_SAFE"));
}

TEST(ReturnTest, AsksForTheBestInterestsOfAChildAndOfAnUnknownAge) {
  const Day eighteenth = kToday;
  for (const PersonAge& age : {PersonAge{Day(1984, 5, 2), AgeBracket::kUnknown}, PersonAge{},
                               PersonAge{std::nullopt, AgeBracket::kFifteenToSeventeen}}) {
    ReturnFacts facts = Good();
    facts.age = age;
    EXPECT_THAT(Reasons(facts, eighteenth), ElementsAre("BEST_INTERESTS_MISSING"));
    facts.best_interests_determined = true;
    EXPECT_THAT(Reasons(facts, eighteenth), IsEmpty());
  }
  ReturnFacts adult = Good();
  adult.age = {Day(1984, 5, 1), AgeBracket::kUnknown};
  EXPECT_THAT(Reasons(adult, eighteenth), IsEmpty());
}

TEST(ReturnTest, NamesEveryBrokenRuleAndRefusesWithTheFirst) {
  EXPECT_THAT(
      Reasons(ReturnFacts()),
      ElementsAre("RETURN_CONSENT_MISSING", "ORIGIN_GOVERNMENT_CONSENT_MISSING",
                  "IOM_CONSENT_MISSING", "RISK_ASSESSMENT_MISSING", "BEST_INTERESTS_MISSING"));
  EXPECT_EQ(ReasonOf(CheckReturn(ReturnFacts(), kToday)), "RETURN_CONSENT_MISSING");
}

TEST(ReturnedTest, EachConsentMustHoldOnTheDayOfTheReturn) {
  EXPECT_TRUE(CheckReturned(Good(), kToday + 30, false).ok());
  EXPECT_EQ(ReasonOf(CheckReturned(Good(), kToday + 31, false)), "RETURN_CONSENT_LAPSED");
  ReturnFacts facts = Good();
  facts.to_share_with_iom.given = false;
  EXPECT_EQ(ReasonOf(CheckReturned(facts, kToday, false)), "IOM_CONSENT_MISSING");
}

TEST(ReturnedTest, WaitsForTheReintegration) {
  const absl::Status open = CheckReturned(Good(), kToday, true);
  EXPECT_EQ(ReasonOf(open), "REINTEGRATION_OPEN");
  EXPECT_THAT(open.ToString(), HasSubstr("POLICY-RR-5"));
}

// An assessment that has grown old since is no reason to leave a return unreported.
TEST(ReturnedTest, LooksAtNoRisk) {
  ReturnFacts facts = Good();
  facts.risk->made_on = kToday - 200;
  EXPECT_TRUE(CheckReturned(facts, kToday, false).ok());
}

TEST(RulesTest, EachIsTheLawOrSaysThatItIsPolicy) {
  std::set<std::string_view> ids;
  for (const Rule* rule :
       {&kReturnWished, &kReturnStillWished, &kOriginGovernmentAgreed,
        &kOriginGovernmentStillAgreed, &kIomAgreed, &kIomStillAgreed, &kRiskAssessed,
        &kRiskAssessedLately, &kReturnSafe, &kBestInterests, &kReintegrationAnswered}) {
    EXPECT_TRUE(ids.insert(rule->id).second) << rule->id;
    const bool policy = rule->citation.section.substr(0, 6) == "POLICY";
    EXPECT_EQ(rule->citation.source, policy ? kPolicySource : kActSource) << rule->id;
    EXPECT_EQ(rule->citation.effective_from, policy ? kPolicyEffective : kActEffective);
    EXPECT_FALSE(rule->citation.text.empty()) << rule->id;
  }
}

}  // namespace
}  // namespace waystation::statute
