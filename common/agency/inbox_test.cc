#include "common/agency/inbox.h"

#include "common/agency/agency_fixture.h"

namespace waystation::agency {
namespace {

TEST_F(AgencyTest, ListsWhatNeedsUsOverdueFirst) {
  Tx::Request late = TestWorld::Request();
  late.due_time = world_.clock().Now() + absl::Hours(1);
  late.content.set_due_basis("POLICY-TEST-1");
  std::string first = Request();
  world_.clock().Advance(absl::Minutes(1));
  std::string second = Request(late);
  DeliverToIns();
  world_.clock().Advance(absl::Hours(2));
  InboxPage page;
  absl::Status read = ins_->Read([&](Tx& tx) -> absl::Status {
    WS_ASSIGN_OR_RETURN(page, ListInbox(tx, {.ours_only = true}, 0, ""));
    return absl::OkStatus();
  });
  ASSERT_TRUE(read.ok()) << read;
  ASSERT_EQ(page.items.size(), 2u);
  EXPECT_EQ(page.items[0].referral_id(), second);
  EXPECT_TRUE(page.items[0].overdue());
  EXPECT_EQ(page.items[0].due_basis(), "POLICY-TEST-1");
  EXPECT_EQ(page.items[0].next_move_agency(), "ins");
  EXPECT_EQ(page.items[0].version(), 2);
  EXPECT_EQ(page.items[1].referral_id(), first);
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
