#ifndef WAYSTATION_COMMON_STATUTE_CITATION_H_
#define WAYSTATION_COMMON_STATUTE_CITATION_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"

// How the law is written down here: a rule has an id, the machine reason of its refusal and a
// citation that says since when it holds. All law is that of fiscal year 2002; no later amendment.
//
//   return Refuse(kOnlyFederalLawEnforcementPetitions, "continued presence",
//                 "unit may not petition", Quoted(unit), "a federal law enforcement agency");
//
// Rules are constants with static storage. Thread-safe.

namespace waystation::statute {

// What a rule rests on. `source` is where the text was published; "policy" there means an
// interagency policy that the operator may replace, not law.
struct Citation {
  std::string_view section;
  std::string_view text;
  std::string_view source;
  absl::CivilDay effective_from;
};

struct Rule {
  std::string_view id;      // stable, e.g. "C4.1"
  std::string_view reason;  // UPPER_SNAKE, as in google.rpc.ErrorInfo
  Citation citation;
};

inline constexpr std::string_view kActSource = "Pub. L. 106-386, division A, 114 Stat. 1464";
inline constexpr std::string_view kPart1100Source = "66 FR 38514, July 24, 2001";
inline constexpr std::string_view kTitle8Source = "8 CFR, revised as of January 1, 2002";
inline constexpr std::string_view kPolicySource = "policy";

inline constexpr absl::CivilDay kActEffective{2000, 10, 28};
inline constexpr absl::CivilDay kPart1100Effective{2001, 8, 23};
// The paragraphs cited are older than the Act; no presence under the Act can be.
inline constexpr absl::CivilDay kTitle8Effective = kActEffective;
inline constexpr absl::CivilDay kPolicyEffective{2001, 10, 1};

// Returns the refusal that `rule` gives: its reason, the standard error text, and the section in
// brackets at the end. FAILED_PRECONDITION, because the law judges the state of a case; a malformed
// field never comes this far.
absl::Status Refuse(const Rule& rule, std::string_view thing, std::string_view problem,
                    std::string_view got, std::string_view want);

// Tells whether `rule` holds on `day`.
bool InForce(const Rule& rule, absl::CivilDay day);

// A rule that a case breaks, and the refusal to print.
struct Broken {
  const Rule* rule;
  absl::Status status;
};

}  // namespace waystation::statute

#endif  // WAYSTATION_COMMON_STATUTE_CITATION_H_
