#include "tools/waystation/audit_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using audit::v1::Finding;
using audit::v1::FindingClosing;
using audit::v1::FindingResponse;

constexpr int kSequencesShown = 20;

bool IsOpen(const Finding& finding) { return finding.state() == audit::v1::FINDING_STATE_OPEN; }

std::string PartyWords(const Finding& finding) {
  std::vector<std::string> names;
  for (const std::string& party : finding.parties()) names.push_back(ShortIdentity(party));
  return absl::StrJoin(names, ", ");
}

std::string ProofWords(const Finding& finding) {
  std::string words;
  for (int i = 0; i < finding.sequences_size() && i < kSequencesShown; ++i) {
    absl::StrAppend(&words, i == 0 ? "" : ", ", finding.sequences(i));
  }
  if (finding.sequence_count() > kSequencesShown) {
    absl::StrAppend(&words, ", ... ", finding.sequence_count(), " in all");
  }
  return words;
}

std::string ClosingWords(const FindingClosing& closing) {
  const std::string by =
      closing.closed_by().empty() ? "the record" : ShortIdentity(closing.closed_by());
  return absl::StrCat(TimeText(closing.time()), ", by ", by, ": ", closing.reason());
}

std::string ResponseWords(const FindingResponse& response) {
  return absl::StrCat(TimeText(response.time()), ", ", ShortIdentity(response.responder()), ": ",
                      response.text());
}

Cell ActByCell(const Finding& finding, absl::Time now) {
  if (!IsOpen(finding)) return "";
  const bool late = FromProto(finding.act_by_time()) < now;
  return {TimeText(finding.act_by_time()), late ? Tone::kBad : Tone::kPlain};
}

}  // namespace

Tone AuditFindingTone(const Finding& finding) {
  if (!IsOpen(finding)) return Tone::kQuiet;
  return finding.severity() >= audit::v1::SEVERITY_HIGH ? Tone::kBad : Tone::kPlain;
}

std::vector<std::pair<std::string, Cell>> AuditFindingFields(const Finding& finding,
                                                             absl::Time now) {
  std::vector<std::pair<std::string, Cell>> fields = {
      {"finding", finding.finding_id()},
      {"rule", absl::StrCat(finding.rule_id(), ": ", finding.title())},
      {"citation", finding.citation()},
      {"severity", Cell(Words(finding.severity()), AuditFindingTone(finding))},
      {"state", Words(finding.state())},
      {"detail", finding.detail()},
      {"parties", PartyWords(finding)}};
  if (!finding.referral_id().empty()) {
    fields.push_back({"referral", FormatReferralId(finding.referral_id())});
  }
  fields.push_back({"records", ProofWords(finding)});
  fields.push_back({"opened", TimeText(finding.opened_time())});
  if (IsOpen(finding)) fields.push_back({"act by", ActByCell(finding, now)});
  for (const FindingResponse& response : finding.responses()) {
    fields.push_back({Words(response.kind()), ResponseWords(response)});
  }
  for (const FindingClosing& closing : finding.former_closings()) {
    fields.push_back({"closed before", ClosingWords(closing)});
  }
  if (finding.has_closing()) fields.push_back({"closed", ClosingWords(finding.closing())});
  return fields;
}

Table AuditFindingTable(const std::vector<Finding>& findings, absl::Time now) {
  Table table{{"FINDING", "RULE", "SEVERITY", "STATE", "PARTIES", "OPENED", "ACT BY", "WHAT"}, {}};
  for (const Finding& finding : findings) {
    table.rows.push_back({finding.finding_id(), finding.rule_id(),
                          Cell(Words(finding.severity()), AuditFindingTone(finding)),
                          Words(finding.state()), PartyWords(finding),
                          TimeText(finding.opened_time()), ActByCell(finding, now),
                          finding.detail()});
  }
  return table;
}

std::string AuditFindingLine(const Finding& finding) {
  std::string line = absl::StrCat(TimeText(finding.changed_time()), "  ", finding.finding_id(),
                                  "  ", Words(finding.state()), "  ", Words(finding.severity()),
                                  "  ", finding.rule_id(), "  ", PartyWords(finding));
  if (finding.has_closing()) {
    absl::StrAppend(&line, "  ", finding.closing().reason());
  } else if (finding.responses().empty()) {
    absl::StrAppend(&line, "  ", finding.detail());
  } else {
    const FindingResponse& last = *finding.responses().rbegin();
    absl::StrAppend(&line, "  ", Words(last.kind()), ": ", last.text());
  }
  return line;
}

std::string AuditFindingWords(const Finding& finding) {
  return absl::StrCat(finding.title(), " (", Words(finding.severity()), "): ", PartyWords(finding),
                      "; act by ", TimeText(finding.act_by_time()));
}

std::string AuditClosingWords(const Finding& finding) {
  // Opened by the auditor's clock, ended by the broker's.
  const absl::Duration open = std::max(
      FromProto(finding.closing().time()) - FromProto(finding.opened_time()), absl::ZeroDuration());
  return absl::StrCat("open for ", absl::FormatDuration(absl::Trunc(open, absl::Milliseconds(1))),
                      "; ", finding.closing().reason());
}

}  // namespace waystation::cli
