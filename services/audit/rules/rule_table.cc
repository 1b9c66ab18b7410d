#include "services/audit/rules/rule_table.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/config/text_proto.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

constexpr size_t kTitleBytesMax = 100;
constexpr size_t kCitationBytesMax = 200;
constexpr int64_t kActWithinMinS = 60;
constexpr int64_t kYearS = 31'536'000;
constexpr int64_t kDayS = 86'400;
constexpr int64_t kCountMax = 10'000;
constexpr int64_t kPercentMax = 99;

// Which numbers a rule has.
struct Form {
  std::string_view name;
  bool after = false;
  bool count = false;  // And within.
  bool percent = false;
};

constexpr std::array<Form, kRuleCount> kForms = {{
    {.name = "overdue"},
    {.name = "no-receipt", .after = true},
    {.name = "no-next-step", .after = true},
    {.name = "scope-unconfirmed", .after = true},
    {.name = "impossible-step"},
    {.name = "mismatched-step", .count = true},
    {.name = "content-changed"},
    {.name = "refused-attempts", .count = true},
    {.name = "dead-letter"},
    {.name = "journal-ahead", .after = true},
    {.name = "message-time", .after = true},
    {.name = "signature-compromised"},
    {.name = "cosigner-behind", .after = true},
    {.name = "log-missing", .after = true},
    {.name = "log-split"},
    {.name = "log-inconsistent"},
    {.name = "duty-missing", .after = true},
    {.name = "certification-missing", .after = true},
    {.name = "cap-near", .percent = true},
    {.name = "cap-reached"},
    {.name = "cap-exceeded"},
    {.name = "record-restored"},
}};

// SYNTHETIC: an operator's policies, no law. README.md says what each rests on.
constexpr std::string_view kDefault = R"pb(
  rules {
    id: "overdue"
    title: "referral unanswered past its due time"
    severity: SEVERITY_HIGH
    citation: "POLICY-AU-1 (2001-10-01, SYNTHETIC)"
    act_within_s: 86400
  }
  rules {
    id: "no-receipt"
    title: "message taken by its recipient without a delivery receipt"
    severity: SEVERITY_MODERATE
    citation: "POLICY-AU-2 (2001-10-01, SYNTHETIC)"
    act_within_s: 86400
    after_s: 3600
  }
  rules {
    id: "no-next-step"
    title: "referral received and no next step taken"
    severity: SEVERITY_HIGH
    citation: "POLICY-AU-3 (2001-10-01, SYNTHETIC)"
    act_within_s: 86400
    after_s: 259200
  }
  rules {
    id: "scope-unconfirmed"
    title: "change of scope unanswered by the holder"
    severity: SEVERITY_HIGH
    citation: "POLICY-AU-4 (2001-10-01, SYNTHETIC)"
    act_within_s: 86400
    after_s: 172800
  }
  rules {
    id: "impossible-step"
    title: "step on the record that the referral table does not have"
    severity: SEVERITY_CRITICAL
    citation: "POLICY-AU-5 (2001-10-01, SYNTHETIC)"
    act_within_s: 3600
  }
  rules {
    id: "mismatched-step"
    title: "refused steps that do not match the referral"
    severity: SEVERITY_MODERATE
    citation: "POLICY-AU-5 (2001-10-01, SYNTHETIC)"
    act_within_s: 172800
    count: 3
    within_s: 600
  }
  rules {
    id: "content-changed"
    title: "one message id with two contents"
    severity: SEVERITY_HIGH
    citation: "POLICY-AU-6 (2001-10-01, SYNTHETIC)"
    act_within_s: 86400
  }
  rules {
    id: "refused-attempts"
    title: "refused attempts to connect, call or sign"
    severity: SEVERITY_MODERATE
    citation: "POLICY-AU-7 (2001-10-01, SYNTHETIC)"
    act_within_s: 86400
    count: 10
    within_s: 300
  }
  rules {
    id: "dead-letter"
    title: "message set aside after its last attempt"
    severity: SEVERITY_HIGH
    citation: "POLICY-AU-8 (2001-10-01, SYNTHETIC)"
    act_within_s: 86400
  }
  rules {
    id: "journal-ahead"
    title: "journal time ahead of the auditor's clock"
    severity: SEVERITY_HIGH
    citation: "POLICY-AU-9 (2001-10-01, SYNTHETIC)"
    act_within_s: 86400
    after_s: 30
  }
  rules {
    id: "message-time"
    title: "message time far from its accept time"
    severity: SEVERITY_LOW
    citation: "POLICY-AU-9 (2001-10-01, SYNTHETIC)"
    act_within_s: 604800
    after_s: 604800
  }
  rules {
    id: "signature-compromised"
    title: "records signed with a certificate that was revoked later"
    severity: SEVERITY_CRITICAL
    citation: "POLICY-AU-10 (2001-10-01, SYNTHETIC)"
    act_within_s: 86400
  }
  rules {
    id: "cosigner-behind"
    title: "checkpoints without a cosignature of one cosigner"
    severity: SEVERITY_MODERATE
    citation: "POLICY-AU-11 (2001-10-01, SYNTHETIC)"
    act_within_s: 86400
    after_s: 60
  }
  rules {
    id: "log-missing"
    title: "broker that shows no audit log"
    severity: SEVERITY_HIGH
    citation: "POLICY-AU-11 (2001-10-01, SYNTHETIC)"
    act_within_s: 86400
    after_s: 60
  }
  rules {
    id: "log-split"
    title: "two checkpoints that cannot belong to one history"
    severity: SEVERITY_CRITICAL
    citation: "POLICY-AU-12 (2001-10-01, SYNTHETIC)"
    act_within_s: 3600
  }
  rules {
    id: "log-inconsistent"
    title: "audit log that does not match the record"
    severity: SEVERITY_CRITICAL
    citation: "POLICY-AU-12 (2001-10-01, SYNTHETIC)"
    act_within_s: 3600
  }
  rules {
    id: "duty-missing"
    title: "duty towards a potential victim neither done nor closed"
    severity: SEVERITY_HIGH
    citation: "TVPA 107(c)(1), 22 U.S.C. 7105(c)(1); POLICY-AU-13 (2001-10-01, SYNTHETIC)"
    act_within_s: 86400
    after_s: 259200
  }
  rules {
    id: "certification-missing"
    title: "certification not sent after notice that its basis exists"
    severity: SEVERITY_HIGH
    citation: "TVPA 107(b)(1)(E), 22 U.S.C. 7105(b)(1)(E); POLICY-AU-14 (2001-10-01, SYNTHETIC)"
    act_within_s: 172800
    after_s: 864000
  }
  rules {
    id: "cap-near"
    title: "most of a yearly limit is used"
    severity: SEVERITY_LOW
    citation: "POLICY-AU-15 (2001-10-01, SYNTHETIC)"
    act_within_s: 604800
    percent: 90
  }
  rules {
    id: "cap-reached"
    title: "a yearly limit is used up"
    severity: SEVERITY_MODERATE
    citation: "POLICY-AU-15 (2001-10-01, SYNTHETIC)"
    act_within_s: 86400
  }
  rules {
    id: "cap-exceeded"
    title: "more granted than a yearly limit allows"
    severity: SEVERITY_CRITICAL
    citation: "POLICY-AU-15 (2001-10-01, SYNTHETIC)"
    act_within_s: 3600
  }
  rules {
    id: "record-restored"
    title: "record went back to an older copy and messages are missing"
    severity: SEVERITY_CRITICAL
    citation: "POLICY-AU-16 (2001-10-01, SYNTHETIC)"
    act_within_s: 3600
  }
)pb";

