#ifndef WAYSTATION_COMMON_STATUTE_WORK_AUTHORIZATION_H_
#define WAYSTATION_COMMON_STATUTE_WORK_AUTHORIZATION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "common/statute/citation.h"
#include "common/statute/continued_presence.h"

// Work authorization of a person in continued presence: an act of its own, with a class of 8 CFR
// 274a.12 as its basis and a last day of its own, never past the presence.
//
//   WS_RETURN_IF_ERROR(CheckWorkAuthorization(presence, work, today));
//
// Pure functions. Thread-safe.

namespace waystation::statute {

enum class WorkBasis { kNotStated, kParole, kDeferredAction, kOrderOfSupervision, kOther };

struct WorkAuthorization {
  WorkBasis basis = WorkBasis::kNotStated;
  std::string basis_citation;  // for kOther
  bool economic_necessity_established = false;
  absl::CivilDay effective_date;
  absl::CivilDay expires_on;
};

inline constexpr Rule kWorkNeedsPresence{
    "C7.1",
    "PRESENCE_ENDED",
    {"28 CFR 1100.35; 8 CFR 274a.12(c)",
     "Work is authorized on the ground of a presence that has not ended.", kPart1100Source,
     kPart1100Effective}};

inline constexpr Rule kWorkBasisFits{"C7.2",
                                     "WORK_BASIS_NOT_OPEN",
                                     {"8 CFR 274a.12(c)(11), (14), (18)",
                                      "Parole opens (c)(11), deferred action (c)(14), an order of "
                                      "supervision while removal is stayed "
                                      "(c)(18).",
                                      kTitle8Source, kTitle8Effective}};

inline constexpr Rule kWorkOtherBasisCited{
    "C7.3",
    "WORK_BASIS_NEEDS_CITATION",
    {"8 CFR 274a.12", "Every authorization rests on a class of 8 CFR 274a.12, and names it.",
     kTitle8Source, kTitle8Effective}};

inline constexpr Rule kWorkEconomicNecessity{
    "C7.4",
    "WORK_NEEDS_ECONOMIC_NECESSITY",
    {"8 CFR 274a.12(c)(14)",
     "A person granted deferred action establishes an economic necessity for employment.",
     kTitle8Source, kTitle8Effective}};

inline constexpr Rule kWorkPeriod{
    "C7.5",
    "WORK_AUTHORIZATION_PERIOD_INVALID",
    {"8 CFR 274a.13(b)", "An authorization is valid for a specific period.", kTitle8Source,
     kTitle8Effective}};

inline constexpr Rule kWorkNotBeforePresence{
    "C7.6",
    "WORK_AUTHORIZATION_BEFORE_PRESENCE",
    {"8 CFR 274a.12(c)", "The class that work rests on begins with the presence.", kTitle8Source,
     kTitle8Effective}};

inline constexpr Rule kWorkNotPastPresence{
    "C7.7",
    "WORK_AUTHORIZATION_OUTLASTS_PRESENCE",
    {"8 CFR 274a.12(c)", "The class that work rests on ends with the presence.", kTitle8Source,
     kTitle8Effective}};

// Returns the basis that goes with a mechanism; kOther where the officer must cite one.
WorkBasis UsualBasis(Mechanism mechanism);

// Checks that `work` may be issued on `today` for `presence`. A basis of kOther with a citation is
// open under every mechanism.
// Errors: FAILED_PRECONDITION with the first broken rule's reason and citation.
absl::Status CheckWorkAuthorization(const Presence& presence, const WorkAuthorization& work,
                                    absl::CivilDay today);

}  // namespace waystation::statute

#endif  // WAYSTATION_COMMON_STATUTE_WORK_AUTHORIZATION_H_
