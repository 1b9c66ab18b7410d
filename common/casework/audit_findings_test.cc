#include "common/casework/audit_findings.h"

#include <string>
#include <vector>

#include "common/agency/fake_desk.h"
#include "common/agency/findings.h"
#include "common/agency/schema.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "waystation/audit/v1/compliance.pb.h"

namespace waystation::casework {
namespace {

using agency::CaseMessage;
using agency::FakeDesk;
using agency::Tx;
using testing::ElementsAre;

constexpr char kAuditor[] = "spiffe://waystation.example/auditor";

// DOS, with one referral of Diplomatic Security and two findings, one about it.
class AuditFindingsTest : public testing::Test {
 protected:
  void SetUp() override {
    agency::CaseContent request;
    request.set_transition(types::v1::TRANSITION_REQUEST);
    request.set_to_unit("dos/diplomatic-security");
    absl::Status came = desk_.Deliver("doj", request, [&](const CaseMessage& message, Tx& tx) {
      referral_ = message.content.referral_id();
      return tx.Describe(referral_, "a procedure", "dos/diplomatic-security");
    });
    ASSERT_TRUE(came.ok()) << came;
    Tell("00000000000000aa", referral_);
    Tell("00000000000000bb", "");
  }

  void Tell(const std::string& id, const std::string& referral) {
    audit::v1::FindingNotice notice;
    audit::v1::Finding& finding = *notice.mutable_finding();
    finding.set_finding_id(id);
    finding.set_revision(1);
    finding.set_state(audit::v1::FINDING_STATE_OPEN);
    finding.set_title("title");
    finding.set_detail("words about another unit");
    finding.set_referral_id(referral);
    agency::MemoMessage memo;
    memo.header.set_source(kAuditor);
    memo.body = notice.SerializeAsString();
    absl::Status taken =
        desk_.Write([&](Tx& tx) { return agency::TakeFinding(memo, kAuditor, tx.db()); });
    ASSERT_TRUE(taken.ok()) << taken;
  }

  // Of an officer who sees referrals of that unit alone.
  absl::StatusOr<std::vector<std::string>> Seen(const std::string& sees,
                                                const std::string& unit = "") {
    v1::ListAuditFindingsRequest request;
    request.set_unit(unit);
    v1::ListAuditFindingsResponse response;
    const Sees only = [&](const std::string& asked) {
      return asked == sees ? absl::OkStatus() : absl::PermissionDeniedError("another unit's");
    };
    WS_RETURN_IF_ERROR(desk_.Read(
        [&](Tx& tx) { return ListAuditFindings(procedures_, only, request, tx, response); }));
    std::vector<std::string> ids;
    for (const auto& finding : response.findings()) ids.push_back(finding.finding_id());
    EXPECT_EQ(response.SerializeAsString().find("another unit"), std::string::npos);
    return ids;
  }

  FakeDesk desk_{"dos", {agency::RuntimeSchema()}, bus::v1::Directory()};
  const Procedures procedures_{"dos", {}};
  std::string referral_;
};

TEST_F(AuditFindingsTest, AUnitThatMayNotSeeTheReferralDoesNotSeeItsFinding) {
  EXPECT_THAT(*Seen("dos/diplomatic-security"),
              ElementsAre("00000000000000aa", "00000000000000bb"));
  EXPECT_THAT(*Seen("dos/prm"), ElementsAre("00000000000000bb"));
}

TEST_F(AuditFindingsTest, OneUnitsListHasItsReferralsAloneAndIsRefusedToAnother) {
  EXPECT_THAT(*Seen("dos/diplomatic-security", "dos/diplomatic-security"),
              ElementsAre("00000000000000aa"));
  EXPECT_TRUE(absl::IsPermissionDenied(Seen("dos/prm", "dos/diplomatic-security").status()));
}

}  // namespace
}  // namespace waystation::casework
