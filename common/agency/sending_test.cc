#include "common/agency/agency_fixture.h"

namespace waystation::agency {
namespace {

using types::v1::REFERRAL_STATE_ANSWERED;
using types::v1::REFERRAL_STATE_CANCEL_ASKED;
using types::v1::REFERRAL_STATE_RECEIVED;
using types::v1::REFERRAL_STATE_REQUESTED;
using types::v1::REFERRAL_STATE_TAKEN_UP;
using types::v1::TRANSITION_ANSWER;
using types::v1::TRANSITION_ASK_TO_CANCEL;
using types::v1::TRANSITION_CANCEL;
using types::v1::TRANSITION_CONTINUE;
using types::v1::TRANSITION_HOLD;
using types::v1::TRANSITION_RETURN;
using types::v1::TRANSITION_TAKE_UP;

TEST_F(AgencyTest, CarriesAReferralFromRequestToAnswer) {
  std::string id = Request();
  EXPECT_EQ(DeliverToIns(), 1u);
  EXPECT_EQ(View(*ins_, id).state, REFERRAL_STATE_RECEIVED);
  EXPECT_EQ(View(*ins_, id).version, 2u);
  EXPECT_EQ(View(*ins_, id).person, "pv-test-0001");
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_TAKE_UP).ok());
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_ANSWER).ok());
  ExpectPublished(2);
  EXPECT_EQ(DeliverToDoj(), 2u);
  EXPECT_EQ(View(*doj_, id).state, REFERRAL_STATE_ANSWERED);
  EXPECT_EQ(View(*doj_, id).version, 4u);
  EXPECT_TRUE(View(*doj_, id).unread);
  EXPECT_EQ(exchange().Find(id)->version(), 4u);
}

TEST_F(AgencyTest, HoldsWhatAHandlerSendsUntilTheReceiptIsOnTheRecord) {
  ins_handler_.on_case = [](const CaseMessage& message, Tx& tx) {
    return tx
        .SendTransition(message.header.referral().referral_id(), TRANSITION_RETURN,
                        TestWorld::Content("ins", TRANSITION_RETURN))
        .status();
  };
  std::string id = Request();
  EXPECT_EQ(DeliverToIns(true), 1u);
  EXPECT_THAT(Outbox(*ins_, id), testing::ElementsAre("TRANSITION_RETURN waiting"));
  EXPECT_EQ(exchange().Kept().size(), 1u);
  EXPECT_EQ(DeliverToIns(), 1u);
  ExpectPublished(1);
  EXPECT_EQ(exchange().Kept().back().referral().expected_version(), 2u);
  EXPECT_EQ(exchange().Find(id)->state(), types::v1::REFERRAL_STATE_RETURNED);
}

TEST_F(AgencyTest, LearnsFromTheLedgerOfAReceiptWhoseResultWasLost) {
  std::string id = Request();
  exchange().LoseAckResults(true);
  DeliverToIns();
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_TAKE_UP).ok());
  EXPECT_EQ(exchange().Kept().size(), 1u);
  world_.clock().Advance(absl::Seconds(5));
  ExpectPublished(1);
  EXPECT_EQ(exchange().Find(id)->state(), REFERRAL_STATE_TAKEN_UP);
}

TEST_F(AgencyTest, SendsInOrderWithinAReferralAfterAnOutage) {
  std::string id = Request();
  DeliverToIns();
  exchange().SetUp(false);
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_TAKE_UP).ok());
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_HOLD).ok());
  exchange().SetUp(true);
  ExpectPublished(2);
  std::vector<bus::v1::Header> kept = exchange().Kept();
  ASSERT_EQ(kept.size(), 3u);
  EXPECT_EQ(kept[1].referral().transition(), TRANSITION_TAKE_UP);
  EXPECT_EQ(kept[2].referral().transition(), TRANSITION_HOLD);
  EXPECT_EQ(kept[2].referral().expected_version(), 3u);
}

// What INS passes on of a referral of DOJ's, back to DOJ.
Tx::Request Onward(const std::string& parent) {
  Tx::Request request = TestWorld::Request();
  request.target = "doj";
  request.content = TestWorld::Content("ins", types::v1::TRANSITION_REQUEST);
  request.parent_referral_id = parent;
  return request;
}

