#ifndef WAYSTATION_COMMON_STATUTE_CONSENT_RULES_H_
#define WAYSTATION_COMMON_STATUTE_CONSENT_RULES_H_

#include "common/statute/citation.h"

// What may be disclosed under a person's consent. All are policy: the Act asks that names be
// withheld, and leaves to the agencies how a person agrees to more. Constants. Thread-safe.

namespace waystation::statute {

inline constexpr Rule kConsentInForce{
    "CN.1",
    "CONSENT_ENDED",
    {"POLICY-CN-1", "Nothing is disclosed under a consent that was withdrawn or has lapsed.",
     kPolicySource, kPolicyEffective}};

inline constexpr Rule kConsentCovers{
    "CN.2",
    "CONSENT_NOT_COVERING",
    {"POLICY-CN-2",
     "A consent opens what concerns its person, for the purposes and to the agencies that it "
     "names, and nothing else.",
     kPolicySource, kPolicyEffective}};

inline constexpr Rule kConsentOnlyNarrows{
    "CN.3",
    "CONSENT_WIDENED",
    {"POLICY-CN-3", "A consent is changed only to less; for more the person is asked again.",
     kPolicySource, kPolicyEffective}};

}  // namespace waystation::statute

#endif  // WAYSTATION_COMMON_STATUTE_CONSENT_RULES_H_
