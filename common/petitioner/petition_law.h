#ifndef WAYSTATION_COMMON_PETITIONER_PETITION_LAW_H_
#define WAYSTATION_COMMON_PETITIONER_PETITION_LAW_H_

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/agency/case.h"
#include "common/petitioner/casebook.h"
#include "common/petitioner/petitioner.h"
#include "waystation/ins/v1/petition.pb.h"

// What the law says of a petition before it is sent: the unit's own finding, which it
// must have, and the warnings of what the receiving side will refuse.
//
// Single-threaded: the transaction.

namespace waystation::petitioner {

// Checks each field of what is asked for by itself.
// Errors: INVALID_ARGUMENT (FIELD_INVALID, DATE_INVALID, NAME_NOT_ALLOWED).
absl::Status CheckTerms(const v1::PetitionRequestTerms& terms);

// The latest finding of `unit` about the person, which must be positive: the
// assessment is the petitioner's own (28 CFR 1100.35).
// Errors: FAILED_PRECONDITION (FINDING_MISSING).
absl::StatusOr<v1::Finding> OwnFinding(Casebook& book, std::string_view person,
                                       std::string_view unit);

// Checks that the unit has no undecided petition for the person.
// Errors: FAILED_PRECONDITION (PETITION_OPEN).
absl::Status CheckNoneOpen(agency::Tx& tx, std::string_view person, std::string_view unit);

// What INS will refuse, with citations. `prior`: the petition whose grant a
// renewal renews; null for a first one. Errors: UNAVAILABLE (DIRECTORY_UNKNOWN).
absl::StatusOr<std::vector<v1::Warning>> WarningsOf(
    const Petitioner& petitioner, agency::Tx& tx, std::string_view person,
    const ins::v1::ContinuedPresencePetition& petition, const v1::Petition* prior);

// Errors: FAILED_PRECONDITION (WARNINGS_NOT_ACKNOWLEDGED), naming each.
absl::Status CheckAcknowledged(const std::vector<v1::Warning>& warnings, bool acknowledged);

}  // namespace waystation::petitioner

#endif  // WAYSTATION_COMMON_PETITIONER_PETITION_LAW_H_
