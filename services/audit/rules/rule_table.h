#ifndef WAYSTATION_SERVICES_AUDIT_RULES_RULE_TABLE_H_
#define WAYSTATION_SERVICES_AUDIT_RULES_RULE_TABLE_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/audit/rules/rules.pb.h"

namespace waystation::audit {

// Every rule that the auditor knows. README.md of services/audit has them in words.
enum class Rule {
  kOverdue,
  kNoReceipt,
  kNoNextStep,
  kScopeUnconfirmed,
  kImpossibleStep,
  kMismatchedStep,
  kContentChanged,
  kRefusedAttempts,
  kDeadLetter,
  kJournalAhead,
  kMessageTime,
  kSignatureCompromised,
  kCosignerBehind,
  kLogMissing,
  kLogSplit,
  kLogInconsistent,
  kDutyMissing,
  kCertificationMissing,
  kCapNear,
  kCapReached,
  kCapExceeded,
  kRecordRestored,
};
inline constexpr size_t kRuleCount = 22;

// "overdue", "no-receipt": the id in findings, tables and on the command line.
std::string_view RuleName(Rule rule);

// The rules with their numbers, each present and within its bounds.
//
//   WS_ASSIGN_OR_RETURN(Rules rules, Rules::Create(table));
//   if (now_us - since_us > rules.AfterUs(Rule::kNoNextStep)) ...
//
// Thread-safe: immutable.
class Rules {
 public:
  // Errors: INVALID_ARGUMENT naming the row: an unknown rule, one twice or
  // missing, a number out of its range, missing, or given to a rule without it.
  static absl::StatusOr<Rules> Create(const v1::RuleTable& table);
  // The table that is compiled in.
  static Rules Default();

  const v1::RuleRow& operator[](Rule rule) const { return rows_[static_cast<size_t>(rule)]; }
  int64_t AfterUs(Rule rule) const { return (*this)[rule].after_s() * 1'000'000; }
  int64_t WithinUs(Rule rule) const { return (*this)[rule].within_s() * 1'000'000; }
  int64_t ActWithinUs(Rule rule) const { return (*this)[rule].act_within_s() * 1'000'000; }

 private:
  Rules() = default;

  std::array<v1::RuleRow, kRuleCount> rows_;
};

// The compiled-in table as text-proto: where an operator's own one begins.
std::string_view DefaultRulesText();

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_RULES_RULE_TABLE_H_
