#include "common/client/publish_stream.h"

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "common/client/fake_broker_fixture.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::client {
namespace {

constexpr absl::Duration kLong = absl::Seconds(50);

class PublishStreamTest : public FakeBrokerFixture {
 protected:
  PublishStream::Options Quick() {
    PublishStream::Options options;
    options.backoff_min = absl::Milliseconds(1);
    options.backoff_max = absl::Milliseconds(20);
    return options;
  }

  void Take(PublishOutcome outcome) {
    std::lock_guard<std::mutex> lock(mutex_);
    order_.push_back(outcome.message_id);
    EXPECT_TRUE(outcomes_.emplace(outcome.message_id, outcome).second)
        << "told twice: " << outcome.message_id;
  }

  void SendAll(PublishStream& stream, uint64_t begin, uint64_t end) {
    for (uint64_t i = begin; i < end; ++i) {
      ASSERT_TRUE(stream.WaitForRoom(kLong));
      ASSERT_EQ(stream.Send(Note(*doj_, kDoj, kIns, i)), absl::OkStatus());
    }
  }

  void ExpectKept(uint64_t begin, uint64_t end) {
    ASSERT_EQ(order_.size(), end - begin);
    for (uint64_t i = begin; i < end; ++i) {
      EXPECT_EQ(order_[i - begin], IdOf(i));
      EXPECT_EQ(outcomes_[IdOf(i)].status, absl::OkStatus());
      EXPECT_GT(outcomes_[IdOf(i)].published.receipt.sequence(), 0u);
    }
    EXPECT_EQ(broker_.kept().size(), end - begin);
  }

