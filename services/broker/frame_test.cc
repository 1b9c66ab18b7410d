#include "services/broker/frame.h"

#include <string>
#include <vector>

#include "common/evidence/content_types.h"
#include "common/evidence/leaf.h"
#include "common/evidence/test_bus.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "waystation/bus/v1/publisher.pb.h"
#include "waystation/bus/v1/subscriber.pb.h"

namespace waystation::broker {
namespace {

constexpr char kId[] = "01912d68-783e-7a03-8467-5661c1243ad4";

absl::Status SomeRefusal() {
  return Refusal(absl::StatusCode::kNotFound, "UNKNOWN_MESSAGE", "message: not here");
}

void SetTime(int64_t time_us, google::protobuf::Timestamp* out) {
  out->set_seconds(time_us / 1'000'000);
  out->set_nanos(static_cast<int>(time_us % 1'000'000 * 1'000));
}

// What Protobuf would have written is the measure of every frame below.

TEST(FrameTest, WritesDeliveriesAsProtobufDoes) {
  bus::v1::Signature signature;
  signature.set_certificate_sha256(std::string(32, 'c'));
  bus::v1::StreamingPullResponse want;
  Frame got;
  // Lengths on both sides of a longer varint; times on a whole second and not.
  for (size_t payload_bytes : {0, 1, 120, 127, 128, 5000, 20'000}) {
    const int64_t accept_us = 1'700'000'000'000'000 + static_cast<int64_t>(payload_bytes);
    bus::v1::Delivery& delivery = *want.add_deliveries();
    delivery.mutable_message()->set_header("header");
    *delivery.mutable_message()->mutable_signature() = signature;
    delivery.mutable_message()->set_payload(std::string(payload_bytes, 'p'));
    delivery.set_attempt(static_cast<uint32_t>(payload_bytes) + 1);
    SetTime(accept_us, delivery.mutable_accept_time());
    SetTime(accept_us + 60'000'000, delivery.mutable_ack_deadline_time());
    AppendDelivery({.header = "header",
                    .signature = signature.SerializeAsString(),
                    .payload = delivery.message().payload(),
                    .attempt = delivery.attempt(),
                    .accept_us = accept_us,
                    .deadline_us = accept_us + 60'000'000},
                   &got.bytes);
  }
  EXPECT_EQ(got.bytes, want.SerializeAsString());
}

TEST(FrameTest, WritesAckResultsAsProtobufDoes) {
  bus::v1::StreamingPullResponse want;
  want.add_results()->set_message_id(kId);
  want.add_results();
  *want.mutable_results(1)->mutable_refusal() = rpc::ToRpcStatus(SomeRefusal());
  Frame got;
  AppendAck(kId, absl::OkStatus(), &got.bytes);
  AppendAck("", SomeRefusal(), &got.bytes);
  EXPECT_EQ(got.bytes, want.SerializeAsString());
}

TEST(FrameTest, WritesCustodyReceiptsAsProtobufDoes) {
  evidence::TestBus bus;
  evidence::Signer broker = bus.Enroll("/broker/1");
  std::vector<crypto::Digest> leaves;
  for (char content = 'a'; content < 'a' + 5; ++content) {
    leaves.push_back(
        evidence::LeafHash(evidence::kCustodyReceiptContent, std::string_view(&content, 1)));
  }
  auto batch = broker.SignBatchDetached(leaves, evidence::TestBus::Now());
  ASSERT_TRUE(batch.ok()) << batch.status();
  bus::v1::StreamingPublishResponse want;
  Frame got;
  for (size_t index = 0; index < leaves.size(); ++index) {
    bus::v1::PublishResult& result = *want.add_results();
    result.set_message_id(kId);
    result.mutable_receipt()->set_receipt("receipt");
    batch->FillSignature(index, result.mutable_receipt()->mutable_signature());
    AppendReceipt(kId, "receipt", *batch, index, &got.bytes);
  }
  EXPECT_EQ(got.bytes, want.SerializeAsString());
}

TEST(FrameTest, WritesDuplicatesAndRefusalsAsProtobufDoes) {
  bus::v1::StreamingPublishResponse want;
  bus::v1::PublishResult& duplicate = *want.add_results();
  duplicate.set_message_id(kId);
  duplicate.mutable_receipt()->set_receipt("receipt");
  duplicate.set_duplicate(true);
  bus::v1::PublishResult& refused = *want.add_results();
  *refused.mutable_refusal() = rpc::ToRpcStatus(SomeRefusal());
  Frame got;
  AppendDuplicate(kId, duplicate.receipt().SerializeAsString(), &got.bytes);
  AppendRefusal("", SomeRefusal(), &got.bytes);
  EXPECT_EQ(got.bytes, want.SerializeAsString());
}

}  // namespace
}  // namespace waystation::broker
