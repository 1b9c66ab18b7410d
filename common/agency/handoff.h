#ifndef WAYSTATION_COMMON_AGENCY_HANDOFF_H_
#define WAYSTATION_COMMON_AGENCY_HANDOFF_H_

#include <string_view>

#include "common/referral/table.h"
#include "waystation/types/v1/referral.pb.h"

// The referral table in the terms of an agency, which knows the message's
// transition and whether it is the target. The bus decides what is allowed;
// these functions tell an officer beforehand and keep the agency's own copy in
// step. Thread-safe functions.

namespace waystation::agency {

using referral::IsFinal;
using referral::Standing;
using referral::StateName;

// Whether the requester or target may take this step from `state`.
bool MayStep(types::v1::ReferralState state, types::v1::Transition transition, bool by_target);

// Where a step that the bus has accepted leads. It does not ask whether the step
// may be taken: the agency's copy may lag behind what the bus accepted.
Standing After(Standing from, types::v1::Transition transition);

// "ask to cancel"; for refusals and the inbox.
std::string_view StepName(types::v1::Transition transition);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_HANDOFF_H_
