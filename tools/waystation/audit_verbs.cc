#include "tools/waystation/verbs.h"

namespace waystation::cli {

void AddAuditVerbs(CLI::App& app, Chosen& chosen) {
  CLI::App& noun = AddNoun(app, "audit", "The whole record, and whether anybody edited it");
  AddAuditFindingVerbs(noun, chosen);
  AddAuditVerifyVerb(noun, chosen);
  AddAuditMetricsVerb(noun, chosen);
}

}  // namespace waystation::cli
