#include "services/broker/frame.h"

#include "common/evidence/wire_writer.h"
#include "common/rpc/status_grpc.h"
#include "waystation/bus/v1/publisher.pb.h"
#include "waystation/bus/v1/subscriber.pb.h"

namespace waystation::broker {
namespace {

using bus::v1::AckResult;
using bus::v1::BatchProof;
using bus::v1::Delivery;
using bus::v1::PublishResult;
using bus::v1::Signature;
using bus::v1::SignedMessage;
using bus::v1::SignedReceipt;
using bus::v1::StreamingPublishResponse;
using bus::v1::StreamingPullResponse;
using evidence::WireTime;
using evidence::WireWriter;

}  // namespace

void AppendDelivery(const DeliveryParts& delivery, std::string* frame) {
  auto message = [&](auto& out) {
    out.Bytes(SignedMessage::kHeaderFieldNumber, delivery.header);
    out.Bytes(SignedMessage::kSignatureFieldNumber, delivery.signature);
    out.Bytes(SignedMessage::kPayloadFieldNumber, delivery.payload);
  };
  WireWriter(frame).Message(StreamingPullResponse::kDeliveriesFieldNumber, [&](auto& out) {
    out.Message(Delivery::kMessageFieldNumber, message);
    out.Number(Delivery::kAttemptFieldNumber, delivery.attempt);
    out.Message(Delivery::kAcceptTimeFieldNumber, WireTime(delivery.accept_us));
    out.Message(Delivery::kAckDeadlineTimeFieldNumber, WireTime(delivery.deadline_us));
  });
}

void AppendAck(std::string_view message_id, const absl::Status& status, std::string* frame) {
  std::string refusal;
  if (!status.ok()) refusal = rpc::ToRpcStatus(status).SerializeAsString();
  WireWriter(frame).Message(StreamingPullResponse::kResultsFieldNumber, [&](auto& out) {
    out.Bytes(AckResult::kMessageIdFieldNumber, message_id);
    out.Bytes(AckResult::kRefusalFieldNumber, refusal);
  });
}

void AppendCheckpoint(std::string_view note, std::string* frame) {
  WireWriter(frame).Bytes(StreamingPullResponse::kCheckpointFieldNumber, note);
}

void AppendReceipt(std::string_view message_id, std::string_view custody_receipt,
                   const evidence::SignedBatch& batch, size_t index, std::string* frame) {
  std::string path;
  batch.tree().AppendPath(index, &path);
  auto proof = [&](auto& out) {
    out.Bytes(BatchProof::kStatementFieldNumber, batch.statement());
    out.Number(BatchProof::kLeafIndexFieldNumber, index);
    out.Bytes(BatchProof::kPathFieldNumber, path);
  };
  auto signature = [&](auto& out) {
    out.Bytes(Signature::kCertificateSha256FieldNumber,
              crypto::AsBytes(batch.certificate_sha256()));
    out.Bytes(Signature::kSignatureFieldNumber, batch.signature());
    out.Message(Signature::kBatchFieldNumber, proof);
  };
  auto receipt = [&](auto& out) {
    out.Bytes(SignedReceipt::kReceiptFieldNumber, custody_receipt);
    out.Message(SignedReceipt::kSignatureFieldNumber, signature);
  };
  WireWriter(frame).Message(StreamingPublishResponse::kResultsFieldNumber, [&](auto& out) {
    out.Bytes(PublishResult::kMessageIdFieldNumber, message_id);
    out.Message(PublishResult::kReceiptFieldNumber, receipt);
  });
}

void AppendDuplicate(std::string_view message_id, std::string_view signed_receipt,
                     std::string* frame) {
  WireWriter(frame).Message(StreamingPublishResponse::kResultsFieldNumber, [&](auto& out) {
    out.Bytes(PublishResult::kMessageIdFieldNumber, message_id);
    out.Bytes(PublishResult::kReceiptFieldNumber, signed_receipt);
    out.Number(PublishResult::kDuplicateFieldNumber, 1);
  });
}

void AppendRefusal(std::string_view message_id, const absl::Status& status, std::string* frame) {
  std::string refusal = rpc::ToRpcStatus(status).SerializeAsString();
  WireWriter(frame).Message(StreamingPublishResponse::kResultsFieldNumber, [&](auto& out) {
    out.Bytes(PublishResult::kMessageIdFieldNumber, message_id);
    out.Bytes(PublishResult::kRefusalFieldNumber, refusal);
  });
}

}  // namespace waystation::broker
