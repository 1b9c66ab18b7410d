#include "common/agency/index_service.h"

#include "absl/strings/str_cat.h"
#include "common/agency/agency_fixture.h"
#include "common/evidence/handoff_index.h"
#include "common/evidence/message.h"
#include "common/evidence/verifier.h"

namespace waystation::agency {
namespace {

using audit::v1::HandoffEntry;
using types::v1::TRANSITION_RETURN;
using types::v1::TRANSITION_TAKE_UP;

constexpr char kAuditor[] = "spiffe://waystation.example/auditor";

class IndexServiceTest : public AgencyTest {
 protected:
  evidence::HandoffIndexPage Page(Agency& agency, const std::string& token = "", int size = 0) {
    IndexService service(agency, world_.trust());
    audit::v1::ListHandoffsRequest request;
    request.set_page_token(token);
    request.set_page_size(size);
    auto response = service.PageFor(kAuditor, request);
    EXPECT_TRUE(response.ok()) << response.status();
    auto page = evidence::ReadHandoffIndex(evidence::Verifier(*agency.Directory()), *response,
                                           agency.identity().spiffe_id, token);
    EXPECT_TRUE(page.ok()) << page.status();
    return *std::move(page);
  }
  std::string ReasonFor(const std::string& caller, int size = 0, const std::string& token = "") {
    IndexService service(*ins_, world_.trust());
    audit::v1::ListHandoffsRequest request;
    request.set_page_size(size);
    request.set_page_token(token);
    return ReasonOf(service.PageFor(caller, request).status());
  }
  // Waits until the sender has written down what the bus said.
  HandoffEntry Settled(Agency& agency, size_t index = 0) {
    for (int i = 0; i < 10'000; ++i) {
      HandoffEntry entry = Page(agency).entries.at(index);
      if (!entry.has_waiting()) return entry;
      std::this_thread::yield();
    }
    return Page(agency).entries.at(index);
  }
};

TEST_F(IndexServiceTest, SaysWhatWasSentAndThatTheBusKeepsIt) {
  Request();
  HandoffEntry sent = Settled(*doj_);
  const bus::v1::Header header = exchange().Kept().front();
  EXPECT_EQ(sent.position(), 1u);
  EXPECT_EQ(sent.message_id(), header.id());
  EXPECT_EQ(sent.envelope_hash(),
            crypto::AsBytes(evidence::EnvelopeHash(header.SerializeAsString())));
  EXPECT_EQ(sent.peer(), TestWorld::IdentityOf("ins"));
  EXPECT_EQ(sent.accepted().sequence(), 1u);
  EXPECT_EQ(sent.accepted().accept_time().seconds(), absl::ToUnixSeconds(world_.clock().Now()));
}

TEST_F(IndexServiceTest, SaysThatAMessageStillWaits) {
  exchange().SetUp(false);
  absl::Status queued =
      doj_->Write([](Tx& tx) { return tx.SendRequest(TestWorld::Request()).status(); });
  ASSERT_TRUE(queued.ok()) << queued;
  EXPECT_TRUE(Page(*doj_).entries.at(0).has_waiting());
}

TEST_F(IndexServiceTest, SaysWhyTheBusRefused) {
  exchange().RefuseNext(Refusal(absl::StatusCode::kInvalidArgument, "TIME_INVALID", "time"));
  Request();
  EXPECT_EQ(Settled(*doj_).refused().reason(), "TIME_INVALID");
}

TEST_F(IndexServiceTest, SaysWhatWasReceivedAndWithWhichOutcome) {
  Request();
  ASSERT_EQ(DeliverToIns(), 1u);
  HandoffEntry entry = Page(*ins_).entries.at(0);
  EXPECT_EQ(entry.peer(), TestWorld::IdentityOf("doj"));
  EXPECT_EQ(entry.message_id(), exchange().Kept().front().id());
  EXPECT_EQ(entry.received().outcome(), bus::v1::DELIVERY_OUTCOME_APPLIED);
  EXPECT_EQ(entry.received().attempt(), 1u);
}

TEST_F(IndexServiceTest, SaysThatAMessageIsQuarantined) {
  ins_handler_.on_case = [](const CaseMessage&, Tx&) {
    return absl::InvalidArgumentError("never");
  };
  Request();
  ASSERT_EQ(DeliverToIns(), 1u);
  EXPECT_EQ(Page(*ins_).entries.at(0).received().outcome(), bus::v1::DELIVERY_OUTCOME_QUARANTINED);
}

TEST_F(IndexServiceTest, ListsEveryEntryOnceOverPagesOfAnySize) {
  std::vector<std::string> referrals;
  for (int i = 0; i < 3; ++i) referrals.push_back(Request());
  ASSERT_EQ(DeliverToIns(), 3u);
  for (const std::string& id : referrals) ASSERT_TRUE(Step(*ins_, id, TRANSITION_RETURN).ok());
  ExpectPublished(3);
  const evidence::HandoffIndexPage all = Page(*ins_);
  ASSERT_EQ(all.entries.size(), 6u);
  EXPECT_EQ(all.page.next_page_token(), "");
  for (int size = 1; size <= 7; ++size) {
    std::vector<std::string> seen;
    std::string token;
    do {
      evidence::HandoffIndexPage page = Page(*ins_, token, size);
      for (const HandoffEntry& entry : page.entries) {
        seen.push_back(absl::StrCat(entry.has_received() ? "r" : "s", entry.position()));
      }
      token = page.page.next_page_token();
    } while (!token.empty());
    EXPECT_THAT(seen, testing::ElementsAre("s1", "s2", "s3", "r1", "r2", "r3")) << size;
  }
}

TEST_F(IndexServiceTest, ReadsWhatAnEarlierReleaseStored) {
  Request();
  ASSERT_EQ(DeliverToIns(), 1u);
  const HandoffEntry sent = Settled(*doj_);
  absl::Status cleared = doj_->Write(
      [](Tx& tx) { return tx.db().Exec("UPDATE outbox SET envelope_hash = NULL").status(); });
  ASSERT_TRUE(cleared.ok()) << cleared;
  EXPECT_EQ(Page(*doj_).entries.at(0).envelope_hash(), sent.envelope_hash());
}

TEST_F(IndexServiceTest, RefusesEverybodyButTheAuditor) {
  EXPECT_EQ(ReasonFor(kAuditor), "");
  for (const char* stranger :
       {"spiffe://waystation.example/agency/ins", "spiffe://waystation.example/agency/doj",
        "spiffe://waystation.example/agency/ins/staff/ins-officer-1",
        "spiffe://waystation.example/operator", "spiffe://waystation.example/broker/1",
        "spiffe://other.example/auditor", "spiffe://waystation.example/auditor/2", ""}) {
    EXPECT_EQ(ReasonFor(stranger), "CALLER_NOT_AUDITOR") << stranger;
  }
}

TEST_F(IndexServiceTest, RefusesAPageThatCannotBe) {
  EXPECT_EQ(ReasonFor(kAuditor, 1000), "");
  EXPECT_EQ(ReasonFor(kAuditor, 1001), "PAGE_SIZE_INVALID");
  EXPECT_EQ(ReasonFor(kAuditor, -1), "PAGE_SIZE_INVALID");
  for (const char* token : {"x1", "s", "s-1", "s1x", "1"}) {
    EXPECT_EQ(ReasonFor(kAuditor, 0, token), "PAGE_TOKEN_INVALID") << token;
  }
}

}  // namespace
}  // namespace waystation::agency
