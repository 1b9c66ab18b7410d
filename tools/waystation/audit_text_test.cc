#include "tools/waystation/audit_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

audit::v1::Finding Overdue() {
  audit::v1::Finding finding;
  finding.set_finding_id("0123456789abcdef");
  finding.set_rule_id("overdue");
  finding.set_title("referral unanswered past its due time");
  finding.set_severity(audit::v1::SEVERITY_HIGH);
  finding.set_state(audit::v1::FINDING_STATE_OPEN);
  finding.set_detail("state requested");
  finding.set_referral_id(std::string(16, 'r'));
  finding.add_parties("spiffe://waystation.example/agency/doj");
  finding.add_parties("spiffe://waystation.example/agency/ins");
  for (uint64_t i = 1; i <= 30; ++i) finding.add_sequences(i);
  finding.set_sequence_count(30);
  finding.mutable_opened_time()->set_seconds(1'000'000'000);
  finding.mutable_changed_time()->set_seconds(1'000'000'000);
  finding.mutable_act_by_time()->set_seconds(1'000'086'400);
  return finding;
}

std::string Value(const audit::v1::Finding& finding, const std::string& name) {
  for (const auto& [field, cell] :
       AuditFindingFields(finding, absl::FromUnixSeconds(1'000'000'000))) {
    if (field == name) return cell.text;
  }
  return "(none)";
}

TEST(AuditTextTest, AFindingShowsItsRuleItsPartiesAndItsProof) {
  const audit::v1::Finding finding = Overdue();
  EXPECT_EQ(Value(finding, "rule"), "overdue: referral unanswered past its due time");
  EXPECT_EQ(Value(finding, "parties"), "agency/doj, agency/ins");
  EXPECT_EQ(Value(finding, "referral"), std::string("72727272727272727272727272727272"));
  EXPECT_THAT(Value(finding, "records"), HasSubstr("19, 20, ... 30 in all"));
  EXPECT_EQ(Value(finding, "act by"), "2001-09-10 01:46:40Z");
  EXPECT_EQ(Value(finding, "closed"), "(none)");
}

TEST(AuditTextTest, WhoClosedItAndWhatWasSaidIsShown) {
  audit::v1::Finding finding = Overdue();
  finding.set_state(audit::v1::FINDING_STATE_CLOSED);
  finding.mutable_closing()->set_reason("ended by the record: answer");
  audit::v1::FindingResponse* response = finding.add_responses();
  response->set_responder("spiffe://waystation.example/agency/ins");
  response->set_kind(audit::v1::RESPONSE_KIND_NON_CONCUR);
  response->set_text("It was on time.");
  EXPECT_THAT(Value(finding, "closed"), HasSubstr("by the record: ended by the record: answer"));
  EXPECT_THAT(Value(finding, "non concur"), HasSubstr("agency/ins: It was on time."));
  EXPECT_EQ(Value(finding, "act by"), "(none)");
  finding.mutable_closing()->set_closed_by("spiffe://waystation.example/auditor");
  EXPECT_THAT(Value(finding, "closed"), HasSubstr("by auditor"));
}

TEST(AuditTextTest, WhatIsLateIsMarkedInATable) {
  const Table early = AuditFindingTable({Overdue()}, absl::FromUnixSeconds(1'000'086'400));
  const Table late = AuditFindingTable({Overdue()}, absl::FromUnixSeconds(1'000'086'401));
  EXPECT_EQ(early.rows[0][6].tone, Tone::kPlain);
  EXPECT_EQ(late.rows[0][6].tone, Tone::kBad);
}

TEST(AuditTextTest, AFeedLineSaysTheLatest) {
  audit::v1::Finding finding = Overdue();
  EXPECT_THAT(AuditFindingLine(finding), HasSubstr("state requested"));
  finding.add_responses()->set_text("We act.");
  EXPECT_THAT(AuditFindingLine(finding), HasSubstr("We act."));
  finding.mutable_closing()->set_reason("Settled.");
  EXPECT_THAT(AuditFindingLine(finding), HasSubstr("Settled."));
  EXPECT_THAT(AuditFindingLine(finding), Not(HasSubstr("We act.")));
}

TEST(AuditTextTest, OneLineSaysWhatItIsWhoseAndByWhen) {
  EXPECT_EQ(AuditFindingWords(Overdue()),
            "referral unanswered past its due time (high): agency/doj, agency/ins; act by "
            "2001-09-10 01:46:40Z");
}

TEST(AuditTextTest, OneLineSaysHowLongItWasOpenAndWhyItEnded) {
  audit::v1::Finding finding = Overdue();
  finding.mutable_closing()->set_reason("ended by the record: answer");
  finding.mutable_closing()->mutable_time()->set_seconds(1'000'000'061);
  finding.mutable_closing()->mutable_time()->set_nanos(250'999'000);
  EXPECT_EQ(AuditClosingWords(finding), "open for 1m1.25s; ended by the record: answer");
}

TEST(AuditTextTest, ClocksThatDifferMakeNoNegativeTime) {
  audit::v1::Finding finding = Overdue();
  finding.mutable_closing()->mutable_time()->set_seconds(999'999'999);
  EXPECT_THAT(AuditClosingWords(finding), HasSubstr("open for 0;"));
}

}  // namespace
}  // namespace waystation::cli
