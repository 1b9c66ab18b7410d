#ifndef WAYSTATION_COMMON_STATUTE_SAFE_RETURN_H_
#define WAYSTATION_COMMON_STATUTE_SAFE_RETURN_H_

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "common/statute/age.h"
#include "common/statute/citation.h"

// Return to the country of origin or of residence (C13), "with full respect for the wishes,
// dignity, and safety" of the person, as TVPA 107(a)(1)(D) has it: no wish, no return; not safe, no
// return. A return goes by way of IOM and needs reception in the country, so three consents are
// asked, each by itself: to return, to tell the government of the country, to share with IOM.
//
//   for (const Broken& broken : ReturnRefusals(facts, today)) ...
//
// To decline costs nothing: no rule of the others, on presence, certification or services, looks
// at a return, and none may. Integration here stays open throughout.
//
// Pure functions. Thread-safe.

namespace waystation::statute {

inline constexpr std::string_view kReturnSection =
    "TVPA 107(a)(1), (a)(1)(D), 22 U.S.C. 7105(a)(1), (a)(1)(D)";
inline constexpr int kRiskAssessmentDays = 90;

inline constexpr Rule kReturnWished{
    "C13.1",
    "RETURN_CONSENT_MISSING",
    {kReturnSection, "A person returns only by the person's own wish.", kActSource, kActEffective}};

inline constexpr Rule kReturnStillWished{
    "C13.2",
    "RETURN_CONSENT_LAPSED",
    {kReturnSection, "The wish to return holds until its last day; after that it is asked again.",
     kActSource, kActEffective}};

inline constexpr Rule kOriginGovernmentAgreed{
    "C13.3",
    "ORIGIN_GOVERNMENT_CONSENT_MISSING",
    {"POLICY-RR-3", "The government of the country of origin is told only with a consent to that.",
     kPolicySource, kPolicyEffective}};

inline constexpr Rule kOriginGovernmentStillAgreed{
    "C13.4",
    "ORIGIN_GOVERNMENT_CONSENT_LAPSED",
    {"POLICY-RR-3", "A consent to tell the government holds until its last day.", kPolicySource,
     kPolicyEffective}};

inline constexpr Rule kIomAgreed{
    "C13.5",
    "IOM_CONSENT_MISSING",
    {"POLICY-RR-3", "Nothing is shared with IOM but with a consent to that.", kPolicySource,
     kPolicyEffective}};

inline constexpr Rule kIomStillAgreed{
    "C13.6",
    "IOM_CONSENT_LAPSED",
    {"POLICY-RR-3", "A consent to share with IOM holds until its last day.", kPolicySource,
     kPolicyEffective}};

inline constexpr Rule kRiskAssessed{
    "C13.7",
    "RISK_ASSESSMENT_MISSING",
    {"POLICY-RR-2", "What speaks against a return is assessed before it.", kPolicySource,
     kPolicyEffective}};

inline constexpr Rule kRiskAssessedLately{
    "C13.8",
    "RISK_ASSESSMENT_STALE",
    {"POLICY-RR-2", "A risk assessment is at most 90 days old.", kPolicySource, kPolicyEffective}};

inline constexpr Rule kReturnSafe{
    "C13.9",
    "RETURN_NOT_SAFE",
    {kReturnSection, "Nobody returns into a danger that the assessment has found.", kActSource,
     kActEffective}};

inline constexpr Rule kBestInterests{
    "C13.10",
    "BEST_INTERESTS_MISSING",
    {"POLICY-RR-4",
     "A child, or a person of unknown age, returns only when that was determined to be in the "
     "child's best interests.",
     kPolicySource, kPolicyEffective}};

inline constexpr Rule kReintegrationAnswered{
    "C13.11",
    "REINTEGRATION_OPEN",
    {"POLICY-RR-5",
     "A return is not reported as done while a reintegration that was asked for is unanswered: "
     "somebody would arrive where nobody waits.",
     kPolicySource, kPolicyEffective}};

// One of the three consents. Withdrawn is not given.
struct ReturnConsent {
  bool given = false;
  absl::CivilDay valid_until;  // The last day on which it holds.
};

enum class RiskLevel { kNotStated, kLow, kManageable, kHigh };

struct RiskAssessment {
  absl::CivilDay made_on;
  RiskLevel level = RiskLevel::kNotStated;
};

struct ReturnFacts {
  ReturnConsent to_return;
  ReturnConsent to_tell_government;
  ReturnConsent to_share_with_iom;
  std::optional<RiskAssessment> risk;
  PersonAge age;
  bool best_interests_determined = false;
};

// Returns every rule that stands against a return on `day`, consents first.
std::vector<Broken> ReturnRefusals(const ReturnFacts& facts, absl::CivilDay day);

// Returns the first of those, or OK. Errors: FAILED_PRECONDITION, reason and citation as above.
absl::Status CheckReturn(const ReturnFacts& facts, absl::CivilDay day);

// Checks the report that the person returned on `returned_on`: each consent held on that day, and
// no reintegration is unanswered. There is no check of a report that the person declined or stays:
// that is always open. Errors: FAILED_PRECONDITION.
absl::Status CheckReturned(const ReturnFacts& facts, absl::CivilDay returned_on,
                           bool reintegration_open);

}  // namespace waystation::statute

#endif  // WAYSTATION_COMMON_STATUTE_SAFE_RETURN_H_
