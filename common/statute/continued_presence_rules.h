#ifndef WAYSTATION_COMMON_STATUTE_CONTINUED_PRESENCE_RULES_H_
#define WAYSTATION_COMMON_STATUTE_CONTINUED_PRESENCE_RULES_H_

#include <string_view>

#include "common/statute/citation.h"

// The rules that continued_presence.h applies. Constants. Thread-safe.

namespace waystation::statute {

inline constexpr std::string_view kContinuedPresenceSection =
    "TVPA 107(c)(3), 22 U.S.C. 7105(c)(3); 28 CFR 1100.35";

inline constexpr Rule kRuleInForce{
    "C4.1",
    "RULE_NOT_IN_EFFECT",
    {"28 CFR 1100, 66 FR 38514",
     "The rule that opens petitions for continued presence is effective August 23, 2001.",
     kPart1100Source, kPart1100Effective}};

inline constexpr Rule kOnlyFederalLawEnforcement{
    "C4.2",
    "UNIT_MAY_NOT_PETITION",
    {kContinuedPresenceSection,
     "Only a federal law enforcement agency may petition INS for continued presence.",
     kPart1100Source, kPart1100Effective}};

inline constexpr Rule kFindingNeeded{
    "C4.3",
    "FINDING_MISSING",
    {kContinuedPresenceSection,
     "After an assessment the person is determined to be a victim of a severe form of trafficking.",
     kPart1100Source, kPart1100Effective}};

inline constexpr Rule kFindingByPetitioner{"C4.4",
                                           "FINDING_NOT_OWN",
                                           {kContinuedPresenceSection,
                                            "The assessment is the petitioner's own; a finding "
                                            "made for another purpose binds nobody here.",
                                            kPart1100Source, kPart1100Effective}};

inline constexpr Rule kPotentialWitness{
    "C4.5",
    "NOT_A_POTENTIAL_WITNESS",
    {kContinuedPresenceSection,
     "The person is a potential witness to the trafficking, whose presence serves the prosecution.",
     kPart1100Source, kPart1100Effective}};

inline constexpr Rule kPeriodNeeded{
    "C4.6",
    "PERIOD_INVALID",
    {kContinuedPresenceSection, "Continued presence is temporary: it has a first and a last day.",
     kPart1100Source, kPart1100Effective}};

inline constexpr Rule kRenewalNeedsPresence{
    "C4.7",
    "RENEWAL_NEEDS_PRESENCE",
    {kContinuedPresenceSection,
     "A renewal continues a presence of the same person that is in effect on the day of filing; "
     "after its end a new first petition is needed.",
     kPart1100Source, kPart1100Effective}};

inline constexpr Rule kRenewalExtends{
    "C4.8",
    "RENEWAL_EXTENDS_NOTHING",
    {kContinuedPresenceSection, "A renewal asks for a last day after that of the presence.",
     kPart1100Source, kPart1100Effective}};

inline constexpr Rule kMechanismNeeded{
    "C4.9",
    "MECHANISM_MISSING",
    {kContinuedPresenceSection,
     "INS chooses the statutory or administrative mechanism: parole, stay of removal, deferred "
     "action, or another one that it names.",
     kPart1100Source, kPart1100Effective}};

inline constexpr Rule kDenialNeedsReasons{
    "C4.10",
    "DENIAL_NEEDS_REASONS",
    {"policy CP-1", "A denial states its reasons.", kPolicySource, kPolicyEffective}};

inline constexpr Rule kTwoOfficials{
    "C4.11",
    "SECOND_OFFICIAL_REQUIRED",
    {"policy CP-2", "A decision that grants, denies or ends a presence needs two officials.",
     kPolicySource, kPolicyEffective}};

inline constexpr Rule kPresenceNotEnded{
    "C4.12",
    "PRESENCE_ENDED",
    {kContinuedPresenceSection, "What has ended cannot end again or carry a further authorization.",
     kPart1100Source, kPart1100Effective}};

inline constexpr Rule kEndWithinPresence{
    "C4.13",
    "PRESENCE_END_OUTSIDE",
    {kContinuedPresenceSection, "An early end lies within the presence as granted.",
     kPart1100Source, kPart1100Effective}};

inline constexpr Rule kUnitsDenied{
    "C4.14",
    "UNIT_DENIED",
    {"policy CP-4",
     "INS adjudication and INS enforcement are denied each other's cases: a petition is no lead.",
     kPolicySource, kPolicyEffective}};

}  // namespace waystation::statute

#endif  // WAYSTATION_COMMON_STATUTE_CONTINUED_PRESENCE_RULES_H_
