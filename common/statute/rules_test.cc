// What holds for every rule, whatever its topic.

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "common/statute/break_glass.h"
#include "common/statute/certification_rules.h"
#include "common/statute/consent_rules.h"
#include "common/statute/continued_presence.h"
#include "common/statute/duties.h"
#include "common/statute/safe_return.h"
#include "common/statute/severe_form.h"
#include "common/statute/work_authorization.h"
#include "gtest/gtest.h"

namespace waystation::statute {
namespace {

std::vector<const Rule*> AllRules() {
  std::vector<const Rule*> rules = {
      &kActNeeded,
      &kConductNeeded,
      &kSexMeansOrMinority,
      &kLaborMeans,
      &kLaborPurpose,
      &kRuleInForce,
      &kOnlyFederalLawEnforcement,
      &kFindingNeeded,
      &kFindingByPetitioner,
      &kPotentialWitness,
      &kPeriodNeeded,
      &kRenewalNeedsPresence,
      &kRenewalExtends,
      &kMechanismNeeded,
      &kDenialNeedsReasons,
      &kTwoOfficials,
      &kPresenceNotEnded,
      &kEndWithinPresence,
      &kUnitsDenied,
      &kWorkNeedsPresence,
      &kWorkBasisFits,
      &kWorkOtherBasisCited,
      &kWorkEconomicNecessity,
      &kWorkPeriod,
      &kWorkNotBeforePresence,
      &kWorkNotPastPresence,
      &kLetterForAliens,
      &kCertificationForAdults,
      &kWillingness,
      &kStatusBasis,
      &kPresenceBasisLasts,
      &kApplicationNotDenied,
      &kAttorneyGeneralConsulted,
      &kNoCooperationUnderEighteen,
      &kLetterTwoOfficials,
      &kOneLetter,
      &kCaseTakenUp,
      &kNoticeFromAdjudicator,
      &kLetterNumberFits,
      &kServiceContentClosed,
      &kGlassTime,
      &kGlassNoticeFromHolder,
      &kConsentInForce,
      &kConsentCovers,
      &kConsentOnlyNarrows,
      &kReturnWished,
      &kReturnStillWished,
      &kOriginGovernmentAgreed,
      &kOriginGovernmentStillAgreed,
      &kIomAgreed,
      &kIomStillAgreed,
      &kRiskAssessed,
      &kRiskAssessedLately,
      &kReturnSafe,
      &kBestInterests,
      &kReintegrationAnswered,
  };
  for (const Duty& duty : Duties()) rules.push_back(&duty.rule);
  return rules;
}

TEST(RulesTest, IdsAreUnique) {
  std::set<std::string_view> ids;
  for (const Rule* rule : AllRules()) EXPECT_TRUE(ids.insert(rule->id).second) << rule->id;
}

TEST(RulesTest, ReasonsAreUpperSnakeAndShort) {
  for (const Rule* rule : AllRules()) {
    EXPECT_FALSE(rule->reason.empty());
    EXPECT_LE(rule->reason.size(), 63u);
    EXPECT_TRUE(std::all_of(rule->reason.begin(), rule->reason.end(), [](unsigned char c) {
      return std::isupper(c) != 0 || std::isdigit(c) != 0 || c == '_';
    })) << rule->reason;
  }
}

TEST(RulesTest, EveryCitationIsCompleteAndOfItsTime) {
  for (const Rule* rule : AllRules()) {
    EXPECT_FALSE(rule->citation.section.empty()) << rule->id;
    EXPECT_FALSE(rule->citation.text.empty()) << rule->id;
    EXPECT_FALSE(rule->citation.source.empty()) << rule->id;
    EXPECT_GE(rule->citation.effective_from, kActEffective) << rule->id;
    EXPECT_LE(rule->citation.effective_from, absl::CivilDay(2002, 9, 30)) << rule->id;
  }
}

TEST(RulesTest, RulesHoldFromTheirFirstDay) {
  EXPECT_FALSE(InForce(kActNeeded, absl::CivilDay(2000, 10, 27)));
  EXPECT_TRUE(InForce(kActNeeded, absl::CivilDay(2000, 10, 28)));
  EXPECT_FALSE(InForce(kOnlyFederalLawEnforcement, absl::CivilDay(2001, 8, 22)));
  EXPECT_TRUE(InForce(kOnlyFederalLawEnforcement, absl::CivilDay(2001, 8, 23)));
}

}  // namespace
}  // namespace waystation::statute
