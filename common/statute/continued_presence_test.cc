#include "common/statute/continued_presence.h"

#include <string>
#include <vector>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::statute {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Day = absl::CivilDay;

PresencePetition Good() {
  PresencePetition petition;
  petition.unit = {"doj/fbi", true};
  petition.person = "pv-7";
  petition.finding = {
      "doj/fbi",
      Day(2002, 4, 2),
      {Act::kLaborOrServices, {Conduct::kObtaining}, {Means::kForce}, {Purpose::kPeonage}, false}};
  petition.potential_witness_certified = true;
  petition.filed_on = Day(2002, 4, 3);
  petition.requested_from = Day(2002, 4, 10);
  petition.requested_until = Day(2003, 4, 9);
  return petition;
}

Presence InForcePresence() {
  return {"pv-7", Mechanism::kParole, Day(2001, 10, 1), Day(2002, 4, 3), false};
}

PresencePetition GoodRenewal() {
  PresencePetition petition = Good();
  petition.is_renewal = true;
  petition.prior = InForcePresence();
  return petition;
}

std::vector<std::string> BrokenIds(const PresencePetition& petition) {
  std::vector<std::string> ids;
  for (const Broken& broken : PetitionRefusals(petition)) ids.emplace_back(broken.rule->id);
  return ids;
}

TEST(PetitionTest, AcceptsFederalLawEnforcement) { EXPECT_TRUE(CheckPetition(Good()).ok()); }

TEST(PetitionTest, RefusesOtherUnitsAndCitesTheAct) {
  PresencePetition petition = Good();
  petition.unit = {"doj/ovc", false};
  petition.finding->made_by_unit = "doj/ovc";
  const absl::Status status = CheckPetition(petition);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "UNIT_MAY_NOT_PETITION");
  EXPECT_EQ(Std(status.message()),
            "continued presence: unit may not petition, got \"doj/ovc\", want a federal law "
            "enforcement agency (TVPA 107(c)(3), 22 U.S.C. 7105(c)(3); 28 CFR 1100.35)");
}

TEST(PetitionTest, EscapesAndCutsUnitNames) {
  PresencePetition petition = Good();
  petition.unit = {std::string(5000, 'x') + "\n", false};
  EXPECT_LT(CheckPetition(petition).message().size(), 300u);
}

TEST(PetitionTest, NeedsTheRuleToBeInEffect) {
  PresencePetition petition = Good();
  petition.finding->made_on = Day(2001, 8, 1);
  petition.filed_on = Day(2001, 8, 22);
  EXPECT_THAT(BrokenIds(petition), ElementsAre("C4.1"));
  petition.filed_on = Day(2001, 8, 23);
  EXPECT_THAT(BrokenIds(petition), IsEmpty());
}

TEST(PetitionTest, NeedsAFindingMadeByThePetitionerInTime) {
  PresencePetition petition = Good();
  petition.finding.reset();
  EXPECT_THAT(BrokenIds(petition), ElementsAre("C4.3"));
  petition = Good();
  petition.finding->made_by_unit = "hhs/orr";
  EXPECT_THAT(BrokenIds(petition), ElementsAre("C4.4"));
  petition = Good();
  petition.finding->made_on = petition.filed_on + 1;
  EXPECT_THAT(BrokenIds(petition), ElementsAre("C4.3"));
  petition.finding->made_on = petition.filed_on;
  EXPECT_THAT(BrokenIds(petition), IsEmpty());
}

TEST(PetitionTest, NeedsAFindingOfASevereForm) {
  PresencePetition petition = Good();
  petition.finding->elements.means.clear();
  EXPECT_THAT(BrokenIds(petition), ElementsAre("C1.4"));
}

TEST(PetitionTest, NeedsAPotentialWitness) {
  PresencePetition petition = Good();
  petition.potential_witness_certified = false;
  EXPECT_THAT(BrokenIds(petition), ElementsAre("C4.5"));
}

TEST(PetitionTest, NeedsAPeriod) {
  PresencePetition petition = Good();
  petition.requested_until = petition.requested_from;
  EXPECT_THAT(BrokenIds(petition), ElementsAre("C4.6"));
  petition.requested_until = petition.requested_from + 1;
  EXPECT_THAT(BrokenIds(petition), IsEmpty());
}

TEST(PetitionTest, NamesEveryBrokenRuleInOrder) {
  PresencePetition petition;
  petition.filed_on = Day(2001, 1, 1);
  petition.is_renewal = true;
  EXPECT_THAT(BrokenIds(petition), ElementsAre("C4.1", "C4.2", "C4.3", "C4.5", "C4.6", "C4.7"));
}

TEST(RenewalTest, AcceptsOnTheLastDayOfThePresence) {
  EXPECT_THAT(BrokenIds(GoodRenewal()), IsEmpty());
}

TEST(RenewalTest, NeedsAPresenceInEffect) {
  PresencePetition petition = GoodRenewal();
  petition.filed_on = petition.prior->expires_on + 1;
  EXPECT_THAT(BrokenIds(petition), ElementsAre("C4.7"));
  petition = GoodRenewal();
  petition.prior->ended = true;
  EXPECT_THAT(BrokenIds(petition), ElementsAre("C4.7"));
  petition = GoodRenewal();
  petition.prior.reset();
  EXPECT_THAT(BrokenIds(petition), ElementsAre("C4.7"));
}

TEST(RenewalTest, NeedsAPresenceOfTheSamePerson) {
  PresencePetition petition = GoodRenewal();
  petition.prior->person = "pv-8";
  EXPECT_THAT(BrokenIds(petition), ElementsAre("C4.7"));
}

