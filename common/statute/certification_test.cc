#include "common/statute/certification.h"

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
using Kind = StatusBasis::Kind;

constexpr Day kToday(2002, 6, 3);

StatusBasis Presence() { return {Kind::kContinuedPresence, "cp-1", true, Day(2003, 6, 3), {}}; }
StatusBasis Application() { return {Kind::kTApplication, "t-1", true, {}, {}}; }

PersonAge Years(int years) { return {Day(kToday.year() - years, 6, 3), AgeBracket::kUnknown}; }

LetterFacts Adult() {
  LetterFacts facts;
  facts.age = Years(18);
  facts.bases = {Presence()};
  facts.willing = true;
  facts.attorney_general_consulted = true;
  return facts;
}

LetterFacts OfAge(const PersonAge& age) {
  LetterFacts facts;
  facts.age = age;
  return facts;
}

std::vector<std::string> Reasons(const LetterFacts& facts,
                                 LetterKind kind = LetterKind::kCertification) {
  std::vector<std::string> reasons;
  for (const Broken& broken : LetterRefusals(facts, kind, kToday)) {
    EXPECT_EQ(ReasonOf(broken.status), broken.rule->reason);
    EXPECT_THAT(broken.status.ToString(), HasSubstr(std::string(broken.rule->citation.section)));
    reasons.emplace_back(broken.rule->reason);
  }
  return reasons;
}

TEST(LetterTest, CertifiesAnAdultWithAllElements) { EXPECT_THAT(Reasons(Adult()), IsEmpty()); }

TEST(LetterTest, AsksNothingOfAPersonUnderEighteenOrOfUnknownAge) {
  PersonAge day_before_eighteen{Day(1984, 6, 4), AgeBracket::kUnknown};
  PersonAge stated{{}, AgeBracket::kFifteenToSeventeen};
  for (const PersonAge& age :
       {Years(14), Years(15), Years(17), day_before_eighteen, stated, PersonAge{}}) {
    EXPECT_EQ(LetterDue(age, kToday), LetterKind::kEligibility);
    EXPECT_THAT(Reasons(OfAge(age), LetterKind::kEligibility), IsEmpty());
    EXPECT_THAT(Reasons(OfAge(age)), ElementsAre("LETTER_KIND_WRONG"));
    EXPECT_EQ(ReasonOf(CheckCooperationAsked(age, kToday)), "COOPERATION_NOT_ASKED");
  }
}

TEST(LetterTest, CertifiesFromTheEighteenthBirthdayOnly) {
  for (const PersonAge& age :
       {Years(18), Years(40), PersonAge{{}, AgeBracket::kEighteenToTwenty}}) {
    EXPECT_EQ(LetterDue(age, kToday), LetterKind::kCertification);
    LetterFacts facts = Adult();
    facts.age = age;
    EXPECT_THAT(Reasons(facts, LetterKind::kEligibility), ElementsAre("LETTER_KIND_WRONG"));
    EXPECT_THAT(Reasons(facts), IsEmpty());
    EXPECT_TRUE(CheckCooperationAsked(age, kToday).ok());
  }
}

TEST(LetterTest, NamesEachMissingElementWithItsOwnReason) {
  EXPECT_THAT(Reasons(OfAge(Years(18))), ElementsAre("WILLINGNESS_MISSING", "STATUS_BASIS_MISSING",
                                                     "ATTORNEY_GENERAL_NOT_CONSULTED"));
  LetterFacts facts = Adult();
  facts.willing = false;
  EXPECT_THAT(Reasons(facts), ElementsAre("WILLINGNESS_MISSING"));
  facts = Adult();
  facts.attorney_general_consulted = false;
  EXPECT_THAT(Reasons(facts), ElementsAre("ATTORNEY_GENERAL_NOT_CONSULTED"));
  facts = Adult();
  facts.bases.clear();
  EXPECT_THAT(Reasons(facts), ElementsAre("STATUS_BASIS_MISSING"));
}

TEST(LetterTest, CitizensAndPermanentResidentsNeedNone) {
  for (ImmigrationClass one : {ImmigrationClass::kCitizen, ImmigrationClass::kPermanentResident}) {
    LetterFacts facts = Adult();
    facts.immigration_class = one;
    EXPECT_THAT(Reasons(facts), ElementsAre("LETTER_NOT_NEEDED"));
    facts.age = Years(15);
    EXPECT_THAT(Reasons(facts, LetterKind::kEligibility), ElementsAre("LETTER_NOT_NEEDED"));
    EXPECT_THAT(CheckLetterNeeded(one).ToString(), HasSubstr("none is needed"));
  }
}

