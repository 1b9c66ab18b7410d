#include "common/agency/memo.h"

#include "common/agency/agency_fixture.h"
#include "common/agency/compliance.h"
#include "common/agency/findings.h"
#include "common/agency/handoff_index.h"
#include "waystation/audit/v1/compliance.pb.h"

namespace waystation::agency {
namespace {

using audit::v1::ComplianceEvent;
using audit::v1::Finding;
using testing::ElementsAre;
using testing::IsEmpty;

// Keeps what came, in order.
class AuditorHandler : public Handler {
 public:
  absl::Status OnCase(const CaseMessage&, Tx&) override { return absl::OkStatus(); }
  absl::Status OnRefused(const CaseMessage&, const absl::Status&, Tx&) override {
    return absl::OkStatus();
  }
  absl::Status OnMemo(const MemoMessage& message, Tx&) override {
    memos.push_back(message);
    return absl::OkStatus();
  }

  std::vector<MemoMessage> memos;
};

class MemoTest : public AgencyTest {
 protected:
  // With an auditor from the start.
  void SetUp() override {
    world_.AddAuditor();
    directory_version_ = 2;
    AgencyTest::SetUp();
    auditor_ = world_.Open("auditor", auditor_handler_);
    auditor_->Start();
  }

  size_t DeliverToAuditor() { return exchange().Deliver(TestWorld::IdentityOf("auditor")); }

  static absl::Status ReportCap(Agency& agency, uint64_t used) {
    return agency.Write([&](Tx& tx) {
      ComplianceEvent event;
      event.mutable_cap()->set_used(used);
      return Report(std::move(event), tx);
    });
  }
  std::vector<uint64_t> CapsAtAuditor() {
    std::vector<uint64_t> used;
    for (const MemoMessage& memo : auditor_handler_.memos) {
      ComplianceEvent event;
      EXPECT_TRUE(event.ParseFromString(memo.body));
      used.push_back(event.cap().used());
    }
    return used;
  }

