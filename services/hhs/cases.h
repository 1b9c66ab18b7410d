#ifndef WAYSTATION_SERVICES_HHS_CASES_H_
#define WAYSTATION_SERVICES_HHS_CASES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/casework/procedure.h"
#include "common/ids/random.h"
#include "waystation/hhs/v1/hhs_service.pb.h"

// Certification cases: how they open, and the facts on them. Each function with
// an officer is one rpc of HhsService, whose errors it has.
//
// Single-threaded: the transaction.

namespace waystation::hhs {

// A message that opens a person's case when there is none yet.
struct Opening {
  std::string person;
  v1::CaseDoor door;
  std::string referral_id;  // Of the message.
  std::string title;        // The rule by which nobody had to act.
};

// The person's case; opens it, and takes a door that holds in the place of a
// child's referral that was never taken up. Not saved yet.
absl::StatusOr<v1::CertificationCase> CaseFor(const Opening& opening, const RandomSource& random,
                                              agency::Tx& tx);

// Takes over an age that a message states, where no officer of HHS has said any.
void LearnAge(const types::v1::PersonAge& age, v1::CertificationCase& one);

// Saves a case that changed now.
absl::Status SaveChanged(v1::CertificationCase& one, agency::Tx& tx);

// Checks that the officer is of hhs/orr. Errors: PERMISSION_DENIED (UNIT_NOT_OWN).
absl::Status CheckOrr(const agency::Officer& officer);

absl::Status OpenCase(const agency::Officer& officer, const v1::OpenCaseRequest& request,
                      const RandomSource& random, agency::Tx& tx, v1::OpenCaseResponse& response);
absl::Status RecordFacts(const agency::Officer& officer, const v1::RecordFactsRequest& request,
                         agency::Tx& tx, v1::RecordFactsResponse& response);
absl::Status RecordWillingness(const agency::Officer& officer,
                               const v1::RecordWillingnessRequest& request, agency::Tx& tx,
                               v1::RecordWillingnessResponse& response);
// `consultation`: our part in it.
absl::Status ConsultAttorneyGeneral(const casework::Procedure& consultation,
                                    const agency::Officer& officer,
                                    const v1::ConsultAttorneyGeneralRequest& request,
                                    agency::Tx& tx, v1::ConsultAttorneyGeneralResponse& response);
absl::Status GetCase(const agency::Officer& officer, const v1::GetCaseRequest& request,
                     agency::Tx& tx, v1::GetCaseResponse& response);
absl::Status ListCases(const agency::Officer& officer, const v1::ListCasesRequest& request,
                       agency::Tx& tx, v1::ListCasesResponse& response);

}  // namespace waystation::hhs

#endif  // WAYSTATION_SERVICES_HHS_CASES_H_
