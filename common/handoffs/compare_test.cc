#include "common/handoffs/compare.h"

#include <algorithm>

#include "common/crypto/sha256.h"
#include "common/evidence/message.h"
#include "common/handoffs/test_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::handoffs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CompareTest : public testing::Test {
 protected:
  CompareTest() {
    world_.Answered("hhs", "ins", "other");
    ids_ = world_.Answered("doj", "ins", "referral");
    request_ = ids_[0];
    take_up_ = ids_[1];
    answer_ = ids_[2];
    world_.Answered("hhs", "ins", "another");
  }

  void Drop(const std::string& agency, const std::string& id, bool received) {
    auto& entries = world_.index(agency);
    entries.erase(std::remove_if(entries.begin(), entries.end(),
                                 [&](const auto& entry) {
                                   return entry.message_id() == id &&
                                          entry.has_received() == received;
                                 }),
                  entries.end());
  }
  static std::string Only(const char* kind, const std::string& id) {
    return std::string(kind) + " " + id;
  }

  TestLog world_;
  std::vector<std::string> ids_;
  std::string request_;
  std::string take_up_;
  std::string answer_;
};

TEST_F(CompareTest, FindsNothingWhereEverybodySaysTheSame) {
  EXPECT_THAT(world_.Differences(), IsEmpty());
}

TEST_F(CompareTest, FindsNothingInWhatIsWaitingExpiredOrRefused) {
  const std::string id = world_.Send("doj", "ins", "fresh", types::v1::TRANSITION_REQUEST);
  journal::v1::Record expired;
  expired.mutable_expired()->set_queue(TestLog::IdentityOf("ins"));
  expired.mutable_expired()->set_sequence(world_.AcceptedOf(id).sequence());
  world_.Append(expired);
  audit::v1::HandoffEntry refused = world_.Sent("doj", id);
  refused.set_message_id("019a0000-0000-7000-8000-00000000ffff");
  refused.mutable_refused()->set_reason("TIME_INVALID");
  world_.index("doj").push_back(refused);
  EXPECT_THAT(world_.Differences(), IsEmpty());
}

TEST_F(CompareTest, FindsWhatTheSenderDropped) {
  Drop("doj", request_, false);
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("missing at the sender", request_)));
}

TEST_F(CompareTest, FindsWhatTheSenderSaysIsRefused) {
  world_.Sent("doj", request_).mutable_refused()->set_reason("TIME_INVALID");
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("missing at the sender", request_)));
}

TEST_F(CompareTest, FindsWhatTheSenderStillWaitsFor) {
  world_.Sent("doj", request_).mutable_waiting();
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("missing at the sender", request_)));
}

TEST_F(CompareTest, FindsWhatTheReceiverDropped) {
  Drop("ins", request_, true);
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("missing at the receiver", request_)));
}

TEST_F(CompareTest, FindsWhatTheBrokerDropped) {
  world_.AcceptedOf(request_).clear_accepted();
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("missing at the broker", request_)));
}

TEST_F(CompareTest, FindsAReceiptThatTheBrokerDropped) {
  world_.DeliveredOf(request_).clear_delivered();
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("missing at the broker", request_)));
}

TEST_F(CompareTest, FindsWhatOnlyAReceiverHas) {
  audit::v1::HandoffEntry extra = world_.Received("ins", request_);
  extra.set_message_id("019a0000-0000-7000-8000-00000000ffff");
  world_.index("ins").push_back(extra);
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("extra", extra.message_id())));
}

TEST_F(CompareTest, FindsWhatAnAgencyHasOfOthers) {
  world_.index("hhs").push_back(world_.Received("ins", request_));
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("extra", request_)));
}

TEST_F(CompareTest, FindsAnEnvelopeThatAnAgencyAltered) {
  world_.Sent("doj", request_).mutable_envelope_hash()->front() ^= 1;
  world_.Received("doj", answer_).mutable_envelope_hash()->front() ^= 1;
  EXPECT_THAT(world_.Differences(),
              ElementsAre(Only("altered", request_), Only("altered", answer_)));
}

TEST_F(CompareTest, FindsAHeaderThatTheBrokerAltered) {
  journal::v1::Accepted& accepted = *world_.AcceptedOf(request_).mutable_accepted();
  bus::v1::Header header;
  ASSERT_TRUE(header.ParseFromString(accepted.header()));
  header.mutable_time()->set_seconds(1);
  accepted.set_header(header.SerializeAsString());
  accepted.set_envelope_hash(
      std::string(crypto::AsBytes(evidence::EnvelopeHash(accepted.header()))));
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("altered", request_)));
}

TEST_F(CompareTest, FindsARecordThatLiesAboutItsOwnHeader) {
  world_.AcceptedOf(request_).mutable_accepted()->mutable_envelope_hash()->front() ^= 1;
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("altered", request_)));
}

TEST_F(CompareTest, FindsWhatIsThereTwice) {
  world_.index("doj").push_back(world_.Sent("doj", request_));
  world_.index("doj").push_back(world_.Received("doj", answer_));
  world_.Append(world_.AcceptedOf(take_up_));
  EXPECT_THAT(
      world_.Differences(),
      ElementsAre(Only("doubled", request_), Only("doubled", take_up_), Only("doubled", answer_)));
}

TEST_F(CompareTest, FindsAReceiptThatIsThereTwice) {
  world_.Append(world_.DeliveredOf(request_));
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("doubled", request_)));
}

