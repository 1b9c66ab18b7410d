#include "common/client/bus_client.h"

#include <string>

#include "common/client/fake_broker_fixture.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::client {
namespace {

class BusClientTest : public FakeBrokerFixture {};

TEST_F(BusClientTest, PublishesAndProvesTheReceipt) {
  const auto message = Note(*doj_, kDoj, kIns, 1);
  auto first = client_->Publish(message);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_FALSE(first->duplicate);
  EXPECT_EQ(first->receipt.message_id(), IdOf(1));
  auto again = client_->Publish(message);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->signed_receipt.SerializeAsString(), first->signed_receipt.SerializeAsString());
  auto outcome = client_->GetPublishOutcome(message.header());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->receipt.sequence(), first->receipt.sequence());
}

TEST_F(BusClientTest, TellsARefusalWithItsReason) {
  broker_.Refuse(IdOf(1));
  absl::Status status = client_->Publish(Note(*doj_, kDoj, kIns, 1)).status();
  EXPECT_TRUE(absl::IsPermissionDenied(status));
  EXPECT_EQ(ReasonOf(status), "POLICY_DENIED");
}

TEST_F(BusClientTest, DoesNotBelieveAForgedReceipt) {
  broker_.SpoilReceipts(1, [](auto* result) {
    result->mutable_receipt()->mutable_signature()->mutable_signature()->back() ^= 1;
  });
  EXPECT_EQ(ReasonOf(client_->Publish(Note(*doj_, kDoj, kIns, 1)).status()), "SIGNATURE_INVALID");
}

TEST_F(BusClientTest, DoesNotTakeAReceiptForOtherContentUnderTheSameId) {
  ASSERT_TRUE(client_->Publish(Note(*doj_, kDoj, kIns, 1)).ok());
  auto changed =
      evidence::TestMessage(*doj_, evidence::TestHeader(kDoj, kIns, 1, "other"), "other");
  EXPECT_EQ(ReasonOf(client_->Publish(changed).status()), "RECEIPT_MISMATCH");
}

TEST_F(BusClientTest, TellsWhatTheBusDoesNotHave) {
  absl::Status status = client_->GetPublishOutcome(Note(*doj_, kDoj, kIns, 1).header()).status();
  EXPECT_EQ(ReasonOf(status), "UNKNOWN_MESSAGE");
}

TEST_F(BusClientTest, ReadsTheLedger) {
  bus::v1::Referral referral;
  referral.set_referral_id(std::string(16, 'r'));
  referral.set_version(3);
  broker_.SetReferral(referral);
  auto found = client_->GetReferral(referral.referral_id());
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->version(), 3u);
  EXPECT_EQ(ReasonOf(client_->GetReferral(std::string(16, 'x')).status()), "UNKNOWN_REFERRAL");
  EXPECT_EQ(client_->ListReferrals({})->referrals_size(), 1);
  EXPECT_EQ(client_->GetReferralHistory(referral.referral_id())->referral().version(), 3u);
}

TEST_F(BusClientTest, KeepsTheDirectoryUntilANewerOneIsAskedFor) {
  auto first = client_->directory().Get();
  ASSERT_TRUE(first.ok()) << first.status();
  uint64_t told = 0;
  client_->directory().SetListener(
      [&](const DirectoryCache::View& view) { told = view->version(); });
  bus_.Enroll("/agency/dol");
  broker_.PublishDirectory();
  EXPECT_EQ((*client_->directory().Get())->version(), (*first)->version());
  auto newer = client_->directory().Refresh((*first)->version());
  ASSERT_TRUE(newer.ok()) << newer.status();
  EXPECT_EQ((*newer)->version(), (*first)->version() + 1);
  EXPECT_EQ(told, (*newer)->version());
  EXPECT_NE((*newer)->Find(evidence::TestBus::Identity("/agency/dol")), nullptr);
}

TEST(DirectoryCacheTest, DoesNotGoBackToAnOlderDirectoryAndDoesNotHurry) {
  FakeClock clock(evidence::TestBus::Now());
  bus::v1::Directory directory;
  directory.set_version(5);
  int fetches = 0;
  DirectoryCache cache(
      [&] {
        ++fetches;
        return directory;
      },
      absl::Seconds(1), clock);
  ASSERT_EQ((*cache.Get())->version(), 5u);
  directory.set_version(6);
  EXPECT_EQ((*cache.Refresh(5))->version(), 5u);
  EXPECT_EQ(fetches, 1);
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ((*cache.Refresh(5))->version(), 6u);
  clock.Advance(absl::Seconds(1));
  directory.set_version(4);
  EXPECT_TRUE(absl::IsDataLoss(cache.Refresh(6).status()));
  EXPECT_EQ((*cache.Get())->version(), 6u);
}

}  // namespace
}  // namespace waystation::client