TEST(RenewalTest, MustExtendThePresence) {
  PresencePetition petition = GoodRenewal();
  petition.requested_from = Day(2002, 4, 1);
  petition.requested_until = petition.prior->expires_on;
  EXPECT_THAT(BrokenIds(petition), ElementsAre("C4.8"));
  petition.requested_until = petition.prior->expires_on + 1;
  EXPECT_THAT(BrokenIds(petition), IsEmpty());
}

TEST(DecisionTest, GrantsWithEachMechanism) {
  const Day from(2002, 4, 10);
  for (Mechanism mechanism :
       {Mechanism::kParole, Mechanism::kStayOfRemoval, Mechanism::kDeferredAction}) {
    EXPECT_TRUE(CheckDecision(Good(), {true, mechanism, "", from, from + 1, ""}).ok());
  }
  EXPECT_TRUE(
      CheckDecision(Good(), {true, Mechanism::kOther, "voluntary departure", from, from + 1, ""})
          .ok());
}

TEST(DecisionTest, RefusesGrantsThatLackATerm) {
  const Day from(2002, 4, 10);
  struct Case {
    PresenceDecision decision;
    std::string reason;
  };
  for (const Case& c : {
           Case{{true, Mechanism::kNotStated, "", from, from + 1, ""}, "MECHANISM_MISSING"},
           Case{{true, Mechanism::kOther, "", from, from + 1, ""}, "MECHANISM_MISSING"},
           Case{{true, Mechanism::kParole, "", from, from, ""}, "PERIOD_INVALID"},
           Case{{true, Mechanism::kParole, "", from, from - 1, ""}, "PERIOD_INVALID"},
       }) {
    EXPECT_EQ(ReasonOf(CheckDecision(Good(), c.decision)), c.reason);
  }
}

TEST(DecisionTest, NeverGrantsAPetitionThatTheLawForbids) {
  PresencePetition petition = Good();
  petition.unit.federal_law_enforcement = false;
  const PresenceDecision grant = {true, Mechanism::kParole, "", Day(2002, 4, 10), Day(2003, 4, 9),
                                  ""};
  EXPECT_EQ(ReasonOf(CheckDecision(petition, grant)), "UNIT_MAY_NOT_PETITION");
}

TEST(DecisionTest, DenialNeedsReasonsOnly) {
  PresenceDecision denial;
  EXPECT_EQ(ReasonOf(CheckDecision(Good(), denial)), "DENIAL_NEEDS_REASONS");
  denial.reasons = "not necessary to the prosecution";
  EXPECT_TRUE(CheckDecision(Good(), denial).ok());
  PresencePetition forbidden = Good();
  forbidden.unit.federal_law_enforcement = false;
  EXPECT_TRUE(CheckDecision(forbidden, denial).ok());
}

TEST(TwoOfficialsTest, WantsTwoDifferentStaffIds) {
  EXPECT_TRUE(CheckTwoOfficials("a1", "a2").ok());
  EXPECT_EQ(ReasonOf(CheckTwoOfficials("a1", "a1")), "SECOND_OFFICIAL_REQUIRED");
  EXPECT_EQ(ReasonOf(CheckTwoOfficials("a1", "")), "SECOND_OFFICIAL_REQUIRED");
  EXPECT_EQ(ReasonOf(CheckTwoOfficials("", "a2")), "SECOND_OFFICIAL_REQUIRED");
}

TEST(AdjudicatesTest, OpensPetitionsToTheAdjudicatingUnitAlone) {
  EXPECT_TRUE(CheckAdjudicates("ins/vermont-service-center", "ins/vermont-service-center").ok());
  for (const char* unit : {"ins/investigations", "ins/vermont", "ins/vermont-service-center-2",
                           "INS/vermont-service-center", ""}) {
    const absl::Status refused = CheckAdjudicates(unit, "ins/vermont-service-center");
    EXPECT_EQ(ReasonOf(refused), "UNIT_DENIED") << unit;
    EXPECT_THAT(refused.ToString(), ::testing::HasSubstr("policy CP-4"));
  }
  EXPECT_EQ(ReasonOf(CheckAdjudicates("", "")), "UNIT_DENIED");
}

TEST(EndTest, EndsWithinThePresenceOnce) {
  const Presence presence = InForcePresence();
  const Day today(2002, 2, 1);
  EXPECT_TRUE(CheckEnd(presence, presence.effective_date, today).ok());
  EXPECT_TRUE(CheckEnd(presence, presence.expires_on, today).ok());
  EXPECT_EQ(ReasonOf(CheckEnd(presence, presence.effective_date - 1, today)),
            "PRESENCE_END_OUTSIDE");
  EXPECT_EQ(ReasonOf(CheckEnd(presence, presence.expires_on + 1, today)), "PRESENCE_END_OUTSIDE");
  Presence ended = presence;
  ended.ended = true;
  EXPECT_EQ(ReasonOf(CheckEnd(ended, today, today)), "PRESENCE_ENDED");
}

TEST(EndTest, CannotEndWhatExpired) {
  const Presence presence = InForcePresence();
  EXPECT_TRUE(CheckEnd(presence, presence.expires_on, presence.expires_on).ok());
  EXPECT_EQ(ReasonOf(CheckEnd(presence, presence.expires_on, presence.expires_on + 1)),
            "PRESENCE_ENDED");
}

TEST(InEffectTest, HoldsFromFirstToLastDay) {
  const Presence presence = InForcePresence();
  EXPECT_FALSE(InEffect(presence, presence.effective_date - 1));
  EXPECT_TRUE(InEffect(presence, presence.effective_date));
  EXPECT_TRUE(InEffect(presence, presence.expires_on));
  EXPECT_FALSE(InEffect(presence, presence.expires_on + 1));
}

}  // namespace
}  // namespace waystation::statute
