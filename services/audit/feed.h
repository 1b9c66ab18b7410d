#ifndef WAYSTATION_SERVICES_AUDIT_FEED_H_
#define WAYSTATION_SERVICES_AUDIT_FEED_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/client/bus_client.h"
#include "grpcpp/client_context.h"
#include "waystation/audit/v1/log_service.grpc.pb.h"
#include "waystation/operations/v1/operations.grpc.pb.h"

namespace waystation::audit {

// Who takes what comes from the bus. Called from the feed's threads.
//
// Thread-safe.
class FeedListener {
 public:
  virtual ~FeedListener() = default;

  // Where to follow the record from: asked before each stream.
  virtual uint64_t NextSequence() = 0;
  // Serialized records in order; may wait. False ends the stream; it begins anew.
  virtual bool OnRecords(std::vector<std::string> records) = 0;
  // The stream ended; it is made again.
  virtual void OnEnded(const absl::Status& why) = 0;
  // The answer of GetCheckpoint, about once a second.
  virtual void OnLog(absl::StatusOr<audit::v1::GetCheckpointResponse> log) = 0;
};

// Everything that the auditor learns from the broker: the record as it grows, on
// one thread, and the newest checkpoints, on another. A stream that breaks is made
// again after a backoff.
//
// Does not own the listener, which outlives it. Thread-safe.
class Feed {
 public:
  struct Options {
    absl::Duration backoff_min = absl::Milliseconds(100);
    absl::Duration backoff_max = absl::Seconds(5);
    absl::Duration poll = absl::Seconds(1);
  };

  Feed(std::shared_ptr<client::BusClient> client, FeedListener& listener, Options options);
  ~Feed();

  // Ends both threads, also where they wait for the broker. Idempotent.
  void Stop();

 private:
  void RunTail();
  void RunPoll();
  // One stream from beginning to end; `*progress` when a record came.
  absl::Status Tail(bool* progress);
  absl::StatusOr<audit::v1::GetCheckpointResponse> AskLog();
  // The context of a call that Stop cancels; null after Stop.
  std::shared_ptr<grpc::ClientContext> Begin(std::shared_ptr<grpc::ClientContext>* slot);
  void End(std::shared_ptr<grpc::ClientContext>* slot);
  // False after Stop.
  bool SleepFor(absl::Duration time);

  const std::shared_ptr<client::BusClient> client_;
  FeedListener& listener_;
  const Options options_;
  const std::unique_ptr<operations::v1::OperationsService::Stub> operations_;
  const std::unique_ptr<audit::v1::LogService::Stub> log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<grpc::ClientContext> tail_context_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<grpc::ClientContext> poll_context_ ABSL_GUARDED_BY(mutex_);
  std::mutex stop_mutex_;
  std::thread tail_;
  std::thread poll_;
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_FEED_H_
