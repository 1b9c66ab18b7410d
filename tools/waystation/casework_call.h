#ifndef WAYSTATION_TOOLS_WAYSTATION_CASEWORK_CALL_H_
#define WAYSTATION_TOOLS_WAYSTATION_CASEWORK_CALL_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "tools/waystation/case_desk.h"
#include "tools/waystation/officer.h"
#include "waystation/casework/v1/casework.pb.h"

// Calls of CaseworkService that verbs of one procedure make with a typed body.
// Single-threaded: the command.

namespace waystation::cli {

// The referral as an officer of `unit` has it, or of `as`.
// Errors: usage; of Officer::AtUnit and GetReferral.
absl::StatusOr<CaseAtDesk> CaseAtUnit(const Session& session, std::string_view unit,
                                      const std::string& as, const std::string& referral);

// Opens a referral as the request says, and shows it.
absl::Status OpenAndShow(Session& session, Officer& officer,
                         const casework::v1::OpenReferralRequest& request);

// Every referral that the request asks for, page after page. Errors: of
// ListReferrals.
absl::StatusOr<std::vector<casework::v1::Referral>> AllReferrals(
    Officer& officer, casework::v1::ListReferralsRequest request);

// Opens a referral from the officer's unit under a consent, and shows it.
absl::Status ReferUnderConsent(Session& session, Officer& officer,
                               casework::v1::OpenReferralRequest request,
                               const std::string& consent_id,
                               const google::protobuf::Message& body);

// Answers the referral that is at the desk, and shows it.
absl::Status AnswerCase(Session& session, CaseAtDesk& desk, const std::string& request_id,
                        const google::protobuf::Message& body);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_CASEWORK_CALL_H_
