#ifndef WAYSTATION_SERVICES_DOJ_PETITION_LAW_H_
#define WAYSTATION_SERVICES_DOJ_PETITION_LAW_H_

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/agency/case.h"
#include "services/doj/casebook.h"
#include "waystation/doj/v1/doj_service.pb.h"
#include "waystation/ins/v1/petition.pb.h"

// What the law says of a petition before it is sent: DOJ's own finding, which it
// must have, and the warnings of what the receiving side will refuse.
//
// Single-threaded: the transaction.

namespace waystation::doj {

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
    agency::Tx& tx, std::string_view person, const ins::v1::ContinuedPresencePetition& petition,
    const v1::Petition* prior);

// Errors: FAILED_PRECONDITION (WARNINGS_NOT_ACKNOWLEDGED), naming each.
absl::Status CheckAcknowledged(const std::vector<v1::Warning>& warnings, bool acknowledged);

}  // namespace waystation::doj

#endif  // WAYSTATION_SERVICES_DOJ_PETITION_LAW_H_
