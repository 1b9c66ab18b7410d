#include "common/statute/certification.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "common/statute/continued_presence.h"

namespace waystation::statute {
namespace {

constexpr std::string_view kThing = "letter";

using Bases = std::vector<StatusBasis>;

bool RanOut(const StatusBasis& basis, absl::CivilDay day) {
  return basis.last_day.has_value() && *basis.last_day < day;
}

bool Carries(const StatusBasis& basis, absl::CivilDay day) {
  const bool ended = basis.ended_on.has_value() && *basis.ended_on <= day;
  return basis.granted && !ended && !RanOut(basis, day);
}

absl::Status RefuseEnded(const StatusBasis& basis) {
  if (basis.kind == StatusBasis::Kind::kTApplication) {
    return Refuse(kApplicationNotDenied, kThing, "the application was denied",
                  DayText(*basis.ended_on), "an application that has not been denied");
  }
  const bool by_notice = basis.ended_on.has_value();
  return Refuse(kPresenceBasisLasts, kThing,
                by_notice ? "the continued presence has ended" : "the continued presence ran out",
                DayText(by_notice ? *basis.ended_on : *basis.last_day),
                "a notice of continued presence that has not ended");
}

absl::Status RefuseKind(LetterKind kind) {
  const bool certification = kind == LetterKind::kCertification;
  return Refuse(kCertificationForAdults, kThing, "not the kind for this age",
                certification ? "a certification letter for a person under 18 or of unknown age"
                              : "an eligibility letter for a person of 18 or older",
                certification ? "an eligibility letter" : "a certification letter");
}

absl::Status CheckWilling(const LetterFacts& facts) {
  if (facts.willing.value_or(false)) return absl::OkStatus();
  return Refuse(kWillingness, kThing,
                facts.willing.has_value() ? "the person is not willing to assist"
                                          : "no statement of willingness",
                facts.willing.has_value() ? "a later statement" : "none",
                "willingness to assist in every reasonable way");
}

absl::Status CheckConsulted(const LetterFacts& facts) {
  if (facts.attorney_general_consulted) return absl::OkStatus();
  return Refuse(kAttorneyGeneralConsulted, kThing, "the Attorney General was not consulted", "none",
                "an answered consultation, whatever the view");
}

void Add(std::vector<Broken>& broken, const Rule& rule, absl::Status status) {
  if (!status.ok()) broken.push_back({&rule, std::move(status)});
}

// The rule that a missing basis breaks.
const Rule& BasisRule(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  if (reason == kApplicationNotDenied.reason) return kApplicationNotDenied;
  return reason == kPresenceBasisLasts.reason ? kPresenceBasisLasts : kStatusBasis;
}

}  // namespace

LetterKind LetterDue(const PersonAge& age, absl::CivilDay today) {
  return TreatedAsChild(age, today) ? LetterKind::kEligibility : LetterKind::kCertification;
}

absl::Status CheckLetterNeeded(ImmigrationClass immigration_class) {
  if (immigration_class == ImmigrationClass::kOtherOrUnknown) return absl::OkStatus();
  const bool citizen = immigration_class == ImmigrationClass::kCitizen;
  return Refuse(kLetterForAliens, kThing, "none is needed",
                citizen ? "a citizen" : "a permanent resident",
                "an alien who is no permanent resident; apply to the benefit office directly");
}

absl::Status CheckCooperationAsked(const PersonAge& age, absl::CivilDay today) {
  if (!TreatedAsChild(age, today)) return absl::OkStatus();
  return Refuse(kNoCooperationUnderEighteen, kThing, "no cooperation is asked",
                "a person under 18 or of unknown age", "an eligibility letter without it");
}

const StatusBasis* BasisOn(const Bases& bases, absl::CivilDay day) {
  for (const StatusBasis& basis : bases) {
    if (Carries(basis, day)) return &basis;
  }
  return nullptr;
}

absl::Status CheckStatusBasis(const Bases& bases, absl::CivilDay today) {
  if (BasisOn(bases, today) != nullptr) return absl::OkStatus();
  if (!bases.empty()) return RefuseEnded(bases.back());
  return Refuse(kStatusBasis, kThing, "no notice of INS", "none",
                "a bona fide T application, or continued presence");
}

std::vector<Broken> LetterRefusals(const LetterFacts& facts, LetterKind kind,
                                   absl::CivilDay today) {
  std::vector<Broken> broken;
  Add(broken, kLetterForAliens, CheckLetterNeeded(facts.immigration_class));
  if (broken.empty() && kind != LetterDue(facts.age, today)) {
    Add(broken, kCertificationForAdults, RefuseKind(kind));
  }
  // What a letter that nobody is due would also lack helps no one.
  if (!broken.empty() || kind == LetterKind::kEligibility) return broken;
  Add(broken, kWillingness, CheckWilling(facts));
  absl::Status basis = CheckStatusBasis(facts.bases, today);
  Add(broken, BasisRule(basis), basis);
  Add(broken, kAttorneyGeneralConsulted, CheckConsulted(facts));
  return broken;
}

absl::Status CheckLetter(const LetterFacts& facts, LetterKind kind, absl::CivilDay today) {
  const std::vector<Broken> broken = LetterRefusals(facts, kind, today);
  return broken.empty() ? absl::OkStatus() : broken.front().status;
}

absl::Status CheckLetterOfficials(const std::string& first_staff_id,
                                  const std::string& second_staff_id) {
  if (CheckTwoOfficials(first_staff_id, second_staff_id).ok()) return absl::OkStatus();
  return Refuse(kLetterTwoOfficials, kThing, "no second official",
                absl::StrCat(Quoted(first_staff_id), " and ", Quoted(second_staff_id)),
                "two officials with different staff ids");
}

const StatusBasis* LastEnded(const Bases& bases, absl::CivilDay today) {
  const StatusBasis* last = nullptr;
  for (const StatusBasis& basis : bases) {
    if (!basis.ended_on.has_value()) {
      if (!RanOut(basis, today)) return nullptr;
      continue;
    }
    if (last == nullptr || *last->ended_on < *basis.ended_on) last = &basis;
  }
  return last;
}

absl::Status CheckServiceContentOpen(std::string_view unit, bool known,
                                     bool federal_law_enforcement) {
  const std::string_view agency = unit.substr(0, unit.find('/'));
  if (known && !federal_law_enforcement && agency != "ins" && agency != "doj") {
    return absl::OkStatus();
  }
  return Refuse(kServiceContentClosed, "information", "service content is not open to the unit",
                Quoted(unit), "a listed unit outside law enforcement and immigration enforcement");
}

}  // namespace waystation::statute
