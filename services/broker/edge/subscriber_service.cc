#include "services/broker/edge/subscriber_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "common/limits/limits.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "services/broker/edge/stream.h"

namespace waystation::broker {
namespace {

using bus::v1::StreamingPullRequest;

constexpr absl::Duration kRecheckInterval = absl::Seconds(1);

absl::Status Stopping() { return absl::UnavailableError("broker: stopping; open the queue again"); }

int64_t MicrosOf(const google::protobuf::Duration& duration) {
  return duration.seconds() * 1'000'000 + duration.nanos() / 1'000;
}

// A duration between two bounds, in microseconds.
absl::StatusOr<int64_t> BoundedMicros(std::string_view field,
                                      const google::protobuf::Duration& duration,
                                      absl::Duration least, absl::Duration most) {
  // Seconds are looked at alone first: a huge value must not overflow.
  int64_t most_us = absl::ToInt64Microseconds(most);
  bool in_range = duration.seconds() >= 0 && duration.seconds() <= absl::ToInt64Seconds(most);
  int64_t value_us = in_range ? MicrosOf(duration) : -1;
  if (value_us >= absl::ToInt64Microseconds(least) && value_us <= most_us) return value_us;
  return Refusal(
      absl::StatusCode::kInvalidArgument, "FRAME_LIMIT",
      Problem(field, "out of range", absl::StrCat(duration.seconds(), " s"),
              absl::StrCat(absl::FormatDuration(least), " to ", absl::FormatDuration(most))));
}

absl::StatusOr<Credit> CreditFrom(const bus::v1::FlowControl& flow) {
  Credit credit{.messages = flow.outstanding_messages_max(),
                .bytes = flow.outstanding_bytes_max() == 0 ? kOutstandingBytesDefault
                                                           : flow.outstanding_bytes_max()};
  if (credit.messages >= 1 && credit.messages <= kOutstandingMessagesMax &&
      credit.bytes <= kOutstandingBytesMax) {
    return credit;
  }
  return Refusal(
      absl::StatusCode::kInvalidArgument, "FRAME_LIMIT",
      Problem(
          "flow_control", "out of range",
          absl::StrCat(flow.outstanding_messages_max(), " messages and ", credit.bytes, " bytes"),
          absl::StrCat("1 to ", kOutstandingMessagesMax, " and at most ", kOutstandingBytesMax)));
}

bool IsReasonCode(const std::string& reason) {
  auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !reason.empty() && reason.size() <= kReasonBytesMax &&
         std::all_of(reason.begin(), reason.end(), allowed);
}

bool IsClientId(const std::string& id) {
  auto printable = [](char c) { return c > ' ' && c <= '~'; };
  return !id.empty() && id.size() <= kClientIdBytesMax &&
         std::all_of(id.begin(), id.end(), printable);
}

class PullStream : public Stream<StreamingPullRequest> {
 public:
  PullStream(const EdgeContext& context, OpenStreams& streams, CheckpointFeed& checkpoints,
             grpc::CallbackServerContext* call, const rpc::Caller& caller)
      : context_(context),
        streams_(streams),
        checkpoints_(checkpoints),
        call_(call),
        admission_(context.rules, context.trust, *context.clock, caller.identity),
        checked_(context.clock->Monotonic()) {}

 protected:
  bool OnRequest(StreamingPullRequest request) override {
    absl::Status handled = Handle(std::move(request));
    if (handled.ok()) return true;
    context_.refusals->Add(admission_.identity(), "call", handled);
    End(handled);
    return false;
  }

  void OnMalformed(const absl::Status& status) override {
    context_.refusals->Add(admission_.identity(), "call", status);
    End(status);
  }

  // The client sends no more; what it sent is answered before the stream ends.
  void OnReadsDone() override {
    auto self = std::static_pointer_cast<PullStream>(shared_from_this());
    Inspect last{.look = [](const State&) {}, .done = [self] { self->End(absl::OkStatus()); }};
    if (!context_.sequencer->Post(std::move(last))) End(Stopping());
  }

  void OnEnded() override {
    streams_.Remove(this);
    checkpoints_.Remove(this);
    if (session_ != nullptr) context_.sequencer->Post(ClosePull{std::move(session_)});
  }

 private:
  // The sequencer's end of the stream. Holds the stream until it is closed.
  struct Session : public PullSession {
    Session(std::shared_ptr<PullStream> owner, std::string client, int64_t deadline_us,
            Credit credit)
        : PullSession(owner->admission_.identity(), std::move(client), deadline_us, credit),
          stream(std::move(owner)) {}
    void OnFrame(Frame frame) override { stream->Send(std::move(frame)); }
    std::shared_ptr<PullStream> stream;
  };

  absl::Status Handle(StreamingPullRequest request) {
    WS_RETURN_IF_ERROR(Recheck());
    if (request.has_open() == (session_ != nullptr)) {
      return Refusal(absl::StatusCode::kInvalidArgument, "PULL_NOT_OPENED",
                     Problem("pull", request.has_open() ? "opened twice" : "not opened",
                             request.has_open() ? "another `open`" : "no `open`",
                             "`open` in the first request and in no other"));
    }
    if (request.has_open()) WS_RETURN_IF_ERROR(Open(request.open()));
    if (request.has_flow_control()) {
      WS_ASSIGN_OR_RETURN(Credit credit, CreditFrom(request.flow_control()));
      WS_RETURN_IF_ERROR(Post(ChangeLimit{session_, credit}));
    }
    for (bus::v1::ReceiptBatch& batch : *request.mutable_receipts()) {
      WS_RETURN_IF_ERROR(TakeReceipts(std::move(batch)));
    }
    for (const bus::v1::Nack& nack : request.nacks()) WS_RETURN_IF_ERROR(TakeNack(nack));
    for (const bus::v1::AckDeadlineChange& change : request.deadlines()) {
      WS_RETURN_IF_ERROR(TakeDeadline(change));
    }
    return absl::OkStatus();
  }

