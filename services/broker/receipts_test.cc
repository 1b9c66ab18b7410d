#include <string>
#include <vector>

#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "services/broker/broker_fixture.h"

// What the broker says of a receipt, to whom.

namespace waystation::broker {
namespace {

class ReceiptsTest : public BrokerTest {
 protected:
  ReceiptsTest() {
    Start(kNoSnapshots);
    to_hhs_ = std::make_shared<Receiver>(hhs_.identity());
    core_->Post(OpenPull{to_hhs_});
    core_->Settle();
  }

  // The receipt for a message that INS was sent.
  ReceiptView Delivered() {
    Publish(Note(kIns));
    const std::vector<bus::v1::Delivery> deliveries = to_ins_->Take();
    EXPECT_EQ(deliveries.size(), 1u);
    return ViewOf(deliveries.at(0));
  }

  // What is said of it to an agency.
  absl::Status Said(const std::shared_ptr<Receiver>& receiver, const evidence::Signer& signer,
                    const ReceiptView& view) {
    SendReceipts(receiver, signer, {view});
    const std::vector<bus::v1::AckResult> results = receiver->TakeResults();
    EXPECT_EQ(results.size(), 1u);
    EXPECT_EQ(results.at(0).message_id(), FormatUuid(view.id));
    if (!results.at(0).has_refusal()) return absl::OkStatus();
    return rpc::FromRpcStatus(results.at(0).refusal());
  }

  static ReceiptView OfAnother(ReceiptView view) {
    view.envelope_hash[0] ^= 1;
    return view;
  }

  // The same receipt for an id that no message has.
  static ReceiptView OfNone(ReceiptView view) {
    view.id.back() ^= 1;
    return view;
  }

  // So many records of refusals, once this second is over.
  size_t Recorded() {
    clock_.Advance(absl::Seconds(2));
    core_->Settle();
    return core_->projection().RefusalRecords(100).size();
  }

  std::shared_ptr<Receiver> to_hhs_;
};

// The answer, with the id that was asked for left out.
std::string WithoutId(const absl::Status& status, const ReceiptView& view) {
  std::string text = status.ToString();
  const std::string id = FormatUuid(view.id);
  const size_t at = text.find(id);
  EXPECT_NE(at, std::string::npos) << text;
  return at == std::string::npos ? text : text.erase(at, id.size());
}

TEST_F(ReceiptsTest, WhoWasNeverToHaveAMessageHearsThatThereIsNone) {
  const ReceiptView view = Delivered();
  const ReceiptView none = OfNone(view);
  const absl::Status unknown = Said(to_hhs_, hhs_, none);
  EXPECT_EQ(ReasonOf(unknown), "UNKNOWN_MESSAGE");
  auto check = [&](const char* when) {
    for (const ReceiptView& tried : {view, OfAnother(view)}) {
      const absl::Status said = Said(to_hhs_, hhs_, tried);
      EXPECT_EQ(said.code(), absl::StatusCode::kNotFound) << when;
      EXPECT_EQ(ReasonOf(said), "UNKNOWN_MESSAGE") << when;
      EXPECT_EQ(WithoutId(said, tried), WithoutId(unknown, none)) << when;
    }
  };
  check("while INS has it in hand");
  EXPECT_TRUE(Said(to_ins_, ins_, view).ok());
  check("after INS acknowledged it");
  // Its sender is no recipient either.
  EXPECT_EQ(ReasonOf(Said(to_doj_, doj_, OfAnother(view))), "UNKNOWN_MESSAGE");
}

TEST_F(ReceiptsTest, TheRecipientHearsThatItsReceiptIsOfAnotherEnvelope) {
  const ReceiptView view = Delivered();
  EXPECT_EQ(ReasonOf(Said(to_ins_, ins_, OfAnother(view))), "RECEIPT_MISMATCH");
  EXPECT_TRUE(Said(to_ins_, ins_, view).ok());
  EXPECT_EQ(ReasonOf(Said(to_ins_, ins_, OfAnother(view))), "RECEIPT_MISMATCH") << "of the past";
  EXPECT_TRUE(Said(to_ins_, ins_, view).ok()) << "as often as it is sent";
}

TEST_F(ReceiptsTest, ARefusedReceiptOfThePastIsOnTheRecordOnce) {
  const ReceiptView view = Delivered();
  EXPECT_TRUE(Said(to_ins_, ins_, view).ok());
  EXPECT_EQ(Recorded(), 0u);
  EXPECT_FALSE(Said(to_ins_, ins_, OfAnother(view)).ok());
  EXPECT_EQ(Recorded(), 1u);
  EXPECT_FALSE(Said(to_hhs_, hhs_, OfAnother(view)).ok());
  EXPECT_EQ(Recorded(), 2u);
}

}  // namespace
}  // namespace waystation::broker
