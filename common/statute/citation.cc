#include "common/statute/citation.h"

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace waystation::statute {

absl::Status Refuse(const Rule& rule, std::string_view thing, std::string_view problem,
                    std::string_view got, std::string_view want) {
  return Refusal(
      absl::StatusCode::kFailedPrecondition, rule.reason,
      absl::StrCat(Problem(thing, problem, got, want), " (", Absl(rule.citation.section), ")"));
}

bool InForce(const Rule& rule, absl::CivilDay day) { return day >= rule.citation.effective_from; }

}  // namespace waystation::statute