// The result of a receipt was lost, so the step waits, and the request has no gate of its own.
TEST_F(AgencyTest, ALinkedRequestWaitsForTheStepsBeforeIt) {
  std::string id = Request();
  exchange().LoseAckResults(true);
  DeliverToIns();
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_TAKE_UP).ok());
  ASSERT_TRUE(ins_->Write([&](Tx& tx) { return tx.SendRequest(Onward(id)).status(); }).ok());
  world_.clock().Advance(absl::Seconds(5));
  ExpectPublished(2);
  std::vector<bus::v1::Header> kept = exchange().Kept();
  ASSERT_EQ(kept.size(), 3u);
  EXPECT_EQ(kept[1].referral().transition(), TRANSITION_TAKE_UP);
  EXPECT_EQ(kept[2].referral().transition(), types::v1::TRANSITION_REQUEST);
}

TEST_F(AgencyTest, AStepWaitsForALinkedRequestBeforeIt) {
  std::string id = Request();
  DeliverToIns();
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_TAKE_UP).ok());
  ExpectPublished(1);
  exchange().RefuseNext(Refusal(absl::StatusCode::kResourceExhausted, "OVERLOADED", "queue: full"));
  ASSERT_TRUE(ins_->Write([&](Tx& tx) { return tx.SendRequest(Onward(id)).status(); }).ok());
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_ANSWER).ok());
  ExpectPublished(3);  // One of them refused.
  std::vector<bus::v1::Header> kept = exchange().Kept();
  ASSERT_EQ(kept.size(), 4u);
  EXPECT_EQ(kept[2].referral().transition(), types::v1::TRANSITION_REQUEST);
  EXPECT_EQ(kept[3].referral().transition(), TRANSITION_ANSWER);
}

TEST_F(AgencyTest, SendsWhatWasQueuedBeforeARestartAsTheSameBytes) {
  std::string id = Request();
  DeliverToIns();
  exchange().SetUp(false);
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_TAKE_UP).ok());
  std::string queued;
  auto read = [&](Tx& tx) {
    return tx.db().Query("SELECT message_id FROM outbox", {}, [&](const Row& row) {
      queued = row.Bytes(0);
      return absl::OkStatus();
    });
  };
  ASSERT_TRUE(ins_->Read(read).ok());
  ReopenIns();
  exchange().SetUp(true);
  // The result of the receipt may have been lost with the process.
  world_.clock().Advance(absl::Seconds(5));
  ExpectPublished(1);
  EXPECT_EQ(exchange().Kept().back().id(), queued);
}

TEST_F(AgencyTest, TellsTheHandlerOfARefusedMessageAndOfWhatCountedOnIt) {
  std::string id = Request();
  DeliverToIns();
  exchange().SetUp(false);
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_TAKE_UP).ok());
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_ANSWER).ok());
  exchange().RefuseNext(
      Refusal(absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION", "not from here"));
  exchange().SetUp(true);
  EXPECT_THAT(ins_handler_.WaitForRefused(2),
              testing::ElementsAre("TRANSITION_TAKE_UP ILLEGAL_TRANSITION",
                                   "TRANSITION_ANSWER PREDECESSOR_REFUSED"));
  // Another transaction of the sender's may still run; a write waits for it.
  ASSERT_TRUE(ins_->Write([](Tx&) { return absl::OkStatus(); }).ok());
  EXPECT_THAT(Outbox(*ins_, id),
              testing::ElementsAre("TRANSITION_TAKE_UP refused ILLEGAL_TRANSITION",
                                   "TRANSITION_ANSWER refused PREDECESSOR_REFUSED"));
  ReferralView view = View(*ins_, id);
  EXPECT_EQ(view.state, REFERRAL_STATE_RECEIVED);
  EXPECT_EQ(view.version, 2u);
  EXPECT_THAT(view.problem, testing::HasSubstr("the bus refused"));
  // It is not stuck: the next step goes through.
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_TAKE_UP).ok());
  ExpectPublished(2);
  EXPECT_EQ(exchange().Find(id)->state(), REFERRAL_STATE_TAKEN_UP);
  EXPECT_EQ(View(*ins_, id).problem, "");
}

