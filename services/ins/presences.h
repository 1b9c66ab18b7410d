#ifndef WAYSTATION_SERVICES_INS_PRESENCES_H_
#define WAYSTATION_SERVICES_INS_PRESENCES_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "services/ins/record.pb.h"
#include "waystation/ins/v1/ins_service.pb.h"

// Continued presences: begun by a grant, renewed by another, ended by two
// officials or by their last day; and work authorization (C7), an act of its own.
// Notices go to the petitioner as referrals of their own, since the petition's is
// final once answered; HHS learns of begin, renewal and end (notices.h).
//
// Single-threaded: the transaction.

namespace waystation::ins {

// Begins the presence that `decision` on `stored` grants; a renewal takes the
// place of the presence that it renews from its own first day on.
absl::Status BeginPresence(const record::StoredPetition& stored,
                           const v1::ContinuedPresenceDecision& decision, agency::Tx& tx,
                           v1::Presence& out);

// Takes back what `BeginPresence` did, and what it told HHS; `presence_id` empty:
// nothing.
absl::Status UndoPresence(std::string_view presence_id, agency::Tx& tx);

// The presence as the wire shows it on `today`.
v1::Presence ShowPresence(const record::StoredPresence& stored, absl::CivilDay today);

// rpcs of InsService, whose errors they have; open to the adjudicating unit alone.
absl::Status EndPresence(const agency::Officer& officer, const v1::EndPresenceRequest& request,
                         agency::Tx& tx, v1::EndPresenceResponse& response);
absl::Status IssueWorkAuthorization(const agency::Officer& officer,
                                    const v1::IssueWorkAuthorizationRequest& request,
                                    agency::Tx& tx, v1::IssueWorkAuthorizationResponse& response);
absl::Status ListPresences(const agency::Officer& officer, const v1::ListPresencesRequest& request,
                           agency::Tx& tx, v1::ListPresencesResponse& response);

// A work authorization issued by the officer on these terms.
v1::WorkAuthorization IssuedBy(const agency::Officer& officer,
                               const v1::WorkAuthorizationTerms& terms);

}  // namespace waystation::ins

#endif  // WAYSTATION_SERVICES_INS_PRESENCES_H_
