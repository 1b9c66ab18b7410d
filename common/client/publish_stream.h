#ifndef WAYSTATION_COMMON_CLIENT_PUBLISH_STREAM_H_
#define WAYSTATION_COMMON_CLIENT_PUBLISH_STREAM_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/client/backoff.h"
#include "common/client/bus_client.h"
#include "common/client/evidence_checker.h"
#include "common/crypto/sha256.h"
#include "common/ids/random.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/bus/v1/publisher.grpc.pb.h"

namespace waystation::client {

// What became of a message, for good.
struct PublishOutcome {
  std::string message_id;
  // OK: the bus keeps it and `published` proves it. Otherwise the broker's
  // refusal: the message is not in the bus.
  absl::Status status;
  Published published;
};

// Publishes messages in frames over one stream and reports what became of each.
//
//   PublishStream stream(client, {}, [&](PublishOutcome outcome) { ... });
//   WS_RETURN_IF_ERROR(stream.Send(message));
//
// Every message that `Send` took gets exactly one outcome, in the order of
// sending, or none when the stream is stopped before: then it is unknown and
// the outbox sends the same bytes again. A connection that breaks is made again
// after a backoff and everything without an outcome is sent again as it was.
// A custody receipt counts only when it proves that this broker keeps this
// message; one that does not is logged, the connection is dropped and the
// message is sent again: on doubt nothing is reported.
//
// Limits: `inflight_messages_max` and `inflight_bytes_max` without an outcome.
// Thread-safe. Outcomes come on one thread of the stream's own, which must not
// call Stop.
class PublishStream {
 public:
  struct Options {
    size_t inflight_messages_max = 4096;
    size_t inflight_bytes_max = size_t{64} * 1024 * 1024;
    size_t frame_messages_max = 256;
    absl::Duration backoff_min = absl::Milliseconds(100);
    absl::Duration backoff_max = absl::Seconds(10);
    RandomSource random = SystemRandom;
  };
  using OnOutcome = std::function<void(PublishOutcome)>;

  // Connects when the first message is sent. `client` is kept.
  PublishStream(std::shared_ptr<BusClient> client, Options options, OnOutcome on_outcome);
  ~PublishStream();

  // Takes a signed message. Errors: RESOURCE_EXHAUSTED the window is full, see
  // `WaitForRoom`; ALREADY_EXISTS a message of that id is under way;
  // INVALID_ARGUMENT the header cannot be read; CANCELLED stopped.
  absl::Status Send(bus::v1::SignedMessage message);

  // Waits until the window has room for a message. False when the time ran out
  // or the stream was stopped.
  bool WaitForRoom(absl::Duration timeout);

  // Waits until every message has its outcome. False as above.
  bool Flush(absl::Duration timeout);

  // Messages without an outcome.
  size_t unanswered() const;

  // Ends the connection and the threads; no outcome comes after it returns.
  // Later calls do nothing.
  void Stop();

 private:
  struct Entry {
    bus::v1::SignedMessage message;
    std::string id;
    crypto::Digest envelope_hash;
    size_t bytes = 0;
  };
  struct Session;

  void Run();
  // One connection from beginning to end. Returns whether it brought a result.
  bool RunSession();
  void WriteFrames(Session& session);
  void ReadResults(Session& session);
  absl::Status TakeResult(bus::v1::PublishResult* result);
  absl::StatusOr<PublishOutcome> Judge(const Entry& entry, bus::v1::PublishResult* result);
  std::vector<std::shared_ptr<Entry>> NextFrame(Session& session);
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<BusClient> client_;
  const Options options_;
  const OnOutcome on_outcome_;
  const std::unique_ptr<bus::v1::PublisherService::Stub> stub_;
  EvidenceChecker checker_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  // Without an outcome, in the order of sending. The first `sent_` have been
  // written to the present connection.
  std::deque<std::shared_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);
  size_t sent_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_set<std::string> ids_ ABSL_GUARDED_BY(mutex_);
  // An outcome is being told.
  bool reporting_ ABSL_GUARDED_BY(mutex_) = false;
  Session* session_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace waystation::client

#endif  // WAYSTATION_COMMON_CLIENT_PUBLISH_STREAM_H_
