#ifndef WAYSTATION_TESTS_HARNESS_OPERATIONS_H_
#define WAYSTATION_TESTS_HARNESS_OPERATIONS_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/harness/test_bus.h"
#include "waystation/bus/v1/publisher.pb.h"
#include "waystation/operations/v1/operations.pb.h"

// Calls of operator, auditor and publishers, each over the connection given.

namespace waystation::harness {

// One unary publish.
absl::StatusOr<bus::v1::PublishResponse> Publish(const std::shared_ptr<grpc::Channel>& channel,
                                                 const bus::v1::SignedMessage& message);
absl::StatusOr<bus::v1::SignedReceipt> GetPublishOutcome(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& message_id);

// Of these messages, those that the bus has of the caller's.
absl::StatusOr<std::vector<bus::v1::PublishOutcome>> ListPublishOutcomes(
    const std::shared_ptr<grpc::Channel>& channel, const std::vector<std::string>& message_ids);

absl::StatusOr<operations::v1::GetStatusResponse> GetStatus(
    const std::shared_ptr<grpc::Channel>& channel);
absl::StatusOr<std::vector<operations::v1::RefusalEntry>> ListRefusals(
    const std::shared_ptr<grpc::Channel>& channel);
absl::StatusOr<std::vector<operations::v1::DeadLetter>> ListDeadLetters(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& queue);
absl::StatusOr<uint64_t> Redrive(const std::shared_ptr<grpc::Channel>& channel,
                                 const std::string& queue, const std::vector<std::string>& ids);

// Every record from `from` to `to`, as the auditor follows them: the journal's bytes,
// and the same parsed.
std::vector<std::string> ReadRecordBytes(TestBus& bus, uint64_t from, uint64_t to);
std::vector<journal::v1::Record> ReadRecords(TestBus& bus, uint64_t from, uint64_t to);

// Sequence of the last durable record, as the operator sees it.
uint64_t LastSequence(const std::shared_ptr<grpc::Channel>& operator_channel);

}  // namespace waystation::harness

#endif  // WAYSTATION_TESTS_HARNESS_OPERATIONS_H_
