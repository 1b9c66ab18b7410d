#include "common/agency/custody.h"

#include "common/agency/agency_fixture.h"
#include "common/agency/schema.h"

namespace waystation::agency {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using types::v1::REFERRAL_STATE_ANSWERED;
using types::v1::TRANSITION_ANSWER;
using types::v1::TRANSITION_TAKE_UP;

// A bus that loses what it had kept since its backup.
class CustodyTest : public AgencyTest {
 protected:
  static std::string Identity(const std::string& agency) { return TestWorld::IdentityOf(agency); }

  // Messages that wait, were kept or were refused, of all referrals.
  static std::vector<std::string> Sent(Agency& agency) {
    std::vector<std::string> texts;
    absl::Status read = agency.Read([&](Tx& tx) {
      return tx.db().Query(
          "SELECT transition, state, again, coalesce(refusal_reason, '') FROM outbox "
          "ORDER BY position",
          {}, [&](const Row& row) {
            texts.push_back(absl::StrCat(
                types::v1::Transition_Name(static_cast<Transition>(row.Int(0))), " ", row.Int(1),
                " ", row.Int(2), row.Bytes(3).empty() ? "" : " ", row.Bytes(3)));
            return absl::OkStatus();
          });
    });
    EXPECT_TRUE(read.ok()) << read;
    return texts;
  }
  // Every step of a look; how many messages are gone.
  static uint64_t LookAt(Store& store, Bus& bus) {
    uint64_t gone = 0;
    absl::StatusOr<CustodyLook> look = CustodyLook{0, false};
    while (look.ok() && !look->done) {
      look = LookAfterCustody(store, bus, absl::Seconds(1));
      EXPECT_TRUE(look.ok()) << look.status();
      if (look.ok()) gone += look->gone;
    }
    return gone;
  }
  // Everything is delivered and answered until the referral stands so.
  bool WaitForState(const std::string& id, types::v1::ReferralState state) {
    for (int i = 0; i < 1000; ++i) {
      DeliverToIns();
      DeliverToDoj();
      auto referral = exchange().Find(id);
      if (referral.ok() && referral->state() == state) return true;
      absl::SleepFor(absl::Milliseconds(10));
    }
    return false;
  }
  // A referral that was answered, all of it behind the backup.
  std::string AnsweredBehindTheBackup() {
    exchange().Backup();
    std::string id = Request();
    DeliverToIns();
    EXPECT_TRUE(Step(*ins_, id, TRANSITION_TAKE_UP).ok());
    EXPECT_TRUE(Step(*ins_, id, TRANSITION_ANSWER).ok());
    ExpectPublished(2);
    DeliverToDoj();
    EXPECT_EQ(View(*doj_, id).state, REFERRAL_STATE_ANSWERED);
    AwaitKept(*doj_);
    AwaitKept(*ins_);
    world_.clock().Advance(absl::Seconds(1));
    return id;
  }
  // The agency's sender has taken over what the bus said of all that it sent.
  static void AwaitKept(Agency& agency) {
    auto kept = [&] {
      const std::vector<std::string> sent = Sent(agency);
      return std::all_of(sent.begin(), sent.end(), [](const std::string& one) {
        return one.find(" 1 0") != std::string::npos;
      });
    };
    for (int i = 0; i < 1000 && !kept(); ++i) absl::SleepFor(absl::Milliseconds(10));
  }
  std::vector<std::string> KeptIds() {
    std::vector<std::string> ids;
    for (const bus::v1::Header& header : exchange().Kept()) ids.push_back(header.id());
    return ids;
  }
};

TEST_F(CustodyTest, SendersBringBackWhatTheBusHasLost) {
  std::string id = AnsweredBehindTheBackup();
  const std::vector<std::string> before = KeptIds();
  exchange().Restore();
  ASSERT_THAT(KeptIds(), IsEmpty());
  // INS first: its steps wait for a request that the bus does not have.
  exchange().Tell(Identity("ins"));
  exchange().Tell(Identity("doj"));
  ASSERT_TRUE(WaitForState(id, REFERRAL_STATE_ANSWERED));
  EXPECT_EQ(KeptIds(), before);
  EXPECT_EQ(exchange().Find(id)->version(), 4u);
  // The same messages, so nothing is applied twice and nobody has a problem to look at.
  EXPECT_EQ(Effects(*ins_), 1);
  EXPECT_EQ(Effects(*doj_), 2);
  EXPECT_THAT(View(*ins_, id).problem, IsEmpty());
  EXPECT_THAT(View(*doj_, id).problem, IsEmpty());
  EXPECT_EQ(View(*ins_, id).version, 4u);
  EXPECT_THAT(ins_handler_.WaitForRefused(0), IsEmpty());
}

TEST_F(CustodyTest, ANewStepOnWhatWasLostWaitsForItAndIsNoProblem) {
  exchange().Backup();
  std::string id = Request();
  DeliverToIns();
  AwaitKept(*doj_);
  world_.clock().Advance(absl::Seconds(1));
  exchange().Restore();
  // Nobody has told anyone yet; INS has had nothing on the bus that could be lost.
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_TAKE_UP).ok());
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_ANSWER).ok());
  ExpectPublished(1);
  exchange().Tell(Identity("doj"));
  ASSERT_TRUE(WaitForState(id, REFERRAL_STATE_ANSWERED));
  EXPECT_THAT(ins_handler_.WaitForRefused(0), IsEmpty());
  EXPECT_THAT(View(*ins_, id).problem, IsEmpty());
  EXPECT_EQ(Effects(*ins_), 1);
}