TEST_F(AgencyTest, RefusesAStepThatTheTableDoesNotHave) {
  std::string id = Request();
  DeliverToIns();
  absl::Status answer = Step(*ins_, id, TRANSITION_ANSWER);
  EXPECT_EQ(ReasonOf(answer), "TRANSITION_NOT_ALLOWED");
  EXPECT_TRUE(absl::IsFailedPrecondition(answer)) << answer;
  EXPECT_EQ(ReasonOf(Step(*doj_, id, TRANSITION_TAKE_UP)), "TRANSITION_NOT_ALLOWED");
}

TEST_F(AgencyTest, RefusesAnOfficerWhoSawAnotherVersion) {
  std::string id = Request();
  DeliverToIns();
  auto check = [&](int64_t version) {
    return ins_->Read(
        [&](Tx& tx) { return tx.ReferralForStep(id, version, TRANSITION_TAKE_UP).status(); });
  };
  EXPECT_TRUE(check(2).ok());
  EXPECT_EQ(ReasonOf(check(1)), "VERSION_STALE");
  EXPECT_EQ(ReasonOf(check(-1)), "VERSION_STALE");
}

TEST_F(AgencyTest, LearnsByRefreshWhetherToCancelOrToAsk) {
  std::string id = Request();
  EXPECT_EQ(doj_->RefreshReferral(id)->state, REFERRAL_STATE_REQUESTED);
  DeliverToIns();
  absl::StatusOr<ReferralView> view = doj_->RefreshReferral(id);
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->state, REFERRAL_STATE_RECEIVED);
  EXPECT_EQ(ReasonOf(Step(*doj_, id, TRANSITION_CANCEL)), "TRANSITION_NOT_ALLOWED");
  ASSERT_TRUE(Step(*doj_, id, TRANSITION_ASK_TO_CANCEL).ok());
  ExpectPublished(1);
  DeliverToIns();
  EXPECT_EQ(View(*ins_, id).state, REFERRAL_STATE_CANCEL_ASKED);
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_CONTINUE).ok());
  ExpectPublished(1);
  EXPECT_EQ(View(*ins_, id).state, REFERRAL_STATE_RECEIVED);
  DeliverToDoj();
  EXPECT_EQ(View(*doj_, id).state, REFERRAL_STATE_RECEIVED);
}

TEST_F(AgencyTest, RefreshSaysUnavailableWhenTheBusIsAway) {
  std::string id = Request();
  exchange().SetUp(false);
  EXPECT_TRUE(absl::IsUnavailable(doj_->RefreshReferral(id).status()));
}

TEST_F(AgencyTest, KeepsNothingOfAWriteThatFails) {
  std::string id;
  absl::Status done = doj_->Write([&](Tx& tx) -> absl::Status {
    WS_ASSIGN_OR_RETURN(id, tx.SendRequest(TestWorld::Request()));
    return absl::AbortedError("no");
  });
  EXPECT_TRUE(absl::IsAborted(done));
  EXPECT_TRUE(Outbox(*doj_, id).empty());
  Request();
  EXPECT_EQ(exchange().Kept().size(), 1u);
}

TEST_F(AgencyTest, RefusesAMalformedContentBeforeItIsSealed) {
  Tx::Request request = TestWorld::Request();
  request.content.set_from_unit("ins/vsc");
  absl::Status done = doj_->Write([&](Tx& tx) { return tx.SendRequest(request).status(); });
  EXPECT_EQ(ReasonOf(done), "CONTENT_MALFORMED");
  EXPECT_THAT(std::string(done.message()), testing::HasSubstr("from_unit"));
}

TEST_F(AgencyTest, RefusesAHandleInUpperCase) {
  for (const char* person : {"pv-7Q4K-2M9X-0TCE", "PV-7q4k", "pv-a b", "pv-a.b"}) {
    Tx::Request request = TestWorld::Request();
    request.content.set_person(person);
    absl::Status done = doj_->Write([&](Tx& tx) { return tx.SendRequest(request).status(); });
    EXPECT_EQ(ReasonOf(done), "CONTENT_MALFORMED") << person;
    EXPECT_THAT(std::string(done.message()), testing::Not(testing::HasSubstr(person)));
  }
}

