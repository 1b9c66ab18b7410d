#ifndef WAYSTATION_COMMON_STATUTE_CERTIFICATION_H_
#define WAYSTATION_COMMON_STATUTE_CERTIFICATION_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "common/statute/age.h"
#include "common/statute/certification_rules.h"
#include "common/statute/citation.h"

// Certification and eligibility, TVPA 107(b)(1)(C) and (E): which letter a person is due, what is
// missing for it, and when a certification has lost what it rests on.
//
//   WS_RETURN_IF_ERROR(CheckLetter(facts, LetterKind::kCertification, today));
//
// A notice alone makes a certification void: whether a presence is still necessary is the Attorney
// General's word (107(b)(1)(E)(ii)), not the calendar's. For a new certification the calendar
// counts too: a presence whose last day has passed is no basis.
//
// Pure functions. Thread-safe.

namespace waystation::statute {

enum class ImmigrationClass { kOtherOrUnknown, kCitizen, kPermanentResident };

enum class LetterKind { kCertification, kEligibility };

// What INS said of one presence or one application.
struct StatusBasis {
  enum class Kind { kContinuedPresence, kTApplication };
  Kind kind;
  std::string reference;
  bool granted = false;                    // Or found bona fide. Not: its end alone is known.
  std::optional<absl::CivilDay> last_day;  // Of a presence.
  std::optional<absl::CivilDay> ended_on;  // Or denied on; the first day without it.
};

struct LetterFacts {
  PersonAge age;
  ImmigrationClass immigration_class = ImmigrationClass::kOtherOrUnknown;
  std::vector<StatusBasis> bases;
  std::optional<bool> willing;  // The latest statement. Nothing: none was made.
  bool attorney_general_consulted = false;
};

// The letter that a person of this age is due on `today`: an unknown age is a child's.
LetterKind LetterDue(const PersonAge& age, absl::CivilDay today);

// Checks that the person needs a letter at all.
// Errors: FAILED_PRECONDITION with LETTER_NOT_NEEDED.
absl::Status CheckLetterNeeded(ImmigrationClass immigration_class);

// Checks that the person may be asked to cooperate, and the Attorney General about it.
// Errors: FAILED_PRECONDITION with COOPERATION_NOT_ASKED.
absl::Status CheckCooperationAsked(const PersonAge& age, absl::CivilDay today);

// The first basis that carries a certification on `day`; null when none does.
const StatusBasis* BasisOn(const std::vector<StatusBasis>& bases, absl::CivilDay day);

// Checks that a basis carries a certification. Errors: FAILED_PRECONDITION with
// STATUS_BASIS_MISSING, or, when there was one, CERTIFICATION_BASIS_ENDED or T_APPLICATION_DENIED.
absl::Status CheckStatusBasis(const std::vector<StatusBasis>& bases, absl::CivilDay today);

// Every rule that stands against the letter, in the order in which they can be met: each missing
// element once.
std::vector<Broken> LetterRefusals(const LetterFacts& facts, LetterKind kind, absl::CivilDay today);

// Errors: FAILED_PRECONDITION with the first broken rule's reason and citation.
absl::Status CheckLetter(const LetterFacts& facts, LetterKind kind, absl::CivilDay today);

// Checks that a second official, not the first, confirms a letter.
// Errors: FAILED_PRECONDITION with SECOND_OFFICIAL_REQUIRED.
absl::Status CheckLetterOfficials(const std::string& first_staff_id,
                                  const std::string& second_staff_id);

// The basis by whose end, as INS told it, a certification is void, from its `ended_on` on. Null
// while one stands, or ran out without a word of INS.
const StatusBasis* LastEnded(const std::vector<StatusBasis>& bases, absl::CivilDay today);

// Checks that a unit may be told of services: no federal law enforcement, and nobody of DOJ or INS,
// whatever the unit. `known`: the directory lists the unit.
// Errors: FAILED_PRECONDITION with SERVICE_CONTENT_CLOSED.
absl::Status CheckServiceContentOpen(std::string_view unit, bool known,
                                     bool federal_law_enforcement);

}  // namespace waystation::statute

#endif  // WAYSTATION_COMMON_STATUTE_CERTIFICATION_H_
