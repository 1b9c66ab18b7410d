#ifndef WAYSTATION_COMMON_CASEWORK_AUDIT_FINDINGS_H_
#define WAYSTATION_COMMON_CASEWORK_AUDIT_FINDINGS_H_

#include "absl/status/status.h"
#include "common/agency/case.h"
#include "common/casework/procedures.h"
#include "common/casework/referrals.h"
#include "waystation/casework/v1/casework.pb.h"

namespace waystation::casework {

// What the auditor told this agency and is still open, without what is about a
// referral of a unit that the officer does not see. It is the rpc of CaseworkService,
// whose errors it has. Single-threaded: the transaction.
absl::Status ListAuditFindings(const Procedures& procedures, const Sees& sees,
                               const v1::ListAuditFindingsRequest& request, agency::Tx& tx,
                               v1::ListAuditFindingsResponse& response);

}  // namespace waystation::casework

#endif  // WAYSTATION_COMMON_CASEWORK_AUDIT_FINDINGS_H_
