#include "common/agency/inbox.h"

#include "common/agency/agency_fixture.h"

namespace waystation::agency {
namespace {

// What needs the agency now.
std::vector<types::v1::InboxItem> Inbox(Agency& agency) {
  InboxPage page;
  absl::Status read = agency.Read([&](Tx& tx) -> absl::Status {
    WS_ASSIGN_OR_RETURN(page, ListInbox(tx, {.ours_only = true}, 0, ""));
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  return page.items;
}

TEST_F(AgencyTest, ListsWhatNeedsUsOverdueFirst) {
  Tx::Request late = TestWorld::Request();
  late.due_time = world_.clock().Now() + absl::Hours(1);
  late.content.set_due_basis("POLICY-TEST-1");
  std::string first = Request();
  world_.clock().Advance(absl::Minutes(1));
  std::string second = Request(late);
  DeliverToIns();
  world_.clock().Advance(absl::Hours(2));
  const std::vector<types::v1::InboxItem> items = Inbox(*ins_);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].referral_id(), second);
  EXPECT_TRUE(items[0].overdue());
  EXPECT_EQ(items[0].due_basis(), "POLICY-TEST-1");
  EXPECT_EQ(items[0].next_move_agency(), "ins");
  EXPECT_EQ(items[0].version(), 2);
  EXPECT_EQ(items[1].referral_id(), first);
}

TEST_F(AgencyTest, InboxHoldsWhatTheOfficerMayLearnOfAlone) {
  const std::string id = Request();
  DeliverToIns();
  auto items_seen_by = [&](const std::string& unit) {
    InboxPage page;
    absl::Status read = ins_->Read([&](Tx& tx) -> absl::Status {
      WS_ASSIGN_OR_RETURN(
          page, ListInbox(tx, {.sees = [&](const std::string& of) { return of == unit; }}, 0, ""));
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return page.items.size();
  };
  ReferralView view;
  ASSERT_TRUE(ins_->Read([&](Tx& tx) -> absl::Status {
                    WS_ASSIGN_OR_RETURN(view, tx.Referral(id));
                    return absl::OkStatus();
                  })
                  .ok());
  ASSERT_FALSE(view.our_unit.empty());
  EXPECT_EQ(items_seen_by(view.our_unit), 1u);
  EXPECT_EQ(items_seen_by("ins/another"), 0u);
}

TEST_F(AgencyTest, OutcomeThatWasReadLeavesTheInbox) {
  std::string id = Request();
  DeliverToIns();
  ASSERT_TRUE(Step(*ins_, id, types::v1::TRANSITION_RETURN).ok());
  ExpectPublished(1);
  DeliverToDoj();
  ASSERT_EQ(Inbox(*doj_).size(), 1u);
  EXPECT_EQ(Inbox(*doj_)[0].next_move(), "read how it ended: returned");
  ASSERT_TRUE(doj_->Write([&](Tx& tx) { return MarkOutcomeRead(id, tx); }).ok());
  EXPECT_TRUE(Inbox(*doj_).empty());
}

TEST_F(AgencyTest, ProblemStaysInTheInboxThoughTheOutcomeWasRead) {
  std::string id = Request();
  DeliverToIns();
  exchange().RefuseNext(Refusal(absl::StatusCode::kFailedPrecondition, "ILLEGAL_TRANSITION", "no"));
  ASSERT_TRUE(Step(*ins_, id, types::v1::TRANSITION_TAKE_UP).ok());
  ins_handler_.WaitForRefused(1);
  ASSERT_TRUE(ins_->Write([&](Tx& tx) { return MarkOutcomeRead(id, tx); }).ok());
  ASSERT_EQ(Inbox(*ins_).size(), 1u);
  EXPECT_THAT(Inbox(*ins_)[0].next_move(), testing::HasSubstr("the bus refused \"take up\""));
}

TEST_F(AgencyTest, NoticeStaysInTheInboxThroughStepsUntilItIsRead) {
  std::string id = Request();
  DeliverToIns();
  ASSERT_TRUE(doj_->Write([&](Tx& tx) { return tx.Notify(id, "somebody read it"); }).ok());
  ASSERT_EQ(Inbox(*doj_).size(), 1u);
  EXPECT_EQ(Inbox(*doj_)[0].next_move(), "read the notice: somebody read it");
  EXPECT_EQ(Inbox(*doj_)[0].next_move_agency(), "doj");
  ASSERT_TRUE(Step(*ins_, id, types::v1::TRANSITION_RETURN).ok());
  ExpectPublished(1);
  DeliverToDoj();
  ASSERT_TRUE(doj_->Write([&](Tx& tx) { return tx.MarkRead(id); }).ok());
  EXPECT_EQ(Inbox(*doj_)[0].next_move(), "read the notice: somebody read it");
  ASSERT_TRUE(doj_->Write([&](Tx& tx) { return tx.NoticeRead(id); }).ok());
  EXPECT_TRUE(Inbox(*doj_).empty());
}

TEST_F(AgencyTest, NoticeOfAnUnknownReferralIsRefused) {
  const std::string id(16, 'x');
  EXPECT_EQ(ReasonOf(doj_->Write([&](Tx& tx) { return tx.Notify(id, "text"); })),
            "REFERRAL_UNKNOWN");
  EXPECT_EQ(ReasonOf(doj_->Write([&](Tx& tx) { return tx.NoticeRead(id); })), "REFERRAL_UNKNOWN");
}

TEST_F(AgencyTest, EvidenceIsTheBussOrNone) {
  std::string id = Request();
  auto evidence = doj_->GetEvidence(id);
  ASSERT_TRUE(evidence.ok()) << evidence.status();
  ASSERT_EQ(evidence->history.entries_size(), 1);
  EXPECT_TRUE(evidence->history.entries(0).has_custody_receipt());
  EXPECT_GT(evidence->directory.directory().identities_size(), 0);
  const absl::Status none = doj_->GetEvidence(std::string(16, 'x')).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(none));
  EXPECT_EQ(ReasonOf(none), "NOT_ON_RECORD");
  exchange().SetUp(false);
  const absl::Status away = doj_->GetEvidence(id).status();
  EXPECT_TRUE(absl::IsUnavailable(away));
  EXPECT_EQ(ReasonOf(away), "BUS_AWAY");
}

TEST_F(AgencyTest, PagesThroughReferralsNewestFirst) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.insert(ids.begin(), Request());
  std::vector<std::string> listed;
  std::string token;
  do {
    absl::Status read = doj_->Read([&](Tx& tx) -> absl::Status {
      WS_ASSIGN_OR_RETURN(ReferralPage page, ListReferrals(tx, {}, 2, token));
      for (const ReferralView& view : page.referrals) listed.push_back(view.referral_id);
      token = page.next_page_token;
      return absl::OkStatus();
    });
    ASSERT_TRUE(read.ok()) << read;
  } while (!token.empty());
  EXPECT_EQ(listed, ids);
}

TEST_F(AgencyTest, RefusesAPageTokenThatWasNotIssuedHere) {
  for (const char* token : {"x", "i", "i-1", "i1x", "r1", "i99999999999999999999"}) {
    absl::Status read = doj_->Read([&](Tx& tx) { return ListInbox(tx, {}, 0, token).status(); });
    EXPECT_EQ(ReasonOf(read), "PAGE_TOKEN_INVALID") << token;
  }
}

}  // namespace
}  // namespace waystation::agency
