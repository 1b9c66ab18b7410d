#ifndef WAYSTATION_COMMON_CASEWORK_SHOW_H_
#define WAYSTATION_COMMON_CASEWORK_SHOW_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/case.h"
#include "common/agency/officers.h"
#include "common/casework/procedures.h"
#include "common/casework/record.pb.h"
#include "waystation/casework/v1/casework.pb.h"

// A referral as one officer sees it. Thread-safe functions.

namespace waystation::casework {

// Unit of ours that has the referral.
inline const std::string& OurUnit(const v1::Referral& referral) {
  return referral.role() == v1::ROLE_TARGET ? referral.to_unit() : referral.from_unit();
}

// Whether the officer sees its content now: by need, or by broken glass.
absl::StatusOr<bool> SeesContent(const Procedures& procedures, const agency::Officer& officer,
                                 const v1::Referral& referral, agency::Tx& tx);

// State, version and due time from the runtime, the rules that stand against it,
// how onward referrals stand, who read it past need; and no content for whom it is withheld from.
absl::StatusOr<v1::Referral> Show(const Procedures& procedures, const agency::Officer& officer,
                                  const record::StoredReferral& stored, agency::Tx& tx);

// The same without content, for lists.
absl::StatusOr<v1::Referral> ShowInList(const record::StoredReferral& stored, agency::Tx& tx);

}  // namespace waystation::casework

#endif  // WAYSTATION_COMMON_CASEWORK_SHOW_H_
