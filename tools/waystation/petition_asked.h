#ifndef WAYSTATION_TOOLS_WAYSTATION_PETITION_ASKED_H_
#define WAYSTATION_TOOLS_WAYSTATION_PETITION_ASKED_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/session.h"
#include "waystation/doj/v1/doj_service.pb.h"
#include "waystation/types/v1/referral.pb.h"

// Petitions for continued presence of an agency that makes no findings, e.g. HHS: it
// may ask, as casework, and INS returns it with the citation.
// Single-threaded: the command.

namespace waystation::cli {

// Asks INS, and shows the referral. No finding and no age go along: there is no
// finding, and the law bars the petition whatever the age.
// Errors: FAILED_PRECONDITION (WARNINGS_NOT_ACKNOWLEDGED); of OpenReferral.
absl::Status FileAsCasework(Session& session, Officer& officer,
                            const doj::v1::FilePetitionRequest& asked);

absl::Status ListAsCasework(Session& session, Officer& officer,
                            const std::vector<types::v1::ReferralState>& states);

// Errors: NOT_FOUND a referral of another kind.
absl::Status ShowAsCasework(Session& session, Officer& officer, const std::string& referral_id);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_PETITION_ASKED_H_
