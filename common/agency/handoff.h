#ifndef WAYSTATION_COMMON_AGENCY_HANDOFF_H_
#define WAYSTATION_COMMON_AGENCY_HANDOFF_H_

#include <string_view>

#include "waystation/types/v1/referral.pb.h"

// How an agency follows a referral. The bus decides what is allowed; these
// functions tell an officer beforehand and keep the agency's own copy in step.
// Thread-safe functions.

namespace waystation::agency {

// Where a referral stands. `former` is the state before CANCEL_ASKED.
struct Standing {
  types::v1::ReferralState state = types::v1::REFERRAL_STATE_UNSPECIFIED;
  types::v1::ReferralState former = types::v1::REFERRAL_STATE_UNSPECIFIED;
};

// Whether the requester or target may take this step from `state`.
bool MayStep(types::v1::ReferralState state, types::v1::Transition transition, bool by_target);

// Where a step that the bus has accepted leads. It does not ask whether the step
// may be taken: the agency's copy may lag behind what the bus accepted.
Standing After(Standing from, types::v1::Transition transition);

bool IsFinal(types::v1::ReferralState state);

// "taken-up", "ask to cancel"; for refusals and the inbox.
std::string_view StateName(types::v1::ReferralState state);
std::string_view StepName(types::v1::Transition transition);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_HANDOFF_H_
