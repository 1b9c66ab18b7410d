#ifndef WAYSTATION_SERVICES_INS_PETITIONS_H_
#define WAYSTATION_SERVICES_INS_PETITIONS_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "services/ins/record.pb.h"
#include "waystation/ins/v1/ins_service.pb.h"

// Petitions as INS has them, and the steps of the handoff. Each function with a
// request is one rpc of InsService, whose errors it has; all are open to officers
// of the adjudicating unit alone (UNIT_DENIED).
//
// Single-threaded: the transaction.

namespace waystation::ins {

// The petition as the wire shows it now. Errors: NOT_FOUND (REFERRAL_UNKNOWN).
absl::StatusOr<v1::Petition> ShowPetition(agency::Tx& tx, std::string_view referral_id);

absl::Status ListPetitions(const agency::Officer& officer, const v1::ListPetitionsRequest& request,
                           agency::Tx& tx, v1::ListPetitionsResponse& response);
absl::Status GetPetition(const agency::Officer& officer, const v1::GetPetitionRequest& request,
                         agency::Tx& tx, v1::GetPetitionResponse& response);

absl::Status TakeUpPetition(const agency::Officer& officer,
                            const v1::TakeUpPetitionRequest& request, agency::Tx& tx,
                            v1::TakeUpPetitionResponse& response);
absl::Status HoldPetition(const agency::Officer& officer, const v1::HoldPetitionRequest& request,
                          agency::Tx& tx, v1::HoldPetitionResponse& response);
absl::Status ResumePetition(const agency::Officer& officer,
                            const v1::ResumePetitionRequest& request, agency::Tx& tx,
                            v1::ResumePetitionResponse& response);
absl::Status ReturnPetition(const agency::Officer& officer,
                            const v1::ReturnPetitionRequest& request, agency::Tx& tx,
                            v1::ReturnPetitionResponse& response);
absl::Status DecideCancellation(const agency::Officer& officer,
                                const v1::DecideCancellationRequest& request, agency::Tx& tx,
                                v1::DecideCancellationResponse& response);

// A content of INS about the petition, with the officer as official.
agency::CaseContent ContentOf(const record::StoredPetition& stored, const agency::Officer& officer);

}  // namespace waystation::ins

#endif  // WAYSTATION_SERVICES_INS_PETITIONS_H_
