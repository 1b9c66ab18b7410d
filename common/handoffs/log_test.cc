#include "common/handoffs/log.h"

#include "common/handoffs/test_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::handoffs {
namespace {

class LogTest : public testing::Test {
 protected:
  const Delivery& DeliveryOf(const HandoffLog& log) {
    return log.handoffs().at(id_).deliveries.at(TestLog::IdentityOf("ins"));
  }

  TestLog world_;
  std::string id_ = world_.Send("doj", "ins", "referral", types::v1::TRANSITION_REQUEST);
  const uint64_t sequence_ = 1;
};

TEST_F(LogTest, KnowsWhoSentWhatToWhom) {
  const HandoffLog log = world_.Fold();
  const Handoff& handoff = log.handoffs().at(id_);
  EXPECT_EQ(handoff.sender, TestLog::IdentityOf("doj"));
  EXPECT_THAT(handoff.recipients, testing::ElementsAre(TestLog::IdentityOf("ins")));
  ASSERT_TRUE(handoff.step.has_value());
  EXPECT_EQ(handoff.step->referral_id, "referral");
  EXPECT_EQ(handoff.acceptances.at(0).sequence, sequence_);
  EXPECT_TRUE(DeliveryOf(log).receipts.empty());
}

TEST_F(LogTest, KnowsLeaseAndReceipt) {
  world_.Receive(id_);
  const HandoffLog log = world_.Fold();
  EXPECT_EQ(DeliveryOf(log).leases, 1u);
  EXPECT_TRUE(DeliveryOf(log).first_leased.has_value());
  const LoggedReceipt& receipt = DeliveryOf(log).receipts.at(0);
  EXPECT_EQ(receipt.problem, "");
  EXPECT_EQ(receipt.acknowledges, sequence_);
  EXPECT_EQ(receipt.outcome, bus::v1::DELIVERY_OUTCOME_APPLIED);
}

TEST_F(LogTest, KnowsADeadLetterAndThatItWentBack) {
  journal::v1::Record dead;
  dead.mutable_given_back()->set_queue(TestLog::IdentityOf("ins"));
  dead.mutable_given_back()->add_sequences(sequence_);
  dead.mutable_given_back()->add_retry_us(0);
  world_.Append(dead);
  EXPECT_TRUE(DeliveryOf(world_.Fold()).dead_letter);
  journal::v1::Record redriven;
  redriven.mutable_redriven()->set_queue(TestLog::IdentityOf("ins"));
  redriven.mutable_redriven()->add_sequences(sequence_);
  world_.Append(redriven);
  EXPECT_FALSE(DeliveryOf(world_.Fold()).dead_letter);
  EXPECT_EQ(DeliveryOf(world_.Fold()).redriven, 1u);
}

TEST_F(LogTest, KnowsExpiryOfMessageAndOfReferral) {
  journal::v1::Record expired;
  expired.mutable_expired()->set_queue(TestLog::IdentityOf("ins"));
  expired.mutable_expired()->set_sequence(sequence_);
  world_.Append(expired);
  expired.mutable_expired()->clear_queue();
  world_.Append(expired);
  const HandoffLog log = world_.Fold();
  EXPECT_TRUE(DeliveryOf(log).expired);
  EXPECT_TRUE(log.handoffs().at(id_).referral_expired.has_value());
}

TEST_F(LogTest, TakesNoReceiptThatChangedNothing) {
  world_.Receive(id_);
  journal::v1::Record again = world_.DeliveredOf(id_);
  again.mutable_delivered()->set_sequences(0, 0);
  world_.Append(again);
  EXPECT_EQ(DeliveryOf(world_.Fold()).receipts.size(), 1u);
}

TEST_F(LogTest, KeepsWhyAReceiptProvesNothing) {
  world_.Receive(id_);
  world_.DeliveredOf(id_).mutable_delivered()->mutable_receipts(0)->assign("no receipt");
  EXPECT_NE(DeliveryOf(world_.Fold()).receipts.at(0).problem, "");
}

TEST_F(LogTest, SeesTimeGoBack) {
  world_.AcceptedOf(id_);
  const std::string second = world_.Send("doj", "ins", "two", types::v1::TRANSITION_REQUEST);
  world_.AcceptedOf(second).set_time_us(1);
  const HandoffLog log = world_.Fold();
  EXPECT_FALSE(log.handoffs().at(id_).acceptances.at(0).before_the_one_before);
  EXPECT_TRUE(log.handoffs().at(second).acceptances.at(0).before_the_one_before);
}

TEST_F(LogTest, RefusesASequenceThatDoesNotGrow) {
  HandoffLog log;
  EXPECT_TRUE(log.Take(world_.records().at(0)).ok());
  EXPECT_TRUE(absl::IsDataLoss(log.Take(world_.records().at(0))));
}

TEST_F(LogTest, RefusesAHeaderThatCannotBeRead) {
  world_.AcceptedOf(id_).mutable_accepted()->set_header("\xff");
  HandoffLog log;
  EXPECT_TRUE(absl::IsDataLoss(log.Take(world_.records().at(0))));
}

}  // namespace
}  // namespace waystation::handoffs
