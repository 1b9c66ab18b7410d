#include "tests/harness/operations.h"

#include <chrono>

#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "waystation/bus/v1/publisher.grpc.pb.h"
#include "waystation/operations/v1/operations.grpc.pb.h"

namespace waystation::harness {
namespace {

using operations::v1::OperationsService;

constexpr auto kCallPatience = std::chrono::seconds(10);

void Limit(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kCallPatience);
  context.set_wait_for_ready(true);
}

}  // namespace

absl::StatusOr<bus::v1::PublishResponse> Publish(const std::shared_ptr<grpc::Channel>& channel,
                                                 const bus::v1::SignedMessage& message) {
  grpc::ClientContext context;
  // A refused handshake must show, not be waited out.
  context.set_deadline(std::chrono::system_clock::now() + kCallPatience);
  bus::v1::PublishRequest request;
  *request.mutable_message() = message;
  bus::v1::PublishResponse response;
  WS_RETURN_IF_ERROR(rpc::FromGrpcStatus(
      bus::v1::PublisherService::NewStub(channel)->Publish(&context, request, &response)));
  return response;
}

absl::StatusOr<bus::v1::SignedReceipt> GetPublishOutcome(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& message_id) {
  grpc::ClientContext context;
  Limit(context);
  bus::v1::GetPublishOutcomeRequest request;
  request.set_message_id(message_id);
  bus::v1::GetPublishOutcomeResponse response;
  WS_RETURN_IF_ERROR(
      rpc::FromGrpcStatus(bus::v1::PublisherService::NewStub(channel)->GetPublishOutcome(
          &context, request, &response)));
  return response.receipt();
}

absl::StatusOr<std::vector<bus::v1::PublishOutcome>> ListPublishOutcomes(
    const std::shared_ptr<grpc::Channel>& channel, const std::vector<std::string>& message_ids) {
  grpc::ClientContext context;
  Limit(context);
  bus::v1::ListPublishOutcomesRequest request;
  request.mutable_message_ids()->Add(message_ids.begin(), message_ids.end());
  bus::v1::ListPublishOutcomesResponse response;
  WS_RETURN_IF_ERROR(
      rpc::FromGrpcStatus(bus::v1::PublisherService::NewStub(channel)->ListPublishOutcomes(
          &context, request, &response)));
  return std::vector<bus::v1::PublishOutcome>(response.outcomes().begin(),
                                              response.outcomes().end());
}

absl::StatusOr<operations::v1::GetStatusResponse> GetStatus(
    const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  Limit(context);
  operations::v1::GetStatusResponse response;
  WS_RETURN_IF_ERROR(
      rpc::FromGrpcStatus(OperationsService::NewStub(channel)->GetStatus(&context, {}, &response)));
  return response;
}

absl::StatusOr<std::vector<operations::v1::RefusalEntry>> ListRefusals(
    const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  Limit(context);
  operations::v1::ListRefusalsRequest request;
  request.set_limit(1000);
  operations::v1::ListRefusalsResponse response;
  WS_RETURN_IF_ERROR(rpc::FromGrpcStatus(
      OperationsService::NewStub(channel)->ListRefusals(&context, request, &response)));
  return std::vector<operations::v1::RefusalEntry>(response.refusals().begin(),
                                                   response.refusals().end());
}

absl::StatusOr<std::vector<operations::v1::DeadLetter>> ListDeadLetters(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& queue) {
  grpc::ClientContext context;
  Limit(context);
  operations::v1::ListDeadLettersRequest request;
  request.set_queue(queue);
  operations::v1::ListDeadLettersResponse response;
  WS_RETURN_IF_ERROR(rpc::FromGrpcStatus(
      OperationsService::NewStub(channel)->ListDeadLetters(&context, request, &response)));
  return std::vector<operations::v1::DeadLetter>(response.dead_letters().begin(),
                                                 response.dead_letters().end());
}

absl::StatusOr<uint64_t> Redrive(const std::shared_ptr<grpc::Channel>& channel,
                                 const std::string& queue, const std::vector<std::string>& ids) {
  grpc::ClientContext context;
  Limit(context);
  operations::v1::RedriveDeadLettersRequest request;
  request.set_queue(queue);
  for (const std::string& id : ids) request.add_message_ids(id);
  operations::v1::RedriveDeadLettersResponse response;
  WS_RETURN_IF_ERROR(rpc::FromGrpcStatus(
      OperationsService::NewStub(channel)->RedriveDeadLetters(&context, request, &response)));
  return response.redriven();
}

std::vector<std::string> ReadRecordBytes(TestBus& bus, uint64_t from, uint64_t to) {
  std::vector<std::string> records;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  context.set_wait_for_ready(true);
  operations::v1::TailRecordsRequest request;
  request.set_from_sequence(from);
  auto stub = OperationsService::NewStub(bus.Channel(kAuditor));
  auto stream = stub->TailRecords(&context, request);
  operations::v1::TailRecordsResponse response;
  const size_t wanted = to + 1 - from;
  while (records.size() < wanted && stream->Read(&response)) {
    for (std::string& bytes : *response.mutable_records()) records.push_back(std::move(bytes));
  }
  context.TryCancel();
  grpc::Status status = stream->Finish();
  if (records.size() < wanted) {
    Require(rpc::FromGrpcStatus(status), "tail");
    Fatal("tail: ended early");
  }
  records.resize(wanted);
  return records;
}

std::vector<journal::v1::Record> ReadRecords(TestBus& bus, uint64_t from, uint64_t to) {
  std::vector<journal::v1::Record> records;
  for (const std::string& bytes : ReadRecordBytes(bus, from, to)) {
    if (!records.emplace_back().ParseFromString(bytes)) Fatal("tail: a record does not parse");
  }
  return records;
}

uint64_t LastSequence(const std::shared_ptr<grpc::Channel>& operator_channel) {
  return Must(GetStatus(operator_channel), "status").last_sequence();
}

}  // namespace waystation::harness
