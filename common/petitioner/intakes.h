#ifndef WAYSTATION_COMMON_PETITIONER_INTAKES_H_
#define WAYSTATION_COMMON_PETITIONER_INTAKES_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/petitioner/petitioner.h"

// Potential victims, findings (C1) and duties under TVPA 107(c) (C3). Nothing
// here sends, but for what the auditor hears of duties. Each function is one rpc of DojService,
// whose errors it has.
//
// Single-threaded: the transaction.

namespace waystation::petitioner {

// Checks that the officer acts for the officer's own unit.
// Errors: PERMISSION_DENIED (UNIT_NOT_OWN).
absl::Status CheckOwnUnit(const Petitioner& petitioner, const agency::Officer& officer,
                          std::string_view unit);

// The person's intake, without findings and duties.
// Errors: NOT_FOUND (PERSON_UNKNOWN) none that the officer sees.
absl::StatusOr<v1::Intake> SeenIntake(const Petitioner& petitioner, const agency::Officer& officer,
                                      std::string_view person, agency::Tx& tx);

absl::Status OpenIntake(const Petitioner& petitioner, const agency::Officer& officer,
                        const v1::OpenIntakeRequest& request, agency::Tx& tx,
                        v1::OpenIntakeResponse& response);

absl::Status RecordFinding(const Petitioner& petitioner, const agency::Officer& officer,
                           const v1::RecordFindingRequest& request, agency::Tx& tx,
                           v1::RecordFindingResponse& response);

absl::Status RecordDuty(const Petitioner& petitioner, const agency::Officer& officer,
                        const v1::RecordDutyRequest& request, agency::Tx& tx,
                        v1::RecordDutyResponse& response);

absl::Status GetIntake(const Petitioner& petitioner, const agency::Officer& officer,
                       const v1::GetIntakeRequest& request, agency::Tx& tx,
                       v1::GetIntakeResponse& response);

absl::Status ListIntakes(const Petitioner& petitioner, const agency::Officer& officer,
                         const v1::ListIntakesRequest& request, agency::Tx& tx,
                         v1::ListIntakesResponse& response);

}  // namespace waystation::petitioner

#endif  // WAYSTATION_COMMON_PETITIONER_INTAKES_H_