TEST_F(CustodyTest, ARefusalByABusThatIsNotBehindIsFinalStill) {
  std::string id = Request();
  DeliverToIns();
  exchange().RefuseNext(
      Refusal(absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION", "not from here"));
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_TAKE_UP).ok());
  EXPECT_THAT(ins_handler_.WaitForRefused(1), ElementsAre("TRANSITION_TAKE_UP ILLEGAL_TRANSITION"));
}

TEST_F(CustodyTest, WhatTheBusHasIsNotSentAgain) {
  std::string id = Request();
  DeliverToIns();
  exchange().Backup();
  exchange().Restore();
  AwaitKept(*doj_);
  exchange().Tell(Identity("doj"));
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_TAKE_UP).ok());
  ExpectPublished(1);
  EXPECT_THAT(Sent(*doj_), ElementsAre("TRANSITION_REQUEST 1 0"));
}

TEST_F(CustodyTest, WhatIsRefusedForGoodStaysKeptWithTheReason) {
  exchange().Backup();
  Request();
  AwaitKept(*doj_);
  world_.clock().Advance(absl::Seconds(1));
  exchange().Restore();
  exchange().RefuseNext(
      Refusal(absl::StatusCode::kUnauthenticated, "CERTIFICATE_EXPIRED", "too late"));
  exchange().Tell(Identity("doj"));
  ExpectPublished(1);
  for (int i = 0; i < 500 && Sent(*doj_)[0].find("CERTIFICATE") == std::string::npos; ++i) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_THAT(Sent(*doj_), ElementsAre("TRANSITION_REQUEST 1 0 CERTIFICATE_EXPIRED"));
  EXPECT_THAT(doj_handler_.WaitForRefused(0), IsEmpty());
  // Asked again, it is not sent again.
  exchange().Tell(Identity("doj"));
  Request();
  EXPECT_EQ(exchange().Kept().size(), 1u);
}

