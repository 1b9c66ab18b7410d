#ifndef WAYSTATION_TOOLS_WAYSTATION_CASE_DESK_H_
#define WAYSTATION_TOOLS_WAYSTATION_CASE_DESK_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/session.h"
#include "waystation/casework/v1/casework.grpc.pb.h"

// What officers do with a referral, whatever its procedure. Petitions for
// continued presence are no casework at DOJ, DOS and INS, which have them in APIs
// of their own.
// Single-threaded: the command.

namespace waystation::cli {

// A referral as one officer's agency has it.
struct CaseAtDesk {
  Officer officer;
  casework::v1::Referral referral;
};

// The referral, seen by the officer `as`, or without one by the first of
// `agency`. None when DOJ, DOS or INS does not know it as casework: then it is a
// petition. Says who acts when it is found. Errors: of Officer::Of and GetReferral.
absl::StatusOr<std::optional<CaseAtDesk>> FindCase(const Session& session, std::string_view agency,
                                                   const std::string& as,
                                                   const std::string& referral_id);

// The same where nothing but casework will do. Errors: also NOT_FOUND.
absl::StatusOr<CaseAtDesk> CaseOf(const Session& session, const std::string& as,
                                  const std::string& referral);

// Shows a referral as it is after a change.
void ShowCase(Session& session, const casework::v1::Referral& referral);

// Takes a step on the referral that is at the desk, and shows it. Fills what
// every step has.
absl::Status StepCase(Session& session, CaseAtDesk& desk, const std::string& request_id,
                      casework::v1::StepReferralRequest request);

// Takes the step on `referral` when it is casework, as FindCase says; false when
// it is a petition, and nothing is done.
absl::StatusOr<bool> TryStepCase(Session& session, std::string_view agency, const std::string& as,
                                 const std::string& referral, const std::string& request_id,
                                 const casework::v1::StepReferralRequest& request);

// Words for the next command after a refused call; `procedure` is the one whose
// body the call carried.
absl::Status ExplainCase(absl::Status status, const std::string& request_id,
                         std::string_view procedure = {});

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_CASE_DESK_H_
