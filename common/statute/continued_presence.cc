#include "common/statute/continued_presence.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "common/statute/age.h"

namespace waystation::statute {
namespace {

constexpr std::string_view kThing = "continued presence";

void Add(std::vector<Broken>& broken, const Rule& rule, std::string_view problem,
         std::string_view got, std::string_view want) {
  broken.push_back({&rule, Refuse(rule, kThing, problem, got, want)});
}

absl::Status CheckPeriod(absl::CivilDay first, absl::CivilDay last) {
  if (last > first) return absl::OkStatus();
  return Refuse(kPeriodNeeded, kThing, "period has no length",
                absl::StrCat(DayText(first), " to ", DayText(last)), "a last day after the first");
}

void AddFindingRefusals(const PresencePetition& petition, std::vector<Broken>& broken) {
  if (!petition.finding.has_value()) {
    Add(broken, kFindingNeeded, "no finding of a severe form", "none", "the petitioner's finding");
    return;
  }
  const PetitionerFinding& finding = *petition.finding;
  if (finding.made_on > petition.filed_on) {
    Add(broken, kFindingNeeded, "finding is later than the petition", DayText(finding.made_on),
        absl::StrCat("a day not after ", DayText(petition.filed_on)));
  }
  for (Broken& gap : SevereFormGaps(finding.elements)) broken.push_back(std::move(gap));
  if (finding.made_by_unit != petition.unit.name) {
    Add(broken, kFindingByPetitioner, "finding is another unit's", Quoted(finding.made_by_unit),
        absl::StrCat("a finding by ", Quoted(petition.unit.name)));
  }
}

void AddRenewalRefusals(const PresencePetition& petition, std::vector<Broken>& broken) {
  if (!petition.is_renewal) return;
  if (!petition.prior.has_value() || petition.prior->person != petition.person) {
    Add(broken, kRenewalNeedsPresence, "no presence of this person to renew", "none",
        "a presence in effect");
    return;
  }
  const Presence& prior = *petition.prior;
  if (!InEffect(prior, petition.filed_on)) {
    Add(broken, kRenewalNeedsPresence, "presence is not in effect", DayText(petition.filed_on),
        absl::StrCat("filing from ", DayText(prior.effective_date), " to ",
                     DayText(prior.expires_on), ", before any end"));
  }
  if (petition.requested_until <= prior.expires_on) {
    Add(broken, kRenewalExtends, "renewal extends nothing", DayText(petition.requested_until),
        absl::StrCat("a day after ", DayText(prior.expires_on)));
  }
}

absl::Status CheckGrant(const PresenceDecision& decision) {
  if (decision.mechanism == Mechanism::kNotStated) {
    return Refuse(kMechanismNeeded, kThing, "grant without a mechanism", "none",
                  "parole, stay of removal, deferred action or another");
  }
  if (decision.mechanism == Mechanism::kOther && decision.mechanism_text.empty()) {
    return Refuse(kMechanismNeeded, kThing, "other mechanism without a name", "none", "its name");
  }
  return CheckPeriod(decision.effective_date, decision.expires_on);
}

}  // namespace

bool InEffect(const Presence& presence, absl::CivilDay day) {
  return !presence.ended && presence.effective_date <= day && day <= presence.expires_on;
}

absl::Status CheckMayPetition(const Unit& unit) {
  if (unit.federal_law_enforcement) return absl::OkStatus();
  return Refuse(kOnlyFederalLawEnforcement, kThing, "unit may not petition", Quoted(unit.name),
                "a federal law enforcement agency");
}

std::vector<Broken> PetitionRefusals(const PresencePetition& petition) {
  std::vector<Broken> broken;
  if (!InForce(kRuleInForce, petition.filed_on)) {
    Add(broken, kRuleInForce, "no rule was in effect", DayText(petition.filed_on),
        "filing on or after 2001-08-23");
  }
  if (absl::Status may = CheckMayPetition(petition.unit); !may.ok()) {
    broken.push_back({&kOnlyFederalLawEnforcement, std::move(may)});
  }
  AddFindingRefusals(petition, broken);
  if (!petition.potential_witness_certified) {
    Add(broken, kPotentialWitness, "person not certified as a potential witness", "none",
        "the petitioner's certification");
  }
  if (absl::Status period = CheckPeriod(petition.requested_from, petition.requested_until);
      !period.ok()) {
    broken.push_back({&kPeriodNeeded, std::move(period)});
  }
  AddRenewalRefusals(petition, broken);
  return broken;
}

absl::Status CheckPetition(const PresencePetition& petition) {
  const std::vector<Broken> broken = PetitionRefusals(petition);
  return broken.empty() ? absl::OkStatus() : broken.front().status;
}

absl::Status CheckDecision(const PresencePetition& petition, const PresenceDecision& decision) {
  if (!decision.granted) {
    if (!decision.reasons.empty()) return absl::OkStatus();
    return Refuse(kDenialNeedsReasons, kThing, "denial without reasons", "none", "the reasons");
  }
  WS_RETURN_IF_ERROR(CheckPetition(petition));
  return CheckGrant(decision);
}

absl::Status CheckTwoOfficials(const std::string& first_staff_id,
                               const std::string& second_staff_id) {
  if (!first_staff_id.empty() && !second_staff_id.empty() && first_staff_id != second_staff_id) {
    return absl::OkStatus();
  }
  return Refuse(kTwoOfficials, kThing, "no second official",
                absl::StrCat(Quoted(first_staff_id), " and ", Quoted(second_staff_id)),
                "two officials with different staff ids");
}

absl::Status CheckAdjudicates(const std::string& unit, const std::string& adjudicator) {
  if (!adjudicator.empty() && unit == adjudicator) return absl::OkStatus();
  return Refuse(kUnitsDenied, "petitions", "not open to the unit", Quoted(unit), adjudicator);
}

absl::Status CheckEnd(const Presence& presence, absl::CivilDay ended_on, absl::CivilDay today) {
  if (presence.ended || presence.expires_on < today) {
    return Refuse(kPresenceNotEnded, kThing, "presence has ended", DayText(presence.expires_on),
                  "a presence that has not");
  }
  if (ended_on < presence.effective_date || ended_on > presence.expires_on) {
    return Refuse(kEndWithinPresence, kThing, "end lies outside the presence", DayText(ended_on),
                  absl::StrCat("a day from ", DayText(presence.effective_date), " to ",
                               DayText(presence.expires_on)));
  }
  return absl::OkStatus();
}

}  // namespace waystation::statute