// Without the recovery key a case is lost with its reader's key, without the
// archive key its sender cannot read what it sent.
TEST_F(AgencyTest, SendsNothingWithoutTheRecoveryAndArchiveCertificates) {
  std::string id = Request();
  DeliverToIns();
  const std::vector<std::pair<std::string, bus::v1::CertificateUse>> missing = {
      {"doj", bus::v1::CERTIFICATE_USE_ENCRYPT},
      {"doj", bus::v1::CERTIFICATE_USE_RECOVERY},
      {"ins", bus::v1::CERTIFICATE_USE_ARCHIVE}};
  for (const auto& [agency, use] : missing) {
    KnowWithout(TestWorld::IdentityOf(agency), use);
    absl::Status refused = Step(*ins_, id, TRANSITION_TAKE_UP);
    EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
    EXPECT_EQ(ReasonOf(refused), "CERTIFICATE_UNKNOWN");
    EXPECT_THAT(std::string(refused.message()),
                testing::AllOf(testing::HasSubstr(TestWorld::IdentityOf(agency)),
                               testing::HasSubstr(bus::v1::CertificateUse_Name(use))));
    EXPECT_TRUE(Outbox(*ins_, id).empty());
  }
  KnowWithout("", bus::v1::CERTIFICATE_USE_UNSPECIFIED);
  EXPECT_TRUE(Step(*ins_, id, TRANSITION_TAKE_UP).ok());
  // A restart may have cut off the answer to the receipt; then the ledger is asked.
  world_.clock().Advance(absl::Seconds(5));
  ExpectPublished(1);
}

TEST_F(AgencyTest, NamesARecipientWhoIsNotOnTheBus) {
  Tx::Request request = TestWorld::Request();
  request.target = "usaid";
  EXPECT_EQ(ReasonOf(doj_->Write([&](Tx& tx) { return tx.SendRequest(request).status(); })),
            "UNKNOWN_RECIPIENT");
}

TEST_F(AgencyTest, KnowsTheDirectoryAfterARestartWithoutTheBus) {
  exchange().SetDirectory({});
  ReopenIns();
  ASSERT_NE(ins_->Directory(), nullptr);
  EXPECT_EQ(ins_->Directory()->version(), 1u);
  EXPECT_TRUE(ins_->Directory()->UnitHas(TestWorld::IdentityOf("doj"), "doj/fbi", "federal_lea"));
}

TEST_F(AgencyTest, WhatIsNotTheMessagesFaultIsSentAgainAsTheSameBytes) {
  const absl::Status kNotOurs[] = {
      Refusal(absl::StatusCode::kResourceExhausted, "OVERLOADED", "queue: full"),
      Refusal(absl::StatusCode::kUnauthenticated, "CRL_EXPIRED", "list: ran out"),
      Refusal(absl::StatusCode::kUnauthenticated, "CRL_MISSING", "list: none")};
  for (const absl::Status& refusal : kNotOurs) {
    exchange().RefuseNext(refusal);
    const std::string id = Request();
    ExpectPublished(1);  // Once more, after a pause.
    ASSERT_TRUE(doj_->Write([](Tx&) { return absl::OkStatus(); }).ok());
    EXPECT_EQ(View(*doj_, id).problem, "") << refusal;
    EXPECT_EQ(exchange().Find(id)->version(), 1u) << refusal;
  }
  EXPECT_EQ(exchange().Kept().size(), std::size(kNotOurs));
}

TEST_F(AgencyTest, ACertificateOfOursThatRanOutIsARefusal) {
  exchange().RefuseNext(
      Refusal(absl::StatusCode::kUnauthenticated, "CERTIFICATE_EXPIRED", "certificate: ran out"));
  Request();
  EXPECT_THAT(doj_handler_.WaitForRefused(1),
              testing::ElementsAre("TRANSITION_REQUEST CERTIFICATE_EXPIRED"));
}

}  // namespace
}  // namespace waystation::agency