TEST(BasisTest, CarriesWhileNeitherEndedNorRunOut) {
  LetterFacts facts = Adult();
  facts.bases[0].last_day = kToday;
  EXPECT_THAT(Reasons(facts), IsEmpty());
  facts.bases[0].last_day = kToday - 1;
  EXPECT_THAT(Reasons(facts), ElementsAre("CERTIFICATION_BASIS_ENDED"));
  facts.bases = {Presence()};
  facts.bases[0].ended_on = kToday + 1;
  EXPECT_THAT(Reasons(facts), IsEmpty());
  facts.bases[0].ended_on = kToday;
  EXPECT_THAT(Reasons(facts), ElementsAre("CERTIFICATION_BASIS_ENDED"));
  facts.bases.push_back(Application());
  EXPECT_THAT(Reasons(facts), IsEmpty());
  facts.bases[1].ended_on = kToday;
  EXPECT_THAT(Reasons(facts), ElementsAre("T_APPLICATION_DENIED"));
}

TEST(BasisTest, AnEndWithoutAGrantCarriesNothing) {
  for (Kind kind : {Kind::kContinuedPresence, Kind::kTApplication}) {
    const StatusBasis end{kind, "x-1", false, {}, kToday + 9};
    EXPECT_EQ(BasisOn({end}, kToday), nullptr);
    EXPECT_FALSE(CheckStatusBasis({end}, kToday).ok());
    // The grant may have been entered in error, and a letter have come of it.
    const std::vector<StatusBasis> bases = {end};
    EXPECT_EQ(LastEnded(bases, kToday), &bases[0]);
  }
}

TEST(LastEndedTest, IsSaidByNoticeAndOnlyWhenNoOtherBasisStands) {
  std::vector<StatusBasis> bases = {Presence()};
  EXPECT_EQ(LastEnded(bases, kToday), nullptr);
  bases[0].last_day = kToday - 1;  // Ran out without a word.
  EXPECT_EQ(LastEnded(bases, kToday), nullptr);
  bases[0].ended_on = kToday - 1;
  EXPECT_EQ(LastEnded(bases, kToday), &bases[0]);
  bases.push_back(Application());
  EXPECT_EQ(LastEnded(bases, kToday), nullptr);
  bases[1].ended_on = kToday;
  EXPECT_EQ(LastEnded(bases, kToday), &bases[1]);
  EXPECT_EQ(LastEnded({}, kToday), nullptr);
}

TEST(LetterOfficialsTest, WantsTwo) {
  EXPECT_TRUE(CheckLetterOfficials("a-1", "a-2").ok());
  EXPECT_EQ(ReasonOf(CheckLetterOfficials("a-1", "a-1")), "SECOND_OFFICIAL_REQUIRED");
  EXPECT_THAT(CheckLetterOfficials("a-1", "a-1").ToString(), HasSubstr("POLICY-CE-3"));
}

TEST(ServiceContentTest, IsClosedToEveryEnforcementUnit) {
  EXPECT_TRUE(CheckServiceContentOpen("dol/eta", true, false).ok());
  EXPECT_TRUE(CheckServiceContentOpen("dos/prm", true, false).ok());
  EXPECT_EQ(ReasonOf(CheckServiceContentOpen("dos/diplomatic-security", true, true)),
            "SERVICE_CONTENT_CLOSED");
  for (const char* unit : {"ins/vermont-service-center", "doj/ovc", "doj", ""}) {
    EXPECT_FALSE(CheckServiceContentOpen(unit, std::string(unit).size() > 3, false).ok()) << unit;
  }
  EXPECT_FALSE(CheckServiceContentOpen("dos/made-up", false, false).ok());
}

TEST(CertificationRulesTest, AreOfTheActAsPassedOrSayThatTheyArePolicy) {
  std::set<std::string_view> ids;
  for (const Rule* rule :
       {&kLetterForAliens, &kCertificationForAdults, &kWillingness, &kStatusBasis,
        &kPresenceBasisLasts, &kApplicationNotDenied, &kAttorneyGeneralConsulted,
        &kNoCooperationUnderEighteen, &kLetterTwoOfficials, &kOneLetter, &kCaseTakenUp,
        &kNoticeFromAdjudicator, &kServiceContentClosed}) {
    EXPECT_TRUE(ids.insert(rule->id).second) << rule->id;
    const bool policy = rule->citation.section.substr(0, 6) == "POLICY";
    EXPECT_EQ(rule->citation.source, policy ? kPolicySource : kActSource) << rule->id;
    EXPECT_EQ(rule->citation.effective_from, policy ? kPolicyEffective : kActEffective);
  }
}

}  // namespace
}  // namespace waystation::statute
