#include "common/statute/safe_return.h"

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace waystation::statute {
namespace {

constexpr std::string_view kThing = "return";

struct ConsentRules {
  std::string_view of;
  const Rule* given;
  const Rule* in_force;
};

constexpr ConsentRules kToReturn{"consent to return", &kReturnWished, &kReturnStillWished};
constexpr ConsentRules kToTellGovernment{"consent to tell the origin government",
                                         &kOriginGovernmentAgreed, &kOriginGovernmentStillAgreed};
constexpr ConsentRules kToShareWithIom{"consent to share with IOM", &kIomAgreed, &kIomStillAgreed};

void Add(const Rule& rule, std::string_view problem, std::string_view got, std::string_view want,
         std::vector<Broken>& broken) {
  broken.push_back({&rule, Refuse(rule, kThing, problem, got, want)});
}

void AddConsent(const ConsentRules& rules, const ReturnConsent& consent, absl::CivilDay day,
                std::vector<Broken>& broken) {
  if (!consent.given) {
    Add(*rules.given, absl::StrCat(Absl(rules.of), " is not given"), "none",
        "given, and not withdrawn", broken);
  } else if (consent.valid_until < day) {
    Add(*rules.in_force, absl::StrCat(Absl(rules.of), " has lapsed"), DayText(consent.valid_until),
        absl::StrCat("one that holds on ", DayText(day)), broken);
  }
}

std::vector<Broken> ConsentRefusals(const ReturnFacts& facts, absl::CivilDay day) {
  std::vector<Broken> broken;
  AddConsent(kToReturn, facts.to_return, day, broken);
  AddConsent(kToTellGovernment, facts.to_tell_government, day, broken);
  AddConsent(kToShareWithIom, facts.to_share_with_iom, day, broken);
  return broken;
}

void AddRisk(const ReturnFacts& facts, absl::CivilDay day, std::vector<Broken>& broken) {
  if (!facts.risk.has_value() || facts.risk->level == RiskLevel::kNotStated) {
    return Add(kRiskAssessed, "no risk assessment", "none", "an assessment with its conclusion",
               broken);
  }
  const absl::CivilDay oldest = day - kRiskAssessmentDays;
  if (facts.risk->made_on < oldest || facts.risk->made_on > day) {
    Add(kRiskAssessedLately, "risk assessment is not of these days", DayText(facts.risk->made_on),
        absl::StrCat("one made from ", DayText(oldest), " to ", DayText(day)), broken);
  }
  if (facts.risk->level == RiskLevel::kHigh) {
    Add(kReturnSafe, "would endanger the person or the family", "a high risk",
        "a low risk, or one that measures meet; integration here is open", broken);
  }
}

}  // namespace

std::vector<Broken> ReturnRefusals(const ReturnFacts& facts, absl::CivilDay day) {
  std::vector<Broken> broken = ConsentRefusals(facts, day);
  AddRisk(facts, day, broken);
  if (TreatedAsChild(facts.age, day) && !facts.best_interests_determined) {
    Add(kBestInterests, "best interests of the child are not determined", "none",
        "determined in favour of return, guardian or child advocate heard; an unknown age is a "
        "child's",
        broken);
  }
  return broken;
}

absl::Status CheckReturn(const ReturnFacts& facts, absl::CivilDay day) {
  const std::vector<Broken> broken = ReturnRefusals(facts, day);
  return broken.empty() ? absl::OkStatus() : broken.front().status;
}

absl::Status CheckReturned(const ReturnFacts& facts, absl::CivilDay returned_on,
                           bool reintegration_open) {
  const std::vector<Broken> broken = ConsentRefusals(facts, returned_on);
  if (!broken.empty()) return broken.front().status;
  if (!reintegration_open) return absl::OkStatus();
  return Refuse(kReintegrationAnswered, kThing, "reintegration is unanswered", "an open referral",
                "its answer, return or cancellation first");
}

}  // namespace waystation::statute
