#ifndef WAYSTATION_COMMON_PROCEDURES_DOJ_H_
#define WAYSTATION_COMMON_PROCEDURES_DOJ_H_

#include <string_view>

#include "common/procedures/contract.h"

// What DOJ is asked. Contracts are constants. Thread-safe.

namespace waystation::procedures {

inline constexpr std::string_view kWorkerExploitation = "doj/worker-exploitation";
inline constexpr std::string_view kAttorneyGeneral = "doj/attorney-general";

// The complaint line passes a call on (C11), or DOS a post's report (C14):
// doj.v1.ComplaintReferral.
const Contract& Complaint();

// HHS consults the Attorney General (C8): doj.v1.Consultation.
const Contract& AttorneyGeneralConsultation();

}  // namespace waystation::procedures

#endif  // WAYSTATION_COMMON_PROCEDURES_DOJ_H_
