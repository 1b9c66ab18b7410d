#ifndef WAYSTATION_TOOLS_WAYSTATION_AUDIT_TEXT_H_
#define WAYSTATION_TOOLS_WAYSTATION_AUDIT_TEXT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tools/waystation/output.h"
#include "waystation/audit/v1/finding.pb.h"

// Findings of the auditor as the command prints them. Thread-safe functions.

namespace waystation::cli {

// One finding with its proof, what was said to it and how it ended.
std::vector<std::pair<std::string, Cell>> AuditFindingFields(const audit::v1::Finding& finding,
                                                             absl::Time now);

// A row for each.
Table AuditFindingTable(const std::vector<audit::v1::Finding>& findings, absl::Time now);

// What became of one, on one line: for a feed.
std::string AuditFindingLine(const audit::v1::Finding& finding);

// What it says, how much hangs on it, whose it is and by when somebody must act, on one
// line: "referral unanswered past its due time (high): agency/doj, agency/ins; act by ...".
std::string AuditFindingWords(const audit::v1::Finding& finding);

// How long a closed one was open, and why it ended: "open for 1.5s; ended by the record:
// answer".
std::string AuditClosingWords(const audit::v1::Finding& finding);

// How it is meant on a terminal.
Tone AuditFindingTone(const audit::v1::Finding& finding);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_AUDIT_TEXT_H_