  absl::Status Recheck() {
    absl::Duration now = context_.clock->Monotonic();
    if (now - checked_ <= kRecheckInterval) return absl::OkStatus();
    checked_ = now;
    return context_.Authenticate(*call_, bus::v1::ACTION_PULL).status();
  }

  absl::Status Open(const bus::v1::PullOpen& open) {
    if (!IsClientId(open.client_id())) {
      return Refusal(
          absl::StatusCode::kInvalidArgument, "FRAME_LIMIT",
          Problem("client_id", "not a name", Quoted(open.client_id()),
                  absl::StrCat("1 to ", kClientIdBytesMax, " printable characters without space")));
    }
    int64_t deadline_us = absl::ToInt64Microseconds(kAckDeadlineDefault);
    if (open.has_ack_deadline()) {
      WS_ASSIGN_OR_RETURN(deadline_us, BoundedMicros("ack_deadline", open.ack_deadline(),
                                                     kAckDeadlineMin, kAckDeadlineMax));
    }
    WS_ASSIGN_OR_RETURN(Credit credit, CreditFrom(open.flow_control()));
    session_ = std::make_shared<Session>(std::static_pointer_cast<PullStream>(shared_from_this()),
                                         open.client_id(), deadline_us, credit);
    // The feed must not keep the stream, which takes itself out when it ends.
    std::weak_ptr<Stream<StreamingPullRequest>> weak = weak_from_this();
    checkpoints_.Add(this, [weak](const std::string& note) {
      auto stream = weak.lock();
      if (stream == nullptr) return;
      Frame frame;
      AppendCheckpoint(note, &frame.bytes);
      stream->Send(std::move(frame));
    });
    return Post(OpenPull{session_});
  }

  absl::Status TakeReceipts(bus::v1::ReceiptBatch batch) {
    absl::StatusOr<std::vector<ReceiptView>> views = admission_.AdmitReceipts(batch);
    if (views.ok()) return Post(ReceiptGroup{session_, std::move(batch), *std::move(views)});
    // A batch that does not verify acknowledges nothing; the stream goes on.
    context_.refusals->Add(admission_.identity(), "receipt", views.status());
    Frame frame{.bytes = {}, .messages = static_cast<size_t>(batch.receipts_size())};
    for (const std::string& bytes : batch.receipts()) {
      bus::v1::DeliveryReceipt receipt;
      if (!receipt.ParseFromString(bytes)) receipt.clear_message_id();
      AppendAck(receipt.message_id(), views.status(), &frame.bytes);
    }
    if (frame.bytes.empty()) return views.status();
    Send(std::move(frame));
    return absl::OkStatus();
  }

  absl::Status TakeNack(const bus::v1::Nack& nack) {
    std::optional<MessageId> id = ParseUuid(nack.message_id());
    if (!id.has_value() || !IsReasonCode(nack.reason())) {
      // What is no code may be words about a person: its size is told, not itself.
      return Refusal(absl::StatusCode::kInvalidArgument, "FRAME_LIMIT",
                     Problem("nack", "malformed",
                             absl::StrCat("id ", Quoted(nack.message_id()), " and a reason of ",
                                          nack.reason().size(), " bytes"),
                             "a UUID and UPPER_SNAKE of at most 63 bytes"));
    }
    NackCommand command{.id = *id,
                        .attempt = nack.attempt(),
                        .reason = nack.reason(),
                        .retry_delay_us = std::nullopt};
    if (nack.has_retry_delay()) {
      WS_ASSIGN_OR_RETURN(
          command.retry_delay_us,
          BoundedMicros("retry_delay", nack.retry_delay(), absl::ZeroDuration(), kRetryDelayMax));
    }
    return Post(NackOne{session_, std::move(command)});
  }

  absl::Status TakeDeadline(const bus::v1::AckDeadlineChange& change) {
    std::optional<MessageId> id = ParseUuid(change.message_id());
    if (!id.has_value()) {
      return Refusal(absl::StatusCode::kInvalidArgument, "FRAME_LIMIT",
                     Problem("deadline change", "message_id is not an id",
                             Quoted(change.message_id()), "a UUID"));
    }
    WS_ASSIGN_OR_RETURN(int64_t deadline_us, BoundedMicros("ack_deadline", change.ack_deadline(),
                                                           kAckDeadlineMin, kAckDeadlineMax));
    return Post(ExtendOne{session_, *id, change.attempt(), deadline_us});
  }

  absl::Status Post(Command command) {
    return context_.sequencer->Post(std::move(command)) ? absl::OkStatus() : Stopping();
  }

  const EdgeContext& context_;
  OpenStreams& streams_;
  CheckpointFeed& checkpoints_;
  grpc::CallbackServerContext* const call_;
  AdmissionSession admission_;
  absl::Duration checked_;
  std::shared_ptr<Session> session_;
};

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* SubscriberService::StreamingPull(
    grpc::CallbackServerContext* call) {
  absl::StatusOr<rpc::Caller> caller = context_.Authenticate(*call, bus::v1::ACTION_PULL);
  if (!caller.ok()) return new RefusedStream(caller.status());
  auto stream = std::make_shared<PullStream>(context_, streams_, checkpoints_, call, *caller);
  std::weak_ptr<PullStream> weak = stream;
  streams_.Add(stream.get(), [weak] {
    if (auto open = weak.lock()) open->End(Stopping());
  });
  stream->Begin();
  return stream.get();
}

}  // namespace waystation::broker
