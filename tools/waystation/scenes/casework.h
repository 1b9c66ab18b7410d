#ifndef WAYSTATION_TOOLS_WAYSTATION_SCENES_CASEWORK_H_
#define WAYSTATION_TOOLS_WAYSTATION_SCENES_CASEWORK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "tools/waystation/play.h"
#include "waystation/casework/v1/casework.pb.h"
#include "waystation/referral/v1/consent.pb.h"

// What officers of every agency do with referrals and consents, in a scene.
// A step reads the referral first and is taken on what it is then; when
// somebody was faster it is read and taken again.
// Single-threaded: the command.

namespace waystation::cli {

// The referral as the officer's agency has it. Errors: NOT_FOUND.
absl::StatusOr<casework::v1::Referral> ReadCase(Play& play, const std::string& staff_id,
                                                const std::string& referral_id);

// The same once it is in `state` there.
absl::StatusOr<casework::v1::Referral> AwaitCase(Play& play, const std::string& staff_id,
                                                 const std::string& referral_id,
                                                 types::v1::ReferralState state);

// Opens a referral from the officer's unit, and waits until the target has it.
// `request` holds to_unit, person and basis.
absl::StatusOr<casework::v1::Referral> OpenCase(Play& play, const std::string& staff_id,
                                                casework::v1::OpenReferralRequest request,
                                                const google::protobuf::Message& body);

// The start of such a request, under a consent.
casework::v1::OpenReferralRequest UnderConsent(const std::string& to_unit,
                                               const std::string& person,
                                               const std::string& consent_id);

// Takes one step; `step` holds the transition and what it wants.
absl::StatusOr<casework::v1::Referral> TakeStep(Play& play, const std::string& staff_id,
                                                const std::string& referral_id,
                                                casework::v1::StepReferralRequest step);
absl::StatusOr<casework::v1::Referral> TakeUpCase(Play& play, const std::string& staff_id,
                                                  const std::string& referral_id);

// Answers as the one official that the procedure wants.
absl::StatusOr<casework::v1::Referral> AnswerCaseWith(Play& play, const std::string& staff_id,
                                                      const std::string& referral_id,
                                                      const google::protobuf::Message& body);

// Forwards to a third agency, which has it on return; the child referral.
absl::StatusOr<casework::v1::Referral> ForwardCase(Play& play, const std::string& staff_id,
                                                   const std::string& referral_id,
                                                   const std::string& to_unit,
                                                   const google::protobuf::Message& body);

// Records what an adult agreed to, for `days`; returns the consent's id.
absl::StatusOr<std::string> RecordConsent(Play& play, const std::string& staff_id,
                                          const std::string& person,
                                          const std::vector<referral::v1::ConsentPurpose>& purposes,
                                          const std::vector<std::string>& agencies, int days);

// Ends a consent and tells every holder.
absl::StatusOr<casework::v1::ChangeConsentResponse> WithdrawConsent(Play& play,
                                                                    const std::string& staff_id,
                                                                    const std::string& consent_id,
                                                                    const std::string& reason);

// A consent and each holder's answer.
absl::StatusOr<casework::v1::GetConsentResponse> ReadConsent(Play& play,
                                                             const std::string& staff_id,
                                                             const std::string& consent_id);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_SCENES_CASEWORK_H_
