#ifndef WAYSTATION_SERVICES_DOJ_INTAKES_H_
#define WAYSTATION_SERVICES_DOJ_INTAKES_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/ids/random.h"
#include "services/doj/casebook.h"
#include "waystation/doj/v1/doj_service.pb.h"

// Potential victims, findings (C1) and duties under TVPA 107(c) (C3). Nothing
// here sends. Each function is one rpc of DojService, whose errors it has.
//
// Single-threaded: the transaction.

namespace waystation::doj {

// Checks that the officer acts for the officer's own unit.
// Errors: PERMISSION_DENIED (UNIT_NOT_OWN).
absl::Status CheckOwnUnit(const agency::Officer& officer, std::string_view unit);

absl::Status OpenIntake(const agency::Officer& officer, const v1::OpenIntakeRequest& request,
                        const RandomSource& random, agency::Tx& tx,
                        v1::OpenIntakeResponse& response);

absl::Status RecordFinding(const agency::Officer& officer, const v1::RecordFindingRequest& request,
                           const RandomSource& random, agency::Tx& tx,
                           v1::RecordFindingResponse& response);

absl::Status RecordDuty(const agency::Officer& officer, const v1::RecordDutyRequest& request,
                        agency::Tx& tx, v1::RecordDutyResponse& response);

absl::Status GetIntake(const v1::GetIntakeRequest& request, agency::Tx& tx,
                       v1::GetIntakeResponse& response);

absl::Status ListIntakes(const v1::ListIntakesRequest& request, agency::Tx& tx,
                         v1::ListIntakesResponse& response);

}  // namespace waystation::doj

#endif  // WAYSTATION_SERVICES_DOJ_INTAKES_H_