  PublishStream::OnOutcome taker_ = [this](PublishOutcome outcome) { Take(std::move(outcome)); };
  std::mutex mutex_;
  std::vector<std::string> order_;
  std::map<std::string, PublishOutcome> outcomes_;
};

TEST_F(PublishStreamTest, TellsTheReceiptOfEachMessageInOrder) {
  PublishStream stream(client_, Quick(), taker_);
  SendAll(stream, 0, 500);
  ASSERT_TRUE(stream.Flush(kLong));
  ExpectKept(0, 500);
  EXPECT_EQ(stream.unanswered(), 0u);
  EXPECT_EQ(broker_.publish_streams(), 1);
}

TEST_F(PublishStreamTest, TellsARefusalWithItsReasonAndGoesOn) {
  broker_.Refuse(IdOf(1));
  PublishStream stream(client_, Quick(), taker_);
  SendAll(stream, 0, 3);
  ASSERT_TRUE(stream.Flush(kLong));
  ASSERT_EQ(order_.size(), 3u);
  EXPECT_EQ(ReasonOf(outcomes_[IdOf(1)].status), "POLICY_DENIED");
  EXPECT_EQ(outcomes_[IdOf(2)].status, absl::OkStatus());
}

TEST_F(PublishStreamTest, SendsAgainWhatTheBrokerKeptAndDidNotAnswer) {
  for (int results : {0, 1, 7, 16, 17, 39}) {
    broker_.EndPublishAfter(results);
    const uint64_t begin = order_.size();
    PublishStream stream(client_, Quick(), taker_);
    SendAll(stream, begin, begin + 40);
    ASSERT_TRUE(stream.Flush(kLong)) << results;
  }
  ExpectKept(0, 240);
  EXPECT_TRUE(outcomes_[IdOf(0)].published.duplicate);
}

TEST_F(PublishStreamTest, SurvivesABrokerThatGoesAwayAndComesBack) {
  PublishStream stream(client_, Quick(), taker_);
  SendAll(stream, 0, 100);
  broker_.Stop();
  SendAll(stream, 100, 200);
  broker_.Start();
  ASSERT_TRUE(stream.Flush(kLong));
  ExpectKept(0, 200);
}

TEST_F(PublishStreamTest, NeverTellsAReceiptThatProvesNothing) {
  using Spoil = std::function<void(bus::v1::PublishResult*)>;
  const std::vector<Spoil> spoils = {
      // Signed by another agency.
      [this](auto* result) {
        auto* receipt = result->mutable_receipt();
        *receipt->mutable_signature() = *doj_->SignOne(
            "application/vnd.waystation.custody-receipt.v1+protobuf", receipt->receipt());
      },
      [](auto* result) { result->mutable_receipt()->mutable_signature()->set_signature("x"); },
      [](auto* result) { result->clear_receipt(); },
      [](auto* result) { result->mutable_refusal()->set_code(7); },
      [](auto* result) { result->set_message_id(IdOf(2000)); },
  };
  for (size_t i = 0; i < spoils.size(); ++i) {
    broker_.SpoilReceipts(3, spoils[i]);
    PublishStream stream(client_, Quick(), taker_);
    SendAll(stream, i, i + 1);
    ASSERT_TRUE(stream.Flush(kLong)) << i;
    EXPECT_EQ(outcomes_[IdOf(i)].status, absl::OkStatus()) << i;
    EXPECT_TRUE(outcomes_[IdOf(i)].published.duplicate) << i;
  }
}

TEST_F(PublishStreamTest, NeverTellsTheReceiptOfAnotherMessage) {
  auto other = client_->Publish(Note(*doj_, kDoj, kIns, 1000));
  ASSERT_TRUE(other.ok()) << other.status();
  broker_.SpoilReceipts(2,
                        [&](auto* result) { *result->mutable_receipt() = other->signed_receipt; });
  PublishStream stream(client_, Quick(), taker_);
  SendAll(stream, 0, 1);
  ASSERT_TRUE(stream.Flush(kLong));
  EXPECT_EQ(outcomes_[IdOf(0)].published.receipt.message_id(), IdOf(0));
}

TEST_F(PublishStreamTest, BelievesARotatedBrokerCertificateOnceItIsInTheDirectory) {
  PublishStream stream(client_, Quick(), taker_);
  SendAll(stream, 0, 5);
  ASSERT_TRUE(stream.Flush(kLong));
  broker_.RotateSigner();
  SendAll(stream, 5, 10);
  broker_.Await([this] { return broker_.publish_streams() > 2; });
  EXPECT_EQ(stream.unanswered(), 5u);
  broker_.PublishDirectory();
  ASSERT_TRUE(stream.Flush(kLong));
  ExpectKept(0, 10);
}

TEST_F(PublishStreamTest, TakesNoMoreThanItsWindowAndNoIdTwice) {
  PublishStream::Options options = Quick();
  options.inflight_messages_max = 2;
  broker_.Stop();
  PublishStream stream(client_, options, taker_);
  SendAll(stream, 0, 1);
  EXPECT_TRUE(absl::IsAlreadyExists(stream.Send(Note(*doj_, kDoj, kIns, 0))));
  SendAll(stream, 1, 2);
  EXPECT_TRUE(absl::IsResourceExhausted(stream.Send(Note(*doj_, kDoj, kIns, 2))));
  EXPECT_FALSE(stream.WaitForRoom(absl::ZeroDuration()));
  EXPECT_FALSE(stream.Flush(absl::ZeroDuration()));
  broker_.Start();
  ASSERT_TRUE(stream.Flush(kLong));
  ExpectKept(0, 2);
}

TEST_F(PublishStreamTest, SplitsFramesByBytes) {
  PublishStream stream(client_, Quick(), taker_);
  for (uint64_t i = 0; i < 8; ++i) {
    std::string payload(1024 * 1024, static_cast<char>('a' + i));
    auto header = evidence::TestHeader(kDoj, kIns, i, payload);
    ASSERT_EQ(stream.Send(evidence::TestMessage(*doj_, header, payload)), absl::OkStatus());
  }
  ASSERT_TRUE(stream.Flush(kLong));
  ExpectKept(0, 8);
}

TEST_F(PublishStreamTest, StopLeavesTheUnansweredUntold) {
  broker_.Stop();
  PublishStream stream(client_, Quick(), taker_);
  SendAll(stream, 0, 10);
  stream.Stop();
  stream.Stop();
  EXPECT_EQ(stream.unanswered(), 10u);
  EXPECT_TRUE(order_.empty());
  EXPECT_TRUE(absl::IsCancelled(stream.Send(Note(*doj_, kDoj, kIns, 11))));
}

TEST_F(PublishStreamTest, RefusesWhatHasNoReadableHeader) {
  PublishStream stream(client_, Quick(), taker_);
  bus::v1::SignedMessage message;
  EXPECT_TRUE(absl::IsInvalidArgument(stream.Send(message)));
  message.set_header("garbage");
  EXPECT_TRUE(absl::IsInvalidArgument(stream.Send(message)));
}

}  // namespace
}  // namespace waystation::client