TEST_F(CustodyTest, WhatCameAfterALinkedRequestDoesNotOvertakeIt) {
  std::shared_ptr<Store> store =
      *Store::Open({world_.StorePath("ins-2"), world_.store_key()}, {RuntimeSchema(), kSchema});
  ins_ = world_.OpenOn("ins", ins_handler_, store);
  ins_->Start();
  exchange().Backup();
  std::string id = Request();
  DeliverToIns();
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_TAKE_UP).ok());
  ExpectPublished(1);
  ASSERT_TRUE(ins_->Write([&](Tx& tx) {
                    Tx::Request child = TestWorld::Request();
                    child.target = "doj";
                    child.content = TestWorld::Content("ins", types::v1::TRANSITION_REQUEST);
                    child.parent_referral_id = id;
                    return tx.SendRequest(child).status();
                  })
                  .ok());
  ExpectPublished(1);
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_ANSWER).ok());
  ExpectPublished(1);
  AwaitKept(*ins_);
  ins_.reset();
  world_.clock().Advance(absl::Seconds(1));
  exchange().Restore();

  std::unique_ptr<Bus> bus = exchange().Connect(Identity("ins"));
  EXPECT_EQ(LookAt(*store, *bus), 3u);
  // A new step on the parent, behind all that is sent again.
  std::vector<Transition> again;
  std::vector<Outgoing> fresh;
  AgainCursor cursor;
  absl::Status read = store->Write([&](Transaction& db) -> absl::Status {
    WS_ASSIGN_OR_RETURN(std::vector<Outgoing> round, NextToSendAgain(db, 10, &cursor));
    for (const Outgoing& one : round) {
      bus::v1::SignedMessage message;
      bus::v1::Header header;
      EXPECT_TRUE(message.ParseFromString(one.message));
      EXPECT_TRUE(header.ParseFromString(message.header()));
      again.push_back(header.referral().transition());
    }
    // Both steps of the parent are back, the child is not.
    WS_RETURN_IF_ERROR(MarkKept(db, round[0].message_id, {}));
    WS_RETURN_IF_ERROR(MarkKept(db, round[2].message_id, {}));
    OutboxDraft draft;
    draft.message_id = "a new step";
    draft.referral_id = id;
    draft.transition = types::v1::TRANSITION_HOLD;
    WS_RETURN_IF_ERROR(Queue(db, draft, world_.clock().Now()));
    WS_ASSIGN_OR_RETURN(fresh, NextToSend(db, 10));
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  EXPECT_THAT(again,
              ElementsAre(TRANSITION_TAKE_UP, types::v1::TRANSITION_REQUEST, TRANSITION_ANSWER));
  EXPECT_THAT(fresh, IsEmpty());
  EXPECT_EQ(cursor.position, 0);
}

// The journal went back behind what one message of ours, and a backlog was kept before
// anybody looked: the newest that the bus kept is there.
TEST_F(CustodyTest, AnotherLogIsReasonEnoughToLookForEverything) {
  Request();
  AwaitKept(*doj_);
  exchange().Tell(Identity("doj"));
  exchange().Backup();
  std::string lost = Request();
  AwaitKept(*doj_);
  world_.clock().Advance(absl::Seconds(1));
  exchange().Restore();
  Request();
  Request();
  AwaitKept(*doj_);
  ASSERT_EQ(exchange().Kept().size(), 3u);
  exchange().Tell(Identity("doj"));
  ASSERT_TRUE(WaitForState(lost, types::v1::REFERRAL_STATE_RECEIVED));
}

// While it was gone the other party took another step.
TEST_F(CustodyTest, AStepWhoseVersionIsTakenIsGivenUpAndShown) {
  std::string id = Request();
  DeliverToIns();
  AwaitKept(*doj_);
  exchange().Backup();
  ASSERT_TRUE(Step(*ins_, id, TRANSITION_TAKE_UP).ok());
  ASSERT_TRUE(Step(*ins_, id, types::v1::TRANSITION_HOLD).ok());
  ExpectPublished(2);
  AwaitKept(*ins_);
  world_.clock().Advance(absl::Seconds(1));
  exchange().Restore();
  ASSERT_TRUE(doj_->RefreshReferral(id).ok());
  ASSERT_TRUE(Step(*doj_, id, types::v1::TRANSITION_ASK_TO_CANCEL).ok());
  ExpectPublished(1);
  exchange().Tell(Identity("ins"));
  for (int i = 0; i < 500 && View(*ins_, id).problem.empty(); ++i) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_THAT(View(*ins_, id).problem, testing::HasSubstr("the bus has lost \"take up\""));
  EXPECT_EQ(View(*ins_, id).version, 3u);
  EXPECT_THAT(Sent(*ins_), ElementsAre("TRANSITION_TAKE_UP 1 0 STALE_VERSION",
                                       "TRANSITION_HOLD 1 0 PREDECESSOR_REFUSED"));
  // It goes on from where the bus is.
  DeliverToIns();
  EXPECT_TRUE(Step(*ins_, id, types::v1::TRANSITION_CONFIRM_CANCEL).ok());
  ExpectPublished(1);
}

TEST_F(CustodyTest, ABusThatCannotBeAskedChangesNothing) {
  Request();
  AwaitKept(*doj_);
  exchange().SetUp(false);
  exchange().Tell(Identity("doj"));
  ASSERT_TRUE(doj_->Write([](Tx&) { return absl::OkStatus(); }).ok());
  EXPECT_THAT(Sent(*doj_), ElementsAre("TRANSITION_REQUEST 1 0"));
}

}  // namespace
}  // namespace waystation::agency
