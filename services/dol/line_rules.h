#ifndef WAYSTATION_SERVICES_DOL_LINE_RULES_H_
#define WAYSTATION_SERVICES_DOL_LINE_RULES_H_

#include <string_view>

#include "absl/time/time.h"
#include "common/statute/citation.h"

// The rules of the complaint line (C11, C15). All are policy: the Act knows the line only by its
// purpose. POLICY-CL-2 is the time to answer a complaint (common/procedures/doj.h). Constants.
// Thread-safe.

namespace waystation::dol {

inline constexpr std::string_view kComplaintLine = "dol/complaint-line";

inline constexpr statute::Rule kNoCallerId{
    "C11.1",
    "CALLER_ID_NOT_ALLOWED",
    {"POLICY-CL-1", "A call's record holds no name and no caller id.", statute::kPolicySource,
     statute::kPolicyEffective}};

inline constexpr statute::Rule kSafeContactNeeded{
    "C11.3",
    "SAFE_CONTACT_MISSING",
    {"POLICY-CL-3",
     "Nobody is called back before a safe-contact plan says how, when, and what to do when "
     "somebody else answers.",
     statute::kPolicySource, statute::kPolicyEffective}};

inline constexpr statute::Rule kEmergencyNeedsDanger{
    "C11.4",
    "EMERGENCY_NOT_RECORDED",
    {"POLICY-CL-4",
     "A call in which somebody is in danger now may be passed on without consent, for an answer "
     "within two hours; no other call may.",
     statute::kPolicySource, statute::kPolicyEffective}};

inline constexpr statute::Rule kLinkAgreed{
    "C11.5",
    "LINK_NOT_AGREED",
    {"POLICY-CL-5", "Two calls are linked only when the caller agrees.", statute::kPolicySource,
     statute::kPolicyEffective}};

inline constexpr statute::Rule kReferredOnce{
    "C11.6",
    "CALL_ALREADY_REFERRED",
    {"POLICY-CL-6",
     "A call is passed on once to each agency, from its own record, and keeps the handle under "
     "which it went.",
     statute::kPolicySource, statute::kPolicyEffective}};

inline constexpr statute::Rule kReferredFromRecord{
    "C11.7",
    "CALL_RECORD_NEEDED",
    {"POLICY-CL-6", "A complaint leaves by the record of its call.", statute::kPolicySource,
     statute::kPolicyEffective}};

inline constexpr statute::Rule kChildDoor{
    "C15.2",
    "NOT_A_CHILD",
    {"POLICY-CL-7",
     "A child, or a person of unknown age, is referred to HHS without law enforcement; an adult is "
     "served without a referral of this kind.",
     statute::kPolicySource, statute::kPolicyEffective}};

// POLICY-CL-4.
inline constexpr absl::Duration kDangerAnswerWithin = absl::Hours(2);
inline constexpr absl::Duration kEmergencyLasts = absl::Hours(24);
inline constexpr std::string_view kDoNow[] = {
    "Stay on the line. Ask whether it is safe to speak, and what may be said aloud.",
    "Have the caller dial the local emergency number, 911; when the caller cannot, ask where help "
    "is to go and call it yourself. The place goes to the dispatcher, never into this record.",
    "Reach the federal agent on call for doj/worker-exploitation by telephone.",
    "Refer this call on the emergency basis: an answer is due in two hours (POLICY-CL-4).",
};

}  // namespace waystation::dol

#endif  // WAYSTATION_SERVICES_DOL_LINE_RULES_H_
