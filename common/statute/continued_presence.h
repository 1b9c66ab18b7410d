#ifndef WAYSTATION_COMMON_STATUTE_CONTINUED_PRESENCE_H_
#define WAYSTATION_COMMON_STATUTE_CONTINUED_PRESENCE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "common/statute/citation.h"
#include "common/statute/continued_presence_rules.h"
#include "common/statute/severe_form.h"

// Continued presence, TVPA 107(c)(3) and 28 CFR 1100.35: who may petition, for whom, what INS may
// decide, how a presence is renewed and ends. The sender uses CheckPetition to warn its officer;
// the receiver uses the same function to refuse, and only the receiver's answer counts.
//
//   WS_RETURN_IF_ERROR(CheckPetition(petition));
//
// The caller says from its own register whether a unit is federal law enforcement: that is an
// attribute of the unit, never of the agency and never of the message.
//
// Pure functions. Thread-safe.

namespace waystation::statute {

enum class Mechanism { kNotStated, kParole, kStayOfRemoval, kDeferredAction, kOther };

struct Unit {
  std::string name;  // "<agency>/<unit>"
  bool federal_law_enforcement = false;
};

struct PetitionerFinding {
  std::string made_by_unit;
  absl::CivilDay made_on;
  SevereFormElements elements;
};

struct Presence {
  std::string person;  // handle
  Mechanism mechanism = Mechanism::kNotStated;
  absl::CivilDay effective_date;
  absl::CivilDay expires_on;
  bool ended = false;  // before expires_on, by INS
};

struct PresencePetition {
  Unit unit;
  std::string person;  // handle
  std::optional<PetitionerFinding> finding;
  bool potential_witness_certified = false;
  absl::CivilDay filed_on;
  absl::CivilDay requested_from;
  absl::CivilDay requested_until;
  bool is_renewal = false;
  std::optional<Presence> prior;  // the presence that a renewal names
};

struct PresenceDecision {
  bool granted = false;
  Mechanism mechanism = Mechanism::kNotStated;
  std::string mechanism_text;
  absl::CivilDay effective_date;
  absl::CivilDay expires_on;
  std::string reasons;
};

// Tells whether `presence` is in effect on `day`.
bool InEffect(const Presence& presence, absl::CivilDay day);

// Checks that `unit` may petition at all, whatever the case.
// Errors: FAILED_PRECONDITION with UNIT_MAY_NOT_PETITION.
absl::Status CheckMayPetition(const Unit& unit);

// Returns every rule that the petition breaks, in the order of the rules' ids.
std::vector<Broken> PetitionRefusals(const PresencePetition& petition);

// Checks that the law lets INS entertain the petition.
// Errors: FAILED_PRECONDITION with the first broken rule's reason and citation.
absl::Status CheckPetition(const PresencePetition& petition);

// Checks a decision on `petition`. A denial is open whatever the petition breaks; a grant is not.
// Errors: FAILED_PRECONDITION with the first broken rule's reason and citation.
absl::Status CheckDecision(const PresencePetition& petition, const PresenceDecision& decision);

// Checks that a second official, not the first, confirms.
// Errors: FAILED_PRECONDITION with SECOND_OFFICIAL_REQUIRED.
absl::Status CheckTwoOfficials(const std::string& first_staff_id,
                               const std::string& second_staff_id);

// Checks that `unit`, "<agency>/<unit>", is the one that adjudicates: it alone sees petitions.
// Errors: FAILED_PRECONDITION with UNIT_DENIED.
absl::Status CheckAdjudicates(const std::string& unit, const std::string& adjudicator);

// Checks that INS may end `presence` with the last day `ended_on`.
// Errors: FAILED_PRECONDITION with PRESENCE_ENDED or PRESENCE_END_OUTSIDE.
absl::Status CheckEnd(const Presence& presence, absl::CivilDay ended_on, absl::CivilDay today);

}  // namespace waystation::statute

#endif  // WAYSTATION_COMMON_STATUTE_CONTINUED_PRESENCE_H_
