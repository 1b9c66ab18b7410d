#include "services/audit/rules/rule_table.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "common/config/text_proto.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::audit {
namespace {

using testing::HasSubstr;

v1::RuleTable DefaultTable() {
  v1::RuleTable table;
  EXPECT_TRUE(config::ParseTextProto(DefaultRulesText(), "default", &table).ok());
  return table;
}

TEST(RuleTableTest, EveryRuleHasARowANameAndACitation) {
  const Rules rules = Rules::Default();
  std::set<std::string_view> names;
  for (size_t at = 0; at < kRuleCount; ++at) {
    const Rule rule = static_cast<Rule>(at);
    EXPECT_EQ(rules[rule].id(), RuleName(rule));
    EXPECT_THAT(rules[rule].citation(), HasSubstr("POLICY-AU-"));
    names.insert(RuleName(rule));
  }
  EXPECT_EQ(names.size(), kRuleCount);
}

TEST(RuleTableTest, NumbersAreInMicroseconds) {
  const Rules rules = Rules::Default();
  EXPECT_EQ(rules.AfterUs(Rule::kCosignerBehind), 60'000'000);
  EXPECT_EQ(rules.WithinUs(Rule::kRefusedAttempts), 300'000'000);
  EXPECT_EQ(rules.ActWithinUs(Rule::kLogSplit), 3'600'000'000);
}

// Rows of the default table: 0 overdue has no number of its own, 1 no-receipt has
// after_s, 5 mismatched-step has count and within_s, 18 cap-near has percent.
TEST(RuleTableTest, EachRuleOfTheTableNamesTheRow) {
  struct Case {
    const char* name;
    std::function<void(v1::RuleTable&)> spoil;
    const char* text;
  };
  const std::vector<Case> kCases = {
      {"UnknownRule", [](v1::RuleTable& t) { t.mutable_rules(0)->set_id("x"); }, "unknown"},
      {"Twice", [](v1::RuleTable& t) { *t.add_rules() = t.rules(0); }, "given twice"},
      {"Missing", [](v1::RuleTable& t) { t.mutable_rules()->RemoveLast(); }, "got record-restored"},
      {"NoTitle", [](v1::RuleTable& t) { t.mutable_rules(0)->clear_title(); }, "title"},
      {"LongTitle", [](v1::RuleTable& t) { t.mutable_rules(0)->set_title(std::string(101, 'x')); },
       "101 bytes"},
      {"NoCitation", [](v1::RuleTable& t) { t.mutable_rules(0)->clear_citation(); }, "citation"},
      {"NoSeverity", [](v1::RuleTable& t) { t.mutable_rules(0)->clear_severity(); }, "no severity"},
      {"NoTimeToAct", [](v1::RuleTable& t) { t.mutable_rules(0)->set_act_within_s(59); },
       "act_within_s out of range"},
      {"NumberOfAnotherRule", [](v1::RuleTable& t) { t.mutable_rules(0)->set_after_s(1); },
       "no such number"},
      {"AfterMissing", [](v1::RuleTable& t) { t.mutable_rules(1)->clear_after_s(); },
       "after_s out of range"},
      {"AfterTooLong", [](v1::RuleTable& t) { t.mutable_rules(1)->set_after_s(31'536'001); },
       "after_s out of range"},
      {"CountMissing", [](v1::RuleTable& t) { t.mutable_rules(5)->clear_count(); },
       "count out of range"},
      {"CountTooHigh", [](v1::RuleTable& t) { t.mutable_rules(5)->set_count(10'001); },
       "count out of range"},
      {"WithinTooLong", [](v1::RuleTable& t) { t.mutable_rules(5)->set_within_s(86'401); },
       "within_s out of range"},
      {"PercentMissing", [](v1::RuleTable& t) { t.mutable_rules(18)->clear_percent(); },
       "percent out of range"},
      {"PercentTooHigh", [](v1::RuleTable& t) { t.mutable_rules(18)->set_percent(100); },
       "percent out of range"}};
  for (const Case& each : kCases) {
    v1::RuleTable table = DefaultTable();
    each.spoil(table);
    absl::StatusOr<Rules> rules = Rules::Create(table);
    EXPECT_TRUE(absl::IsInvalidArgument(rules.status())) << each.name;
    EXPECT_THAT(std::string(Std(rules.status().message())), HasSubstr(each.text)) << each.name;
  }
}

}  // namespace
}  // namespace waystation::audit
