#ifndef WAYSTATION_COMMON_STATUTE_CERTIFICATION_RULES_H_
#define WAYSTATION_COMMON_STATUTE_CERTIFICATION_RULES_H_

#include "common/statute/citation.h"

// The rules that certification.h applies. Constants. Thread-safe.

namespace waystation::statute {

inline constexpr Rule kLetterForAliens{
    "C8.1",
    "LETTER_NOT_NEEDED",
    {"TVPA 107(b)(1)(A), 22 U.S.C. 7105(b)(1)(A); 8 U.S.C. 1641(b)(1)",
     "The letter opens benefits to an alien whom title IV of the Personal Responsibility and Work "
     "Opportunity Reconciliation Act would shut out. A citizen is no alien and a permanent "
     "resident is a qualified one: neither needs a letter.",
     kActSource, kActEffective}};

inline constexpr Rule kCertificationForAdults{
    "C8.2",
    "LETTER_KIND_WRONG",
    {"TVPA 107(b)(1)(C)(ii), 22 U.S.C. 7105(b)(1)(C)(ii)",
     "A person who has not attained 18 is eligible without certification, and gets an eligibility "
     "letter; any other is eligible when certified.",
     kActSource, kActEffective}};

inline constexpr Rule kWillingness{
    "C8.3",
    "WILLINGNESS_MISSING",
    {"TVPA 107(b)(1)(E)(i)(I), 22 U.S.C. 7105(b)(1)(E)(i)(I)",
     "The person is willing to assist in every reasonable way in the investigation and prosecution "
     "of severe forms of trafficking in persons.",
     kActSource, kActEffective}};

inline constexpr Rule kStatusBasis{
    "C8.4",
    "STATUS_BASIS_MISSING",
    {"TVPA 107(b)(1)(E)(i)(II), 22 U.S.C. 7105(b)(1)(E)(i)(II)",
     "The person has made a bona fide application for T status, or is one whose continued presence "
     "the Attorney General is ensuring.",
     kActSource, kActEffective}};

inline constexpr Rule kPresenceBasisLasts{
    "C8.5",
    "CERTIFICATION_BASIS_ENDED",
    {"TVPA 107(b)(1)(E)(ii), 22 U.S.C. 7105(b)(1)(E)(ii)",
     "Certification on the ground of continued presence is effective only while that presence is "
     "necessary.",
     kActSource, kActEffective}};

inline constexpr Rule kApplicationNotDenied{
    "C8.6",
    "T_APPLICATION_DENIED",
    {"TVPA 107(b)(1)(E)(i)(II)(aa), 22 U.S.C. 7105(b)(1)(E)(i)(II)(aa)",
     "The bona fide application has not been denied.", kActSource, kActEffective}};

inline constexpr Rule kAttorneyGeneralConsulted{
    "C8.7",
    "ATTORNEY_GENERAL_NOT_CONSULTED",
    {"TVPA 107(b)(1)(E)(i), 22 U.S.C. 7105(b)(1)(E)(i)",
     "The Secretary of Health and Human Services certifies after consultation with the Attorney "
     "General, whose view does not bind.",
     kActSource, kActEffective}};

inline constexpr Rule kNoCooperationUnderEighteen{
    "C8.8",
    "COOPERATION_NOT_ASKED",
    {"TVPA 107(b)(1)(C)(ii)(I), 22 U.S.C. 7105(b)(1)(C)(ii)(I)",
     "Of a person who has not attained 18 no cooperation is asked, and nobody is told of one.",
     kActSource, kActEffective}};

inline constexpr Rule kLetterTwoOfficials{
    "C8.9",
    "SECOND_OFFICIAL_REQUIRED",
    {"POLICY-CE-3", "A letter needs two officials.", kPolicySource, kPolicyEffective}};

inline constexpr Rule kOneLetter{
    "C8.10",
    "LETTER_STANDS",
    {"POLICY-CE-4",
     "A person has one valid letter of a kind, which can be shown any number of times.",
     kPolicySource, kPolicyEffective}};

inline constexpr Rule kCaseTakenUp{
    "C8.11",
    "CASE_NOT_TAKEN_UP",
    {"POLICY-CH-2", "A child's referral opens a case when it is taken up.", kPolicySource,
     kPolicyEffective}};

inline constexpr Rule kNoticeFromAdjudicator{
    "C8.12",
    "NOTICE_NOT_FROM_INS",
    {"POLICY-CE-1", "HHS files what the unit of INS tells that adjudicates; a letter rests on it.",
     kPolicySource, kPolicyEffective}};

inline constexpr Rule kLetterNumberFits{
    "C8.13",
    "LETTER_NUMBER_INVALID",
    {"POLICY-CE-5",
     "A letter is looked up only by a number whose check digits fit: no typing error asks about "
     "somebody else's.",
     kPolicySource, kPolicyEffective}};

inline constexpr Rule kServiceContentClosed{
    "C15.1",
    "SERVICE_CONTENT_CLOSED",
    {"POLICY-IR-2",
     "What a person receives and says in services is not shown to law enforcement or to "
     "immigration enforcement.",
     kPolicySource, kPolicyEffective}};

}  // namespace waystation::statute

#endif  // WAYSTATION_COMMON_STATUTE_CERTIFICATION_RULES_H_
