#ifndef WAYSTATION_COMMON_PETITIONER_PETITIONS_H_
#define WAYSTATION_COMMON_PETITIONER_PETITIONS_H_

#include <string_view>

#include "absl/status/status.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/petitioner/petitioner.h"

// Petitions for continued presence (C4), as the petitioner's side has them: what
// is asked, what INS answered, and where the referral stands. Each function is
// one rpc of DojService, whose errors it has.
//
// This side only warns. Whether a unit may petition is the receiver's decision,
// because the receiver answers for it; a sender that refused by itself would be
// the only one to know why.
//
// Single-threaded: the transaction.

namespace waystation::petitioner {

inline constexpr std::string_view kDefaultToUnit = "ins/vermont-service-center";

absl::Status FilePetition(const Petitioner& petitioner, const agency::Officer& officer,
                          const v1::FilePetitionRequest& request, agency::Tx& tx,
                          v1::FilePetitionResponse& response);

absl::Status RequestRenewal(const Petitioner& petitioner, const agency::Officer& officer,
                            const v1::RequestRenewalRequest& request, agency::Tx& tx,
                            v1::RequestRenewalResponse& response);

// Cancels while INS has not received it, else asks INS to: the referral should
// have been refreshed before.
absl::Status CancelPetition(const Petitioner& petitioner, const agency::Officer& officer,
                            const v1::CancelPetitionRequest& request, agency::Tx& tx,
                            v1::CancelPetitionResponse& response);

absl::Status GetPetition(const Petitioner& petitioner, const agency::Officer& officer,
                         const v1::GetPetitionRequest& request, agency::Tx& tx,
                         v1::GetPetitionResponse& response);

// Whether this read is the one by which the petitioning unit learns how a petition
// ended: then it leaves the inbox.
bool IsFirstReading(const agency::Officer& officer, const v1::Petition& petition, agency::Tx& tx);

absl::Status ListPetitions(const Petitioner& petitioner, const agency::Officer& officer,
                           const v1::ListPetitionsRequest& request, agency::Tx& tx,
                           v1::ListPetitionsResponse& response);

}  // namespace waystation::petitioner

#endif  // WAYSTATION_COMMON_PETITIONER_PETITIONS_H_
