#include "common/statute/work_authorization.h"

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "common/statute/age.h"

namespace waystation::statute {
namespace {

constexpr std::string_view kThing = "work authorization";

std::string_view BasisText(WorkBasis basis) {
  switch (basis) {
    case WorkBasis::kNotStated:
      return "none";
    case WorkBasis::kParole:
      return "parole, (c)(11)";
    case WorkBasis::kDeferredAction:
      return "deferred action, (c)(14)";
    case WorkBasis::kOrderOfSupervision:
      return "order of supervision, (c)(18)";
    case WorkBasis::kOther:
      return "another class with its citation";
  }
  return "unknown";
}

absl::Status CheckBasis(const Presence& presence, const WorkAuthorization& work) {
  if (work.basis == WorkBasis::kOther) {
    if (!work.basis_citation.empty()) return absl::OkStatus();
    return Refuse(kWorkOtherBasisCited, kThing, "other basis without a citation", "none",
                  "the class of 8 CFR 274a.12");
  }
  const WorkBasis usual = UsualBasis(presence.mechanism);
  if (work.basis != usual) {
    return Refuse(kWorkBasisFits, kThing, "basis does not fit the mechanism", BasisText(work.basis),
                  BasisText(usual));
  }
  if (work.basis == WorkBasis::kDeferredAction && !work.economic_necessity_established) {
    return Refuse(kWorkEconomicNecessity, kThing, "economic necessity not established", "none",
                  "an economic necessity for employment");
  }
  return absl::OkStatus();
}

absl::Status CheckPeriod(const Presence& presence, const WorkAuthorization& work) {
  if (work.expires_on <= work.effective_date) {
    return Refuse(kWorkPeriod, kThing, "period has no length",
                  absl::StrCat(DayText(work.effective_date), " to ", DayText(work.expires_on)),
                  "a last day after the first");
  }
  if (work.effective_date < presence.effective_date) {
    return Refuse(kWorkNotBeforePresence, kThing, "begins before the presence",
                  DayText(work.effective_date),
                  absl::StrCat("a day not before ", DayText(presence.effective_date)));
  }
  if (work.expires_on > presence.expires_on) {
    return Refuse(kWorkNotPastPresence, kThing, "outlasts the presence", DayText(work.expires_on),
                  absl::StrCat("a day not after ", DayText(presence.expires_on)));
  }
  return absl::OkStatus();
}

}  // namespace

WorkBasis UsualBasis(Mechanism mechanism) {
  switch (mechanism) {
    case Mechanism::kParole:
      return WorkBasis::kParole;
    case Mechanism::kDeferredAction:
      return WorkBasis::kDeferredAction;
    case Mechanism::kStayOfRemoval:
      return WorkBasis::kOrderOfSupervision;
    case Mechanism::kNotStated:
    case Mechanism::kOther:
      return WorkBasis::kOther;
  }
  return WorkBasis::kOther;
}

absl::Status CheckWorkAuthorization(const Presence& presence, const WorkAuthorization& work,
                                    absl::CivilDay today) {
  if (presence.ended || presence.expires_on < today) {
    return Refuse(kWorkNeedsPresence, kThing, "presence has ended", DayText(presence.expires_on),
                  "a presence that has not");
  }
  WS_RETURN_IF_ERROR(CheckBasis(presence, work));
  return CheckPeriod(presence, work);
}

}  // namespace waystation::statute
