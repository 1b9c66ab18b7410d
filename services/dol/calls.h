#ifndef WAYSTATION_SERVICES_DOL_CALLS_H_
#define WAYSTATION_SERVICES_DOL_CALLS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/ids/random.h"
#include "waystation/dol/v1/dol_service.pb.h"

// The complaint line's own records: each function is one rpc of DolService, whose
// errors it has. Single-threaded: the transaction.

namespace waystation::dol {

absl::Status RecordCall(const agency::Officer& officer, const v1::RecordCallRequest& request,
                        const RandomSource& random, agency::Tx& tx,
                        v1::RecordCallResponse& response);
absl::Status SetSafeContact(const agency::Officer& officer,
                            const v1::SetSafeContactRequest& request, agency::Tx& tx,
                            v1::SetSafeContactResponse& response);
absl::Status RecordCallBack(const agency::Officer& officer,
                            const v1::RecordCallBackRequest& request, agency::Tx& tx,
                            v1::RecordCallBackResponse& response);
absl::Status LinkCalls(const agency::Officer& officer, const v1::LinkCallsRequest& request,
                       agency::Tx& tx, v1::LinkCallsResponse& response);
absl::Status CloseCall(const agency::Officer& officer, const v1::CloseCallRequest& request,
                       agency::Tx& tx, v1::CloseCallResponse& response);
absl::Status GetCall(const agency::Officer& officer, const v1::GetCallRequest& request,
                     agency::Tx& tx, v1::GetCallResponse& response);
absl::Status ListCalls(const agency::Officer& officer, const v1::ListCallsRequest& request,
                       agency::Tx& tx, v1::ListCallsResponse& response);

// The referrals of a call whose end nobody has read yet. Errors: as GetCall.
absl::StatusOr<std::vector<std::string>> UnreadEnds(const agency::Officer& officer,
                                                    std::string_view call_id, agency::Tx& tx);

// Errors: PERMISSION_DENIED (UNIT_NOT_OWN) the officer is not of the line.
absl::Status CheckLine(const agency::Officer& officer);

// Refuses what a call that was passed on may not do any more: FAILED_PRECONDITION
// (CALL_ALREADY_REFERRED), naming the referral.
absl::Status AlreadyReferred(std::string_view call_id, std::string_view referral_id,
                             std::string_view want);

}  // namespace waystation::dol

#endif  // WAYSTATION_SERVICES_DOL_CALLS_H_
