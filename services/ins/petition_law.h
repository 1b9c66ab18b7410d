#ifndef WAYSTATION_SERVICES_INS_PETITION_LAW_H_
#define WAYSTATION_SERVICES_INS_PETITION_LAW_H_

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/statute/continued_presence.h"
#include "common/statute/work_authorization.h"
#include "services/ins/record.pb.h"
#include "waystation/ins/v1/ins_service.pb.h"

// The law as INS asks it of a petition: from its own side, by the directory's
// unit attributes and its own register of presences, never by what the sender
// says of itself.
//
// Single-threaded: the transaction.

namespace waystation::ins {

// The unit of INS that adjudicates (rule C4.14).
inline constexpr std::string_view kAdjudicator = "ins/vermont-service-center";

// Checks that the officer is of the adjudicating unit.
// Errors: PERMISSION_DENIED (UNIT_DENIED).
absl::Status CheckAdjudicator(const agency::Officer& officer);

// Checks that what a unit of INS has is open to the officer: adjudication and
// enforcement are denied each other's cases, both ways.
// Errors: PERMISSION_DENIED (UNIT_DENIED).
absl::Status CheckOpenTo(const agency::Officer& officer, std::string_view unit);

// Checks each field of a petition that came by itself.
// Errors: INVALID_ARGUMENT naming the field.
absl::Status CheckShape(const agency::CaseContent& content,
                        const v1::ContinuedPresencePetition& petition, absl::CivilDay today);

// Checks that the unit which sent it may petition at all: no fact of the case mends that.
// Errors: FAILED_PRECONDITION (UNIT_MAY_NOT_PETITION).
absl::Status CheckSender(agency::Tx& tx, const record::StoredPetition& stored);

// Every rule that stands against the petition. Errors: INTERNAL for a petition
// without readable content.
absl::StatusOr<std::vector<statute::Broken>> RefusalsOf(agency::Tx& tx,
                                                        const record::StoredPetition& stored);

// Checks fields and law of a decision on the petition.
// Errors: INVALID_ARGUMENT; FAILED_PRECONDITION with the rule's reason.
absl::Status CheckTerms(agency::Tx& tx, const record::StoredPetition& stored,
                        const v1::DecisionTerms& terms);

// Checks fields and law of a work authorization for a presence.
// Errors: as above.
absl::Status CheckWork(const statute::Presence& presence, const v1::WorkAuthorizationTerms& terms,
                       absl::CivilDay today);

// A presence as the law sees it: one that was renewed is over for it.
absl::StatusOr<statute::Presence> ToLaw(const record::StoredPresence& stored);

}  // namespace waystation::ins

#endif  // WAYSTATION_SERVICES_INS_PETITION_LAW_H_
