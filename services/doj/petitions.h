#ifndef WAYSTATION_SERVICES_DOJ_PETITIONS_H_
#define WAYSTATION_SERVICES_DOJ_PETITIONS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "waystation/doj/v1/doj_service.pb.h"

// Petitions for continued presence (C4), as the petitioner's side has them: what
// is asked, what INS answered, and where the referral stands. Each function is
// one rpc of DojService, whose errors it has.
//
// This side only warns. Whether a unit may petition is the receiver's decision,
// because the receiver answers for it; a sender that refused by itself would be
// the only one to know why.
//
// Single-threaded: the transaction.

namespace waystation::doj {

inline constexpr std::string_view kDefaultToUnit = "ins/vermont-service-center";

// When INS's next move is due. The Act sets no time; the policy version does.
struct DuePolicy {
  int business_days = 10;  // Monday to Friday; federal holidays count.
  std::string basis = "POLICY-CP-3 (2001-10-01)";
};

// The end of the `days`-th business day after `from`.
absl::Time AfterBusinessDays(absl::Time from, int days);

absl::Status FilePetition(const agency::Officer& officer, const v1::FilePetitionRequest& request,
                          const DuePolicy& policy, agency::Tx& tx,
                          v1::FilePetitionResponse& response);

absl::Status RequestRenewal(const agency::Officer& officer,
                            const v1::RequestRenewalRequest& request, const DuePolicy& policy,
                            agency::Tx& tx, v1::RequestRenewalResponse& response);

// Cancels while INS has not received it, else asks INS to: the referral should
// have been refreshed before.
absl::Status CancelPetition(const agency::Officer& officer,
                            const v1::CancelPetitionRequest& request, agency::Tx& tx,
                            v1::CancelPetitionResponse& response);

absl::Status GetPetition(const v1::GetPetitionRequest& request, agency::Tx& tx,
                         v1::GetPetitionResponse& response);

// Whether this read is the one by which the petitioning unit learns how a petition
// ended: then it leaves the inbox.
bool IsFirstReading(const agency::Officer& officer, const v1::Petition& petition, agency::Tx& tx);

absl::Status ListPetitions(const v1::ListPetitionsRequest& request, agency::Tx& tx,
                           v1::ListPetitionsResponse& response);

}  // namespace waystation::doj

#endif  // WAYSTATION_SERVICES_DOJ_PETITIONS_H_