absl::Status Bad(const v1::RuleRow& row, std::string_view problem, std::string_view got,
                 std::string_view want) {
  return absl::InvalidArgumentError(Problem("rule " + Quoted(row.id()), problem, got, want));
}

absl::Status CheckNumber(const v1::RuleRow& row, std::string_view name, bool wanted, int64_t value,
                         int64_t least, int64_t most) {
  if (!wanted && value == 0) return absl::OkStatus();
  if (!wanted) {
    return Bad(row, "has no such number", absl::StrCat(Absl(name), " ", value), "none");
  }
  if (value >= least && value <= most) return absl::OkStatus();
  return Bad(row, absl::StrCat(Absl(name), " out of range"), absl::StrCat(value),
             absl::StrCat(least, " to ", most));
}

absl::Status CheckText(const v1::RuleRow& row, std::string_view name, const std::string& text,
                       size_t most) {
  if (!text.empty() && text.size() <= most) return absl::OkStatus();
  return Bad(row, absl::StrCat(Absl(name), " has the wrong length"),
             absl::StrCat(text.size(), " bytes"), absl::StrCat("1 to ", most));
}

absl::Status CheckRow(const v1::RuleRow& row, const Form& form) {
  WS_RETURN_IF_ERROR(CheckText(row, "title", row.title(), kTitleBytesMax));
  WS_RETURN_IF_ERROR(CheckText(row, "citation", row.citation(), kCitationBytesMax));
  if (row.severity() == v1::SEVERITY_UNSPECIFIED || !v1::Severity_IsValid(row.severity())) {
    return Bad(row, "no severity", absl::StrCat(static_cast<int>(row.severity())),
               "SEVERITY_LOW to SEVERITY_CRITICAL");
  }
  WS_RETURN_IF_ERROR(
      CheckNumber(row, "act_within_s", true, row.act_within_s(), kActWithinMinS, kYearS));
  WS_RETURN_IF_ERROR(CheckNumber(row, "after_s", form.after, row.after_s(), 1, kYearS));
  WS_RETURN_IF_ERROR(CheckNumber(row, "count", form.count, row.count(), 1, kCountMax));
  WS_RETURN_IF_ERROR(CheckNumber(row, "percent", form.percent, row.percent(), 1, kPercentMax));
  return CheckNumber(row, "within_s", form.count, row.within_s(), 1, kDayS);
}

}  // namespace

std::string_view RuleName(Rule rule) { return kForms[static_cast<size_t>(rule)].name; }

std::string_view DefaultRulesText() { return kDefault; }

absl::StatusOr<Rules> Rules::Create(const v1::RuleTable& table) {
  Rules rules;
  for (const v1::RuleRow& row : table.rules()) {
    size_t at = 0;
    while (at < kRuleCount && kForms[at].name != row.id()) ++at;
    if (at == kRuleCount) return Bad(row, "unknown", "", "an id of the default table");
    if (!rules.rows_[at].id().empty()) return Bad(row, "given twice", "", "");
    WS_RETURN_IF_ERROR(CheckRow(row, kForms[at]));
    rules.rows_[at] = row;
  }
  for (size_t at = 0; at < kRuleCount; ++at) {
    if (!rules.rows_[at].id().empty()) continue;
    return absl::InvalidArgumentError(
        Problem("rules", "one is missing", kForms[at].name, "every rule once"));
  }
  return rules;
}

Rules Rules::Default() {
  v1::RuleTable table;
  WS_CHECK(config::ParseTextProto(kDefault, "default rules", &table).ok());
  absl::StatusOr<Rules> rules = Create(table);
  WS_CHECK(rules.ok());
  return *std::move(rules);
}

}  // namespace waystation::audit
