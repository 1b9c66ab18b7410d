#include "services/audit/rules/delivery_watch.h"

#include "services/audit/rules/fold_fixture.h"

namespace waystation::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class DeliveryWatchTest : public FoldTest {};

TEST_F(DeliveryWatchTest, LeasedWithoutAReceiptIsFoundAndNotBefore) {
  const uint64_t request = Request();
  const uint64_t lease = Lease(request);
  Pass(kHour);
  EXPECT_EQ(OpenCount(), 0u);
  Pass(1);
  ASSERT_EQ(Open(Rule::kNoReceipt).size(), 1u);
  const v1::Finding finding = Open(Rule::kNoReceipt)[0];
  EXPECT_THAT(Parties(finding), ElementsAre(kDoj, kIns));
  EXPECT_THAT(Proof(finding), ElementsAre(request, lease));
  EXPECT_EQ(finding.referral_id(), referral_);
  Deliver(request);
  EXPECT_EQ(Closed(Rule::kNoReceipt).size(), 1u);
}

TEST_F(DeliveryWatchTest, AReceiptInTimeIsNoFinding) {
  const uint64_t request = Request();
  Lease(request);
  Pass(kHour);
  Deliver(request);
  Pass(2 * kHour);
  EXPECT_TRUE(findings_.empty());
}

TEST_F(DeliveryWatchTest, AMessageThatNobodyTakesIsNotTheReceiversFault) {
  Request();
  Pass(2 * kHour);
  EXPECT_TRUE(findings_.empty());
}

TEST_F(DeliveryWatchTest, TimeRunsFromTheFirstLease) {
  const uint64_t request = Request();
  Lease(request);
  Pass(kHour / 2);
  GiveBack(request, now_us_ + 1);
  Lease(request);
  Pass(kHour / 2 + 1);
  EXPECT_EQ(Open(Rule::kNoReceipt).size(), 1u);
}

TEST_F(DeliveryWatchTest, ACopyHasAReceiptOfItsOwn) {
  bus::v1::Header header = Step(kDoj, kIns, types::v1::TRANSITION_REQUEST, 0);
  header.add_recipients("spiffe://waystation.example/agency/hhs");
  const uint64_t request = Accept(header);
  Lease(request);
  Lease(request, header.recipients(1));
  Deliver(request);
  Pass(kHour + 1);
  ASSERT_EQ(Open(Rule::kNoReceipt).size(), 1u);
  EXPECT_THAT(Parties(Open(Rule::kNoReceipt)[0]), ElementsAre(kDoj, header.recipients(1)));
}

TEST_F(DeliveryWatchTest, ADeadLetterIsFoundAndTheOneBeforeItIsNot) {
  const uint64_t request = Request();
  GiveBack(request, now_us_ + 1);
  EXPECT_EQ(OpenCount(), 0u);
  const uint64_t dead = GiveBack(request, 0, "HANDLER_FAILED");
  ASSERT_EQ(Open(Rule::kDeadLetter).size(), 1u);
  const v1::Finding finding = Open(Rule::kDeadLetter)[0];
  EXPECT_THAT(Proof(finding), ElementsAre(request, dead));
  EXPECT_THAT(finding.detail(), HasSubstr("HANDLER_FAILED"));
}

TEST_F(DeliveryWatchTest, ADeadLetterTakesTheMissingReceiptsPlace) {
  const uint64_t request = Request();
  Lease(request);
  Pass(kHour + 1);
  GiveBack(request, 0);
  EXPECT_EQ(Closed(Rule::kNoReceipt).size(), 1u);
  EXPECT_EQ(Open(Rule::kDeadLetter).size(), 1u);
  Pass(2 * kHour);
  EXPECT_TRUE(Open(Rule::kNoReceipt).empty());
}

TEST_F(DeliveryWatchTest, RedriveEndsADeadLetterAndTheNextDeathOpensItAgain) {
  const uint64_t request = Request();
  GiveBack(request, 0);
  journal::v1::Record redriven;
  redriven.mutable_redriven()->set_queue(kIns);
  redriven.mutable_redriven()->add_sequences(request);
  redriven.mutable_redriven()->set_operator_("spiffe://waystation.example/operator");
  Take(std::move(redriven));
  ASSERT_EQ(Closed(Rule::kDeadLetter).size(), 1u);
  EXPECT_THAT(Closed(Rule::kDeadLetter)[0].closing().reason(), HasSubstr("operator"));
  GiveBack(request, 0);
  ASSERT_EQ(Open(Rule::kDeadLetter).size(), 1u);
  EXPECT_EQ(Open(Rule::kDeadLetter)[0].former_closings_size(), 1);
}

TEST_F(DeliveryWatchTest, ALateReceiptEndsADeadLetter) {
  const uint64_t request = Request();
  GiveBack(request, 0);
  Deliver(request);
  EXPECT_EQ(Closed(Rule::kDeadLetter).size(), 1u);
}

TEST_F(DeliveryWatchTest, AMessageThatExpiresEndsWhatWasFoundOfIt) {
  const uint64_t request = Request();
  Lease(request);
  Pass(kHour + 1);
  journal::v1::Record expired;
  expired.mutable_expired()->set_queue(kIns);
  expired.mutable_expired()->set_sequence(request);
  Take(std::move(expired));
  EXPECT_EQ(OpenCount(), 0u);
}

TEST_F(DeliveryWatchTest, AReceiverThatSawAnotherContentIsFoundWithBothParties) {
  const uint64_t request = Request();
  GiveBack(request, now_us_ + 1, "CONTENT_CHANGED");
  ASSERT_EQ(Open(Rule::kContentChanged).size(), 1u);
  EXPECT_THAT(Parties(Open(Rule::kContentChanged)[0]), ElementsAre(kDoj, kIns));
}

TEST_F(DeliveryWatchTest, ARestartBetweenLeaseAndReceiptKeepsTheTime) {
  const uint64_t request = Request();
  Lease(request);
  Restart();
  Pass(kHour + 1);
  EXPECT_EQ(Open(Rule::kNoReceipt).size(), 1u);
  Restart();
  Deliver(request);
  EXPECT_EQ(OpenCount(), 0u);
}

}  // namespace
}  // namespace waystation::audit
