#ifndef WAYSTATION_COMMON_CLIENT_PULL_STREAM_H_
#define WAYSTATION_COMMON_CLIENT_PULL_STREAM_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/client/bus_client.h"
#include "common/client/evidence_checker.h"
#include "common/ids/random.h"
#include "common/limits/limits.h"
#include "waystation/bus/v1/subscriber.grpc.pb.h"

namespace waystation::client {

// What a receiver says to a frame. Receipts are signed in the transaction that
// commits the effect and are resent verbatim when a message comes again; see
// evidence::Signer::SignReceipts. A delivery with neither comes again when its
// deadline has passed.
struct FrameAnswer {
  std::vector<bus::v1::ReceiptBatch> receipts;
  std::vector<bus::v1::Nack> nacks;
};

// Pulls the own queue: verifies each delivery, hands frames of good ones to the
// handler and sends back its receipts.
//
//   PullStream stream(client, options, {.on_frame = Apply, .on_ack = MarkAcknowledged});
//   ...
//   stream.Stop();
//
// At least once: a message comes again until its receipt is on the record, also
// after the handler has seen it. Frames come in order, one at a time; order of
// messages is that of the broker. A connection that breaks is made again after
// a backoff. A delivery that does not prove its sender never reaches the
// handler: it is nacked with the reason, so that it ends as a dead letter for a
// person to look at.
//
// Thread-safe. Frames come on one thread, everything else on another, both the
// stream's own; neither may call Stop.
class PullStream {
 public:
  struct Options {
    std::string client_id;  // Required, at most 64 bytes.
    absl::Duration ack_deadline = kAckDeadlineDefault;
    uint32_t outstanding_messages_max = 1024;
    uint64_t outstanding_bytes_max = kOutstandingBytesDefault;
    absl::Duration backoff_min = absl::Milliseconds(100);
    absl::Duration backoff_max = absl::Seconds(10);
    RandomSource random = SystemRandom;
  };
  struct Handlers {
    // Required. What it does not answer here, `Answer` answers later.
    std::function<FrameAnswer(std::vector<VerifiedDelivery>)> on_frame;
    // What the broker says to a receipt or nack: OK when it is on the record.
    // Optional.
    std::function<void(std::string_view message_id, const absl::Status&)> on_ack;
    // A delivery that is no evidence; `message_id` is what it claims, "" when
    // it cannot be read. Optional.
    std::function<void(std::string_view message_id, const absl::Status&)> on_bad_delivery;
    // The queue is open, again: leases of the last connection are back with the
    // broker, receipts and nacks without an ack may not have reached it.
    // Optional.
    std::function<void()> on_connected;
    // The newest checkpoint of the audit log that a quorum has cosigned, as the broker
    // says: a signed note, not verified. Must not block. Optional.
    std::function<void(const std::string& note)> on_checkpoint;
    // A connection or an attempt at one ended; another follows. Optional.
    std::function<void(const absl::Status& why)> on_disconnected;
  };

  // Connects at once. `client` is kept and must have a signer.
  PullStream(std::shared_ptr<BusClient> client, Options options, Handlers handlers);
  ~PullStream();

  // Sends receipts and nacks, in frames within the limits. Dropped when there is
  // no connection: the messages come again, and the same receipts answer them.
  void Answer(FrameAnswer answer);

  // Gives deliveries that are under way more time; for handlers that take
  // longer than the ack deadline. Dropped when there is no connection, because
  // then the leases are gone too.
  void ExtendDeadlines(const std::vector<bus::v1::AckDeadlineChange>& changes);

  // Lets the frame that is being handled end, ends the connection and the
  // threads. Later calls do nothing.
  void Stop();

 private:
  struct Session;
  struct Frame {
    std::vector<VerifiedDelivery> deliveries;
    std::vector<bus::v1::Nack> nacks;
  };

  void RunConnections();
  void RunHandler();
  // One connection from beginning to end; OK only when stopped. `*progress`
  // says whether it brought anything.
  absl::Status RunSession(bool* progress);
  absl::Status Read(Session& session, bool* progress);
  absl::Status TakeResponse(bus::v1::StreamingPullResponse* response);
  static absl::Status FromRefusal(const bus::v1::AckResult& result);
  void NackBadDelivery(const bus::v1::Delivery& delivery, const absl::Status& why, Frame* frame);
  void Write(const bus::v1::StreamingPullRequest& request);
  bus::v1::StreamingPullRequest OpenRequest() const;

  const std::shared_ptr<BusClient> client_;
  const Options options_;
  const Handlers handlers_;
  const std::unique_ptr<bus::v1::SubscriberService::Stub> stub_;
  EvidenceChecker checker_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Frame> frames_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<Session> session_ ABSL_GUARDED_BY(mutex_);
  std::mutex stop_mutex_;
  std::thread handler_thread_;
  std::thread connection_thread_;
};

}  // namespace waystation::client

#endif  // WAYSTATION_COMMON_CLIENT_PULL_STREAM_H_
