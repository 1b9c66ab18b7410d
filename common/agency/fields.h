#ifndef WAYSTATION_COMMON_AGENCY_FIELDS_H_
#define WAYSTATION_COMMON_AGENCY_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/status/status.h"
#include "common/statute/age.h"
#include "common/statute/continued_presence.h"
#include "common/statute/severe_form.h"
#include "google/protobuf/repeated_field.h"
#include "waystation/types/v1/date.pb.h"
#include "waystation/types/v1/severe_form.pb.h"

// Fields of the wire, judged one by one before anything looks at a case, and
// their counterparts in common/statute.
//
// Pure functions. Thread-safe.

namespace waystation::agency {

// The refusal of a field that breaks its stated rule: INVALID_ARGUMENT
// (FIELD_INVALID). `got` must not be text of an officer about a person.
absl::Status BadField(std::string_view field, std::string_view problem, std::string_view got,
                      std::string_view want);

// How many characters (not bytes) a text may have.
struct TextLimits {
  size_t least;
  size_t most;
};

// Checks length, that there are no control characters but tab and line feed, and
// that the text labels no name ("name: ...", "alias = ..."): a free text is where
// a form of another system would put one. It cannot find a name that nothing
// labels. Errors: INVALID_ARGUMENT (FIELD_INVALID, NAME_NOT_ALLOWED).
absl::Status CheckText(std::string_view field, std::string_view text, TextLimits limits);

// Checks that the text is 1 to `most` of [A-Za-z0-9] and `others`.
absl::Status CheckToken(std::string_view field, std::string_view text, size_t most,
                        std::string_view others);

// Checks the form "<agency>/<unit>" in [a-z0-9-].
absl::Status CheckUnit(std::string_view field, std::string_view unit, std::string_view agency);

// Checks the form of a person's handle.
absl::Status CheckPerson(std::string_view person);

absl::Status CheckReferralId(std::string_view referral_id);
absl::Status CheckVersion(int64_t expected_version);

// Checks the states that a list is asked for: known ones, at most 10. Errors:
// INVALID_ARGUMENT (FIELD_INVALID).
absl::Status CheckStates(const google::protobuf::RepeatedField<int>& states);

absl::CivilDay DayOf(absl::Time time);
types::v1::Date ToDate(absl::CivilDay day);
// Errors: INVALID_ARGUMENT (DATE_INVALID) naming the field.
absl::StatusOr<absl::CivilDay> ToDay(std::string_view field, const types::v1::Date& date);

// Errors: INVALID_ARGUMENT (FIELD_INVALID) an unknown value, too many, or one
// twice.
absl::StatusOr<statute::SevereFormElements> ToElements(const types::v1::SevereFormElements& wire);

// Errors: INVALID_ARGUMENT (DATE_INVALID, FIELD_INVALID).
absl::StatusOr<statute::PersonAge> ToAge(const types::v1::PersonAge& wire, absl::CivilDay today);

// The petitioner's finding. `Reference` is a wire message with made_by_unit,
// made_on and elements. Errors: as ToDay and ToElements.
template <typename Reference>
absl::StatusOr<statute::PetitionerFinding> ToFinding(const Reference& wire) {
  statute::PetitionerFinding finding;
  finding.made_by_unit = wire.made_by_unit();
  WS_ASSIGN_OR_RETURN(finding.made_on, ToDay("finding.made_on", wire.made_on()));
  WS_ASSIGN_OR_RETURN(finding.elements, ToElements(wire.elements()));
  return finding;
}

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_FIELDS_H_