TEST_F(CompareTest, FindsCustodyInAnotherOrder) {
  std::swap(*world_.Sent("ins", take_up_).mutable_accepted(),
            *world_.Sent("ins", answer_).mutable_accepted());
  EXPECT_THAT(world_.Differences(), ElementsAre("reordered " + take_up_ + "," + answer_));
}

TEST_F(CompareTest, FindsAnInboxInAnotherOrder) {
  const uint64_t position = world_.Received("doj", take_up_).position();
  world_.Received("doj", take_up_).set_position(world_.Received("doj", answer_).position());
  world_.Received("doj", answer_).set_position(position);
  EXPECT_THAT(world_.Differences(), ElementsAre("reordered " + take_up_ + "," + answer_));
}

TEST_F(CompareTest, FindsALogInAnotherOrderOnceThoughTwoAgenciesSaySo) {
  std::swap(*world_.AcceptedOf(take_up_).mutable_accepted(),
            *world_.AcceptedOf(answer_).mutable_accepted());
  const uint64_t first = world_.AcceptedOf(take_up_).sequence();
  const uint64_t second = world_.AcceptedOf(answer_).sequence();
  for (journal::v1::Record& record : world_.records()) {
    if (!record.has_delivered()) continue;
    uint64_t sequence = record.delivered().sequences(0);
    if (sequence == first) record.mutable_delivered()->set_sequences(0, second);
    if (sequence == second) record.mutable_delivered()->set_sequences(0, first);
  }
  EXPECT_THAT(world_.Differences(), ElementsAre("reordered " + answer_ + "," + take_up_));
}

TEST_F(CompareTest, FindsCustodyAtAnotherTime) {
  world_.Sent("doj", request_).mutable_accepted()->mutable_accept_time()->set_seconds(1);
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("backdated", request_)));
}

TEST_F(CompareTest, FindsCustodyInAnotherPlace) {
  world_.Sent("doj", request_).mutable_accepted()->set_sequence(1);
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("backdated", request_)));
}

TEST_F(CompareTest, FindsARecordThatTheBrokerBackdated) {
  world_.AcceptedOf(request_).set_time_us(TestLog::kStartS * 1'000'000);
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("backdated", request_)));
}

TEST_F(CompareTest, FindsAReceptionThatTheReceiverBackdated) {
  world_.Received("ins", request_).mutable_time()->set_seconds(1);
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("backdated", request_)));
}

TEST_F(CompareTest, FindsAReceiptWhoseSignatureDoesNotHold) {
  std::string* signature = world_.DeliveredOf(request_).mutable_delivered()->mutable_signature();
  signature->back() = static_cast<char>(signature->back() ^ 1);
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("forged receipt", request_)));
}

TEST_F(CompareTest, FindsAReceiptThatAnotherAgencySigned) {
  journal::v1::Delivered& delivered = *world_.DeliveredOf(request_).mutable_delivered();
  auto batch = world_.signer("doj").SignReceipts({delivered.receipts(0)}, world_.now());
  ASSERT_TRUE(batch.ok()) << batch.status();
  delivered.set_statement(batch->statement());
  delivered.set_signature(batch->signature());
  delivered.set_certificate_sha256(batch->certificate_sha256());
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("forged receipt", request_)));
}

TEST_F(CompareTest, FindsAReceiptWithAnotherOutcomeThanTheReceivers) {
  world_.Received("ins", request_)
      .mutable_received()
      ->set_outcome(bus::v1::DELIVERY_OUTCOME_QUARANTINED);
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("forged receipt", request_)));
}

TEST_F(CompareTest, FindsAReceiptThatIsSaidToAcknowledgeAnotherMessage) {
  world_.DeliveredOf(request_).mutable_delivered()->set_sequences(
      0, world_.AcceptedOf(take_up_).sequence());
  EXPECT_THAT(world_.Differences(), ElementsAre(Only("forged receipt", request_)));
}

TEST_F(CompareTest, AsksNoIndexForWhatTheLogTookAfterIt) {
  const Asked asked{world_.records().back().sequence(), nullptr};
  const std::string late = world_.Send("doj", "ins", "late", types::v1::TRANSITION_REQUEST);
  world_.Receive(late);
  Drop("doj", late, false);
  Drop("ins", late, true);
  EXPECT_THAT(world_.Differences(asked), IsEmpty());
  EXPECT_EQ(world_.Differences().size(), 2u);
}

TEST_F(CompareTest, AsksOnlyAboutTheMessagesNamed) {
  Drop("doj", request_, false);
  const std::set<std::string, std::less<>> only = {take_up_};
  EXPECT_THAT(world_.Differences({world_.records().back().sequence(), &only}), IsEmpty());
}

TEST_F(CompareTest, SaysWhatEachPartySays) {
  world_.Sent("doj", request_).mutable_waiting();
  const std::vector<Difference> found = world_.Compared();
  ASSERT_EQ(found.size(), 1u);
  ASSERT_EQ(found[0].said.size(), 2u);
  EXPECT_EQ(found[0].said[0].party, TestLog::IdentityOf("doj"));
  EXPECT_THAT(found[0].said[0].text, testing::HasSubstr("waits"));
  EXPECT_EQ(found[0].said[1].party, "log");
  EXPECT_THAT(found[0].said[1].text, testing::HasSubstr("accepted as record"));
}

}  // namespace
}  // namespace waystation::handoffs
