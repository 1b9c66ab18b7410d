#ifndef WAYSTATION_COMMON_CASEWORK_HISTORY_H_
#define WAYSTATION_COMMON_CASEWORK_HISTORY_H_

#include "absl/status/status.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/casework/procedures.h"
#include "common/casework/record.pb.h"
#include "waystation/casework/v1/casework.pb.h"

namespace waystation::casework {

// What an agency adds of its own books to a referral's evidence: onward hops,
// that they were answered and no more; and to those who see the content, who read
// it past need. Single-threaded: the transaction.
absl::Status FillHistory(const Procedures& procedures, const agency::Officer& officer,
                         const record::StoredReferral& stored, agency::Tx& tx,
                         v1::GetHistoryResponse& response);

}  // namespace waystation::casework

#endif  // WAYSTATION_COMMON_CASEWORK_HISTORY_H_
