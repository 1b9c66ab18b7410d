#ifndef WAYSTATION_COMMON_CASEWORK_GLASS_NOTICES_H_
#define WAYSTATION_COMMON_CASEWORK_GLASS_NOTICES_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/case.h"
#include "common/casework/procedure.h"
#include "common/casework/record.pb.h"
#include "waystation/referral/v1/break_glass.pb.h"

// How the owners of a content learn that somebody read it past need: the unit
// that has the referral here, and the other agency. Part of the transaction.

namespace waystation::casework {

// Every agency's part in the notices: what another agency tells is filed, put
// into the inbox of the unit that has the referral, and answered by rule.
std::unique_ptr<Procedure> MakeGlassNotices();

// Files what an officer of ours did on `stored` and tells both owners. `notices`
// is the procedure above. Errors: as SendAsk; then nobody may be shown anything.
absl::Status TellOwners(const Procedure& notices, const record::StoredReferral& stored,
                        const referral::v1::BreakGlass& glass, agency::Tx& tx);

}  // namespace waystation::casework

#endif  // WAYSTATION_COMMON_CASEWORK_GLASS_NOTICES_H_