  absl::Status Tell(Agency& from, uint64_t revision, audit::v1::FindingState state) {
    audit::v1::FindingNotice notice;
    Finding& finding = *notice.mutable_finding();
    finding.set_finding_id("0123456789abcdef");
    finding.set_revision(revision);
    finding.set_state(state);
    finding.set_title(absl::StrCat("revision ", revision));
    absl::Status told = from.Write(
        [&](Tx& tx) { return tx.SendMemo("ins", kFindingMemo, notice.SerializeAsString()); });
    ExpectPublished(1);
    DeliverToIns();
    return told;
  }
  std::vector<std::string> OpenAtIns() {
    std::vector<std::string> titles;
    absl::Status read = ins_->Read([&](Tx& tx) -> absl::Status {
      WS_ASSIGN_OR_RETURN(std::vector<Finding> findings, OpenFindings(tx.db(), 10));
      for (const Finding& finding : findings) titles.push_back(finding.title());
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return titles;
  }

  AuditorHandler auditor_handler_;
  std::unique_ptr<Agency> auditor_;
};

TEST_F(MemoTest, ARequestTellsTheAuditorWhatItIsFor) {
  const std::string id = Request();
  ExpectPublished(1);
  EXPECT_EQ(DeliverToAuditor(), 1u);
  ASSERT_EQ(auditor_handler_.memos.size(), 1u);
  const MemoMessage& memo = auditor_handler_.memos.front();
  EXPECT_EQ(memo.header.type(), kComplianceMemo);
  EXPECT_EQ(memo.header.source(), TestWorld::IdentityOf("doj"));
  EXPECT_FALSE(memo.header.has_referral()) << "the header may not join memo and referral";
  ComplianceEvent event;
  ASSERT_TRUE(event.ParseFromString(memo.body));
  EXPECT_EQ(event.procedure().referral_id(), id);
  EXPECT_EQ(event.procedure().procedure(), TestWorld::Request().procedure);
  EXPECT_TRUE(event.has_time());
  EXPECT_EQ(DeliverToAuditor(), 0u) << "receipted";
}

TEST_F(MemoTest, MemosArriveOnceAndInOrderAlsoWhenTheBusWasAway) {
  exchange().SetUp(false);
  for (uint64_t used : {1, 2, 3}) EXPECT_TRUE(ReportCap(*doj_, used).ok());
  doj_.reset();
  doj_ = world_.Open("doj", doj_handler_, {kSchema});
  exchange().SetUp(true);
  doj_->Start();
  ExpectPublished(3);
  DeliverToAuditor();
  DeliverToAuditor();
  EXPECT_THAT(CapsAtAuditor(), ElementsAre(1, 2, 3));
}

TEST_F(MemoTest, WhatTheBusRefusesKeepsNeitherTheNextMemoNorACase) {
  exchange().RefuseNext(
      Refusal(absl::StatusCode::kPermissionDenied, "POLICY_DENIED", "policy: not from you"));
  EXPECT_TRUE(ReportCap(*doj_, 1).ok());
  ExpectPublished(1);
  EXPECT_TRUE(ReportCap(*doj_, 2).ok());
  ExpectPublished(1);
  DeliverToAuditor();
  EXPECT_THAT(CapsAtAuditor(), ElementsAre(2));
}

TEST_F(MemoTest, AnAuditorWhomNobodyCanEncryptToHindersNoCase) {
  KnowWithout(TestWorld::IdentityOf("auditor"), bus::v1::CERTIFICATE_USE_ENCRYPT);
  EXPECT_TRUE(ReportCap(*ins_, 1).ok());
  Request();
  EXPECT_EQ(DeliverToIns(), 1u);
  EXPECT_THAT(CapsAtAuditor(), IsEmpty());
  // He has a certificate again, and INS learns of it.
  bus::v1::Directory directory = world_.MakeDirectory();
  directory.set_version(100);
  exchange().SetDirectory(directory);
  ReopenIns();
  ExpectPublished(2);  // What waited, and DOJ's for the request.
  DeliverToAuditor();
  EXPECT_EQ(auditor_handler_.memos.size(), 2u);
}

TEST_F(MemoTest, ManyMemosThatNobodyCanEncryptHoldUpNoOtherRecipients) {
  KnowWithout(TestWorld::IdentityOf("auditor"), bus::v1::CERTIFICATE_USE_ENCRYPT);
  for (uint64_t i = 0; i < 40; ++i) EXPECT_TRUE(ReportCap(*ins_, i).ok());
  EXPECT_TRUE(
      ins_->Write([](Tx& tx) { return tx.SendMemo("doj", kFindingMemo, "anything"); }).ok());
  ExpectPublished(1);
  EXPECT_EQ(DeliverToDoj(), 1u);
  EXPECT_THAT(CapsAtAuditor(), IsEmpty());
}

TEST_F(MemoTest, AMemoThatSaysInsideWhatItDoesNotSayOutsideIsQuarantined) {
  EXPECT_TRUE(ReportCap(*doj_, 7).ok());
  ExpectPublished(1);
  bus::v1::SignedMessage& message = *exchange().FirstWaiting(TestWorld::IdentityOf("auditor"));
  bus::v1::Header header;
  ASSERT_TRUE(header.ParseFromString(message.header()));
  header.set_source(TestWorld::IdentityOf("ins"));
  message.set_header(header.SerializeAsString());
  DeliverToAuditor();
  EXPECT_THAT(Outcomes("auditor"), ElementsAre(bus::v1::DELIVERY_OUTCOME_QUARANTINED));
  EXPECT_THAT(auditor_handler_.memos, IsEmpty());
}

TEST_F(MemoTest, AMemoThatNobodyKnowsIsQuarantined) {
  EXPECT_TRUE(doj_->Write([](Tx& tx) { return tx.SendMemo("ins", kComplianceMemo, "body"); }).ok());
  ExpectPublished(1);
  DeliverToIns();
  EXPECT_THAT(Outcomes("ins"), ElementsAre(bus::v1::DELIVERY_OUTCOME_QUARANTINED));
}

TEST_F(MemoTest, ABodyOutOfBoundsIsRefusedAtOnce) {
  for (const std::string& body : {std::string(), std::string(256 * 1024 + 1, 'b')}) {
    absl::Status sent =
        doj_->Write([&](Tx& tx) { return tx.SendMemo("auditor", kComplianceMemo, body); });
    EXPECT_EQ(ReasonOf(sent), "MEMO_MALFORMED");
  }
}

TEST_F(MemoTest, FindingsStandByTheirNewestRevisionUntilClosed) {
  EXPECT_TRUE(Tell(*auditor_, 5, audit::v1::FINDING_STATE_OPEN).ok());
  EXPECT_THAT(OpenAtIns(), ElementsAre("revision 5"));
  EXPECT_TRUE(Tell(*auditor_, 7, audit::v1::FINDING_STATE_OPEN).ok());
  EXPECT_TRUE(Tell(*auditor_, 6, audit::v1::FINDING_STATE_OPEN).ok());
  EXPECT_THAT(OpenAtIns(), ElementsAre("revision 7"));
  EXPECT_TRUE(Tell(*auditor_, 8, audit::v1::FINDING_STATE_CLOSED).ok());
  EXPECT_THAT(OpenAtIns(), IsEmpty());
}

TEST_F(MemoTest, AFindingOfAnybodyElseIsQuarantined) {
  EXPECT_TRUE(Tell(*doj_, 5, audit::v1::FINDING_STATE_OPEN).ok());
  EXPECT_THAT(OpenAtIns(), IsEmpty());
  EXPECT_THAT(Outcomes("ins"), ElementsAre(bus::v1::DELIVERY_OUTCOME_QUARANTINED));
}

TEST_F(MemoTest, TheIndexHasMemosAtBothEnds) {
  EXPECT_TRUE(ReportCap(*doj_, 1).ok());
  ExpectPublished(1);
  DeliverToAuditor();
  auto peers = [](Agency& agency) {
    std::vector<std::string> found;
    absl::Status read = agency.Read([&](Tx& tx) -> absl::Status {
      WS_ASSIGN_OR_RETURN(HandoffRows rows, ListHandoffs(tx.db(), 0, ""));
      for (const auto& entry : rows.entries) found.push_back(entry.peer());
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return found;
  };
  EXPECT_THAT(peers(*doj_), ElementsAre(TestWorld::IdentityOf("auditor")));
  EXPECT_THAT(peers(*auditor_), ElementsAre(TestWorld::IdentityOf("doj")));
}

// Without an auditor there is nobody to tell.
using LonelyTest = AgencyTest;

TEST_F(LonelyTest, NothingIsSentOnABusWithoutAnAuditor) {
  Request();
  EXPECT_TRUE(
      doj_->Write([](Tx& tx) { return tx.SendMemo("auditor", kComplianceMemo, "body"); }).ok());
  Request();
  EXPECT_EQ(exchange().Kept().size(), 2u);
}

}  // namespace
}  // namespace waystation::agency
