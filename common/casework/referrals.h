#ifndef WAYSTATION_COMMON_CASEWORK_REFERRALS_H_
#define WAYSTATION_COMMON_CASEWORK_REFERRALS_H_

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/casework/procedures.h"
#include "common/ids/random.h"
#include "waystation/casework/v1/casework.pb.h"

// What officers do with referrals: each function is one rpc of CaseworkService,
// whose errors it has. Single-threaded: the transaction.

namespace waystation::casework {

// Whether the reading officer learns of referrals that a unit of ours has.
// Errors: PERMISSION_DENIED.
using Sees = std::function<absl::Status(const std::string& unit)>;

absl::Status OpenReferral(const Procedures& procedures, const agency::Officer& officer,
                          const v1::OpenReferralRequest& request, agency::Tx& tx,
                          v1::OpenReferralResponse& response);
absl::Status GetReferral(const Procedures& procedures, const agency::Officer& officer,
                         const v1::GetReferralRequest& request, agency::Tx& tx,
                         v1::GetReferralResponse& response);
absl::Status ListReferrals(const Sees& sees, const v1::ListReferralsRequest& request,
                           agency::Tx& tx, v1::ListReferralsResponse& response);
absl::Status ListInbox(const Procedures& procedures, const Sees& sees,
                       const v1::ListInboxRequest& request, agency::Tx& tx,
                       v1::ListInboxResponse& response);
absl::Status StepReferral(const Procedures& procedures, const agency::Officer& officer,
                          const v1::StepReferralRequest& request, agency::Tx& tx,
                          v1::StepReferralResponse& response);
absl::Status ProposeAnswer(const Procedures& procedures, const agency::Officer& officer,
                           const v1::ProposeAnswerRequest& request, const RandomSource& random,
                           agency::Tx& tx, v1::ProposeAnswerResponse& response);
absl::Status ConfirmAnswer(const Procedures& procedures, const agency::Officer& officer,
                           const v1::ConfirmAnswerRequest& request, agency::Tx& tx,
                           v1::ConfirmAnswerResponse& response);
absl::Status ForwardReferral(const Procedures& procedures, const agency::Officer& officer,
                             const v1::ForwardReferralRequest& request, agency::Tx& tx,
                             v1::ForwardReferralResponse& response);

// Checks that a unit is the officer's own. Errors: PERMISSION_DENIED (UNIT_NOT_OWN).
absl::Status CheckOwnUnit(const agency::Officer& officer, std::string_view unit);

// Whether the officer's unit sees the content of a referral of ours by its need.
bool MaySeeContent(const Procedures& procedures, const agency::Officer& officer,
                   const v1::Referral& referral);

// Whether the reading officer learns by it how a referral of the officer's unit
// ended, or who read it past need: then it leaves the inbox.
bool IsFirstReading(const agency::Officer& officer, const v1::Referral& referral, agency::Tx& tx);

// Takes it out of the inbox after that reading.
absl::Status TakeAsRead(std::string_view referral_id, agency::Tx& tx);

}  // namespace waystation::casework

#endif  // WAYSTATION_COMMON_CASEWORK_REFERRALS_H_
