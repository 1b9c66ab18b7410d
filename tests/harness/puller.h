#ifndef WAYSTATION_TESTS_HARNESS_PULLER_H_
#define WAYSTATION_TESTS_HARNESS_PULLER_H_

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "tests/harness/drafts.h"
#include "waystation/bus/v1/subscriber.grpc.pb.h"

namespace waystation::harness {

// One raw pull stream under the test's control: nothing is acknowledged, given
// back or opened again unless the test says so.
//
//   Puller ins(bus.Channel(kIns), drafts, {});
//   std::optional<bus::v1::Delivery> got = ins.Next();
//   ins.Ack(*got);
//   EXPECT_TRUE(ins.NextResult()->refusal().message().empty());
//
// Thread-safe.
class Puller {
 public:
  struct Options {
    std::string client_id = "test";
    absl::Duration ack_deadline = absl::Seconds(60);
    uint32_t outstanding_messages_max = 4096;
    bool open = true;
  };

  // `drafts` is of the receiving identity and outlives the puller.
  Puller(std::shared_ptr<grpc::Channel> channel, const Drafts& drafts, Options options);
  Puller(std::shared_ptr<grpc::Channel> channel, const Drafts& drafts)
      : Puller(std::move(channel), drafts, Options{}) {}
  // Breaks the connection off.
  ~Puller();

  // The next delivery, or nothing when `patience` has passed.
  std::optional<bus::v1::Delivery> Next(absl::Duration patience = absl::Seconds(10));
  std::vector<bus::v1::Delivery> NextMany(size_t count,
                                          absl::Duration patience = absl::Seconds(10));
  // The next cosigned checkpoint of the audit log.
  std::optional<std::string> NextCheckpoint(absl::Duration patience = absl::Seconds(10));
  // The next result of a receipt, nack or deadline change.
  std::optional<bus::v1::AckResult> NextResult(absl::Duration patience = absl::Seconds(10));

  bool Send(const bus::v1::StreamingPullRequest& request);
  void Ack(const bus::v1::Delivery& delivery) { Ack(std::vector<bus::v1::Delivery>{delivery}); }
  void Ack(const std::vector<bus::v1::Delivery>& deliveries);
  void Nack(const bus::v1::Delivery& delivery, std::optional<absl::Duration> delay,
            const std::string& reason = "TEST");
  // Ack, and waits for the result; true when it is on the record.
  bool AckAndConfirm(const bus::v1::Delivery& delivery);

  // Ends the stream as a client does that is done.
  void Close();
  void Cancel() { context_.TryCancel(); }
  // How the server ended the stream; nothing when it did not within `patience`.
  std::optional<grpc::Status> Ended(absl::Duration patience = absl::Seconds(10));

 private:
  void Read();

  const Drafts& drafts_;
  const std::unique_ptr<bus::v1::SubscriberService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<
      grpc::ClientReaderWriter<bus::v1::StreamingPullRequest, bus::v1::StreamingPullResponse>>
      stream_;
  std::mutex mutex_;
  std::deque<bus::v1::Delivery> deliveries_;
  std::deque<bus::v1::AckResult> results_;
  std::deque<std::string> checkpoints_;
  std::optional<grpc::Status> ended_;
  std::mutex write_mutex_;
  std::thread reader_;
};

}  // namespace waystation::harness

#endif  // WAYSTATION_TESTS_HARNESS_PULLER_H_
