#include "common/evidence/receipt.h"

#include <functional>
#include <string>
#include <vector>

#include "common/evidence/content_types.h"
#include "common/evidence/directory.h"
#include "common/evidence/message.h"
#include "common/evidence/test_bus.h"
#include "common/evidence/wire.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::evidence {
namespace {

constexpr std::string_view kBroker = "/broker/1";

class ReceiptTest : public testing::Test {
 protected:
  ReceiptTest() {
    custody_.set_message_id("019a0000-0000-7000-8000-000000000001");
    custody_.set_envelope_hash(hash_.data(), hash_.size());
    custody_.set_sequence(7);
    *custody_.mutable_accept_time() = ToProtoTime(TestBus::Now());
    delivery_.set_message_id(custody_.message_id());
    delivery_.set_envelope_hash(custody_.envelope_hash());
    delivery_.set_recipient(TestBus::Identity("/agency/doj"));
    delivery_.set_outcome(bus::v1::DELIVERY_OUTCOME_APPLIED);
    delivery_.set_attempt(1);
    *delivery_.mutable_time() = ToProtoTime(TestBus::Now());
  }

  bus::v1::SignedReceipt Sign(const Signer& signer) {
    bus::v1::SignedReceipt out;
    out.set_receipt(custody_.SerializeAsString());
    *out.mutable_signature() = *signer.SignOne(kCustodyReceiptContent, out.receipt());
    return out;
  }

  std::string Reason(const bus::v1::SignedReceipt& receipt, const crypto::Digest& hash) {
    return ReasonOf(VerifyCustodyReceipt(Verifier(*directory_), receipt, TestBus::Identity(kBroker),
                                         custody_.message_id(), hash)
                        .status());
  }

  TestBus bus_;
  Signer broker_ = bus_.Enroll(kBroker);
  Signer ins_ = bus_.Enroll("/agency/ins");
  std::shared_ptr<const DirectoryView> directory_ = bus_.View();
  crypto::Digest hash_ = EnvelopeHash("header");
  bus::v1::CustodyReceipt custody_;
  bus::v1::DeliveryReceipt delivery_;
};

TEST_F(ReceiptTest, AcceptsTheBrokersReceiptForThisMessage) {
  EXPECT_EQ(Reason(Sign(broker_), hash_), "");
}

TEST_F(ReceiptTest, RefusesAReceiptForOtherContentOrAnotherId) {
  EXPECT_EQ(Reason(Sign(broker_), EnvelopeHash("other")), "RECEIPT_MISMATCH");
  bus::v1::SignedReceipt receipt = Sign(broker_);
  custody_.set_message_id("019a0000-0000-7000-8000-000000000002");
  EXPECT_EQ(Reason(receipt, hash_), "RECEIPT_MISMATCH");
}

TEST_F(ReceiptTest, RefusesAReceiptThatIsNotTheBrokers) {
  EXPECT_EQ(Reason(Sign(ins_), hash_), "CERTIFICATE_UNKNOWN");
  EXPECT_EQ(Reason(Sign(bus_.Stranger(kBroker)), hash_), "CERTIFICATE_UNKNOWN");
}

TEST_F(ReceiptTest, RefusesEveryFlippedBitOfACustodyReceipt) {
  const std::string wire = Sign(broker_).SerializeAsString();
  for (size_t bit = 0; bit < wire.size() * 8; ++bit) {
    std::string bad = wire;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    bus::v1::SignedReceipt receipt;
    if (!receipt.ParseFromString(bad)) continue;
    EXPECT_NE(Reason(receipt, hash_), "") << "bit " << bit;
  }
}

TEST_F(ReceiptTest, RefusesADeliveryReceiptThatBreaksOneRule) {
  ASSERT_TRUE(ParseDeliveryReceipt(delivery_.SerializeAsString()).ok());
  const std::vector<std::function<void(bus::v1::DeliveryReceipt&)>> breaks = {
      [](auto& r) { r.set_message_id("x"); },
      [](auto& r) { r.clear_envelope_hash(); },
      [](auto& r) { r.clear_recipient(); },
      [](auto& r) { r.set_recipient(std::string(257, 'r')); },
      [](auto& r) { r.clear_outcome(); },
      [](auto& r) { r.set_outcome(static_cast<bus::v1::DeliveryOutcome>(4)); },
      [](auto& r) { r.clear_attempt(); },
      [](auto& r) { r.clear_time(); },
      [](auto& r) { r.mutable_time()->set_nanos(-1); },
  };
  for (size_t i = 0; i < breaks.size(); ++i) {
    auto bad = delivery_;
    breaks[i](bad);
    EXPECT_EQ(ReasonOf(ParseDeliveryReceipt(bad.SerializeAsString()).status()), "RECEIPT_MISMATCH")
        << i;
  }
  EXPECT_FALSE(ParseDeliveryReceipt("").ok());
  EXPECT_FALSE(ParseDeliveryReceipt(delivery_.SerializeAsString() + "\x28\x01").ok());
  EXPECT_FALSE(ParseDeliveryReceipt(std::string(1025, 'x')).ok());
}

TEST_F(ReceiptTest, TakesACustodyReceiptWithMoreFieldsThanItKnows) {
  const std::string newer = custody_.SerializeAsString() + std::string("\xa0\x06\x01", 3);
  EXPECT_TRUE(ParseCustodyReceipt(newer).ok());
}

}  // namespace
}  // namespace waystation::evidence
