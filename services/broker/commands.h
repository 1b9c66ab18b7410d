#ifndef WAYSTATION_SERVICES_BROKER_COMMANDS_H_
#define WAYSTATION_SERVICES_BROKER_COMMANDS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "services/broker/admission.h"
#include "services/broker/core/decide.h"
#include "services/broker/core/state.h"
#include "services/broker/frame.h"
#include "waystation/bus/v1/message.pb.h"

// What streams and calls ask of the sequencer, and where the answers go once
// they are durable.

namespace waystation::broker {

// Takes the answers of one publisher, in order. Called from the dispatcher's
// thread; must not block.
class PublishSink {
 public:
  virtual ~PublishSink() = default;
  // A serialized StreamingPublishResponse.
  virtual void OnPublished(Frame frame) = 0;
};

// A message that admission refused, kept in its place among the others.
struct RefusedMessage {
  std::string message_id;
  absl::Status status;
};

struct PublishGroup {
  std::vector<std::variant<std::shared_ptr<AdmittedMessage>, RefusedMessage>> messages;
  std::shared_ptr<PublishSink> sink;
};

// One pull stream. The first part never changes; the second belongs to the
// sequencer; `OnFrame` is called from the dispatcher's thread and must not block.
class PullSession {
 public:
  PullSession(std::string queue_name, std::string client, int64_t ack_deadline, Credit limit_)
      : queue(std::move(queue_name)),
        client_id(std::move(client)),
        ack_deadline_us(ack_deadline),
        limit(limit_) {}
  virtual ~PullSession() = default;
  // A serialized StreamingPullResponse.
  virtual void OnFrame(Frame frame) = 0;

  const std::string queue;
  const std::string client_id;
  const int64_t ack_deadline_us;

  // The sequencer's own.
  Credit limit;
  uint64_t outstanding_bytes = 0;
  absl::flat_hash_map<uint64_t, uint32_t> outstanding;  // Sequence -> bytes.
};

struct OpenPull {
  std::shared_ptr<PullSession> session;
};
struct ClosePull {
  std::shared_ptr<PullSession> session;
};
struct ChangeLimit {
  std::shared_ptr<PullSession> session;
  Credit limit;
};
// Receipts whose signature holds.
struct ReceiptGroup {
  std::shared_ptr<PullSession> session;
  bus::v1::ReceiptBatch batch;
  std::vector<ReceiptView> views;
};
struct NackOne {
  std::shared_ptr<PullSession> session;
  NackCommand command;
};
struct ExtendOne {
  std::shared_ptr<PullSession> session;
  MessageId id{};
  uint32_t attempt = 0;
  int64_t ack_deadline_us = 0;
};
struct Redrive {
  std::string queue;
  std::vector<MessageId> ids;
  std::string operator_identity;
  std::function<void(absl::StatusOr<uint64_t>)> done;  // Once durable.
};
// The audit log was signed, off the sequencer's thread.
struct LogSigned {
  CheckpointCommand checkpoint;
};
// Looks at the state between two commands; `done` comes once all that was seen
// is durable.
struct Inspect {
  std::function<void(const State&)> look;
  std::function<void()> done;
};

using Command = std::variant<PublishGroup, OpenPull, ClosePull, ChangeLimit, ReceiptGroup, NackOne,
                             ExtendOne, Redrive, LogSigned, Inspect>;

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_COMMANDS_H_
