#ifndef WAYSTATION_COMMON_STATUTE_BREAK_GLASS_H_
#define WAYSTATION_COMMON_STATUTE_BREAK_GLASS_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/statute/citation.h"

// Break-glass: how an officer reads past the own need. Who is denied a content by
// a rule of its own (policy CP-4, POLICY-IR-2) is denied it by break-glass too.
//
//   WS_RETURN_IF_ERROR(CheckGlassTime(absl::Minutes(30)));
//
// Pure functions. Thread-safe.

namespace waystation::statute {

// For how long one act opens a content.
inline constexpr absl::Duration kGlassLeast = absl::Seconds(1);
inline constexpr absl::Duration kGlassMost = absl::Hours(1);

inline constexpr Rule kGlassTime{
    "BG.1",
    "GLASS_TIME_OUTSIDE",
    {"POLICY-BG-1",
     "Reading past one's need takes a reason, ends within an hour, and is told to the owner at "
     "once.",
     kPolicySource, kPolicyEffective}};

inline constexpr Rule kGlassNoticeFromHolder{
    "BG.2",
    "GLASS_NOTICE_NOT_FROM_HOLDER",
    {"POLICY-BG-2", "An agency tells of what was read at it, not at others.", kPolicySource,
     kPolicyEffective}};

// Checks for how long a content is to be open.
// Errors: FAILED_PRECONDITION with GLASS_TIME_OUTSIDE.
absl::Status CheckGlassTime(absl::Duration asked);

}  // namespace waystation::statute

#endif  // WAYSTATION_COMMON_STATUTE_BREAK_GLASS_H_
