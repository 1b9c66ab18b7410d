#include <fstream>

#include "common/agency/agency_fixture.h"
#include "common/crypto/cms.h"
#include "common/evidence/verifier.h"

namespace waystation::agency {
namespace {

using types::v1::REFERRAL_STATE_CANCELLED;
using types::v1::TRANSITION_CANCEL;

TEST_F(AgencyTest, AppliesARedeliveryOnceAndResendsTheReceiptVerbatim) {
  Request();
  EXPECT_EQ(DeliverToIns(true), 1u);
  EXPECT_EQ(DeliverToIns(true), 1u);
  EXPECT_EQ(DeliverToIns(), 1u);
  EXPECT_EQ(Effects(*ins_), 1);
  EXPECT_EQ(DeliverToIns(), 0u);
  EXPECT_THAT(Outcomes("ins"), testing::ElementsAre(bus::v1::DELIVERY_OUTCOME_APPLIED));
}

TEST_F(AgencyTest, ResendsTheSameReceiptBytesAfterACrashBetweenCommitAndAck) {
  Request();
  EXPECT_EQ(DeliverToIns(true), 1u);
  std::string stored;
  ASSERT_TRUE(ins_->Read([&](Tx& tx) {
                    return tx.db().Query("SELECT bytes FROM receipt_batch", {}, [&](const Row& r) {
                      stored = r.Bytes(0);
                      return absl::OkStatus();
                    });
                  })
                  .ok());
  ReopenIns();
  EXPECT_EQ(DeliverToIns(), 1u);
  EXPECT_EQ(Effects(*ins_), 1);
  EXPECT_THAT(exchange().ReceiptsFrom(TestWorld::IdentityOf("ins")), testing::ElementsAre(stored));
}

TEST_F(AgencyTest, SignsReceiptsThatVerify) {
  Request();
  DeliverToIns();
  bus::v1::ReceiptBatch batch;
  ASSERT_TRUE(batch.ParseFromString(exchange().ReceiptsFrom(TestWorld::IdentityOf("ins")).at(0)));
  evidence::Verifier verifier(*ins_->Directory());
  absl::Status good = verifier.VerifyReceiptBatch(batch, TestWorld::IdentityOf("ins"));
  EXPECT_TRUE(good.ok()) << good;
}

TEST_F(AgencyTest, FollowsACancellationThatOvertookTheReceipt) {
  std::string id = Request();
  ASSERT_TRUE(Step(*doj_, id, TRANSITION_CANCEL).ok());
  ExpectPublished(1);
  EXPECT_EQ(DeliverToIns(), 2u);
  EXPECT_EQ(View(*ins_, id).state, REFERRAL_STATE_CANCELLED);
  EXPECT_EQ(View(*ins_, id).version, 2u);
}

TEST_F(AgencyTest, QuarantinesAMessageThatTheHandlerNeverCanApply) {
  ins_handler_.on_case = [](const CaseMessage&, Tx&) {
    return Refusal(absl::StatusCode::kInvalidArgument, "BODY_UNKNOWN", "body: unknown type");
  };
  std::string id = Request();
  DeliverToIns();
  EXPECT_THAT(Outcomes("ins"), testing::ElementsAre(bus::v1::DELIVERY_OUTCOME_QUARANTINED));
  EXPECT_EQ(Effects(*ins_), 0) << "the handler's effect must be undone";
  EXPECT_THAT(View(*ins_, id).problem, testing::HasSubstr("unknown type"));
}

TEST_F(AgencyTest, GivesBackAMessageAfterATransientErrorAndAppliesItLater) {
  bool fail = true;
  ins_handler_.on_case = [&](const CaseMessage&, Tx&) {
    return fail ? absl::UnavailableError("not now") : absl::OkStatus();
  };
  std::string id = Request();
  DeliverToIns();
  EXPECT_THAT(exchange().GivenBack(), testing::ElementsAre(testing::EndsWith(" HANDLER_FAILED")));
  EXPECT_EQ(Effects(*ins_), 0);
  EXPECT_TRUE(Outcomes("ins").empty());
  fail = false;
  DeliverToIns();
  EXPECT_EQ(Effects(*ins_), 1);
}

TEST_F(AgencyTest, OneBadMessageDoesNotSpoilItsFrame) {
  int seen = 0;
  ins_handler_.on_case = [&](const CaseMessage&, Tx&) {
    return ++seen == 2 ? absl::InvalidArgumentError("bad") : absl::OkStatus();
  };
  for (int i = 0; i < 3; ++i) Request();
  EXPECT_EQ(DeliverToIns(), 3u);
  EXPECT_EQ(Effects(*ins_), 2);
  EXPECT_THAT(Outcomes("ins"), testing::ElementsAre(bus::v1::DELIVERY_OUTCOME_APPLIED,
                                                    bus::v1::DELIVERY_OUTCOME_QUARANTINED,
                                                    bus::v1::DELIVERY_OUTCOME_APPLIED));
}

// Puts the sealed content of one message under the header of another: what the
// binding inside the content is for.
TEST_F(AgencyTest, QuarantinesAPayloadThatWasMovedToAnotherReferral) {
  Request();
  std::string payload = exchange().FirstWaiting(TestWorld::IdentityOf("ins"))->payload();
  DeliverToIns();
  std::string second = Request();
  exchange().FirstWaiting(TestWorld::IdentityOf("ins"))->set_payload(payload);
  DeliverToIns();
  EXPECT_EQ(Effects(*ins_), 1);
  EXPECT_EQ(Outcomes("ins").back(), bus::v1::DELIVERY_OUTCOME_QUARANTINED);
  EXPECT_THAT(View(*ins_, second).problem, testing::HasSubstr("referral_id"));
  EXPECT_EQ(View(*ins_, second).person, "");
}

TEST_F(AgencyTest, QuarantinesAnAlteredPayload) {
  std::string id = Request();
  std::string* payload = exchange().FirstWaiting(TestWorld::IdentityOf("ins"))->mutable_payload();
  payload->back() = static_cast<char>(payload->back() ^ 1);
  DeliverToIns();
  EXPECT_EQ(Effects(*ins_), 0);
  EXPECT_EQ(Outcomes("ins").back(), bus::v1::DELIVERY_OUTCOME_QUARANTINED);
}

TEST_F(AgencyTest, GivesBackWhatIsNotEncryptedToUs) {
  Request();
  auto authority =
      crypto::CertificateAuthority::Create("other", world_.clock().Now(), absl::Hours(24));
  ASSERT_TRUE(authority.ok());
  crypto::IssueRequest other;
  other.common_name = "other";
  other.use = crypto::KeyUse::kEncrypt;
  other.not_before = world_.clock().Now();
  other.not_after = world_.clock().Now() + absl::Hours(1);
  auto issued = authority->Issue(other);
  ASSERT_TRUE(issued.ok()) << issued.status();
  auto sealed = crypto::Encrypt("text", {issued->certificate});
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  exchange().FirstWaiting(TestWorld::IdentityOf("ins"))->set_payload(*sealed);
  DeliverToIns();
  EXPECT_THAT(exchange().GivenBack(), testing::ElementsAre(testing::EndsWith(" KEY_NOT_OURS")));
}

TEST_F(AgencyTest, LeavesNothingOfACaseInItsFiles) {
  Tx::Request request = TestWorld::Request();
  request.content.set_person("pv-planted-handle");
  request.content.set_reason_text("planted-reason-text");
  request.content.mutable_body()->set_value("planted-body-text");
  request.procedure = "planted-procedure";
  ins_handler_.on_case = [](const CaseMessage&, Tx&) {
    return absl::InvalidArgumentError("planted-problem-text");
  };
  std::string id = Request(request);
  DeliverToIns();
  EXPECT_THAT(View(*ins_, id).problem, testing::HasSubstr("planted-problem-text"));
  for (const char* agency : {"doj", "ins"}) {
    for (const char* end : {"", "-wal"}) {
      std::ifstream in(world_.StorePath(agency) + end, std::ios::binary);
      std::string all(std::istreambuf_iterator<char>(in), {});
      EXPECT_FALSE(all.empty()) << agency << end;
      EXPECT_EQ(all.find("planted"), std::string::npos) << agency << end;
    }
  }
}

}  // namespace
}  // namespace waystation::agency
