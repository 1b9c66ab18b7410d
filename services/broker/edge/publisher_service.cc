#include "services/broker/edge/publisher_service.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "common/limits/limits.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "services/broker/edge/stream.h"

namespace waystation::broker {
namespace {

using bus::v1::StreamingPublishRequest;
using bus::v1::StreamingPublishResponse;

// How far a stream may be ahead of its answers before it is read no further.
constexpr size_t kUnansweredMessagesMax = 8192;
constexpr size_t kUnansweredBytesMax = size_t{32} * 1024 * 1024;
// How often an open stream's certificate is judged again.
constexpr absl::Duration kRecheckInterval = absl::Seconds(1);

absl::Status Stopping() {
  return absl::UnavailableError("broker: stopping; unanswered messages are unknown, send again");
}

// The id of a message that may not even parse.
std::string IdOf(const std::string& header_bytes) {
  bus::v1::Header header;
  if (header_bytes.size() > kHeaderBytesMax || !header.ParseFromString(header_bytes)) return "";
  return header.id();
}

// Admits one message; a refusal keeps its place and goes on the record.
void AdmitInto(AdmissionSession& admission, RefusalLog& refusals, bus::v1::SignedMessage* message,
               PublishGroup& group) {
  absl::StatusOr<std::shared_ptr<AdmittedMessage>> admitted = admission.Admit(message);
  if (admitted.ok()) {
    group.messages.emplace_back(*std::move(admitted));
    return;
  }
  refusals.Add(admission.identity(), "publish", admitted.status());
  group.messages.emplace_back(
      RefusedMessage{.message_id = IdOf(message->header()), .status = admitted.status()});
}

class PublishStream : public Stream<StreamingPublishRequest>, public PublishSink {
 public:
  PublishStream(const EdgeContext& context, OpenStreams& streams, grpc::CallbackServerContext* call,
                const rpc::Caller& caller)
      : context_(context),
        streams_(streams),
        call_(call),
        admission_(context.rules, context.trust, *context.clock, caller.identity),
        checked_(context.clock->Monotonic()) {}

  void OnPublished(Frame frame) override { Send(std::move(frame)); }

 protected:
  bool OnRequest(StreamingPublishRequest request) override {
    absl::Status allowed = CheckFrame(request);
    if (!allowed.ok()) {
      End(allowed);
      return false;
    }
    size_t bytes = request.ByteSizeLong();
    size_t count = static_cast<size_t>(request.messages_size());
    PublishGroup group;
    group.sink = std::static_pointer_cast<PublishStream>(shared_from_this());
    group.messages.reserve(count);
    for (bus::v1::SignedMessage& message : *request.mutable_messages()) {
      AdmitInto(admission_, *context_.refusals, &message, group);
    }
    bool read_on = CountIn(count, bytes);
    if (!context_.sequencer->Post(std::move(group))) End(Stopping());
    return read_on;
  }

  void OnMalformed(const absl::Status& status) override {
    context_.refusals->Add(admission_.identity(), "publish", status);
    End(status);
  }

  void OnWritten(size_t answered) override {
    std::lock_guard<std::mutex> lock(count_mutex_);
    unanswered_ -= answered;
    if (unanswered_ == 0) unanswered_bytes_ = 0;
    bool resume = held_back_ && unanswered_ <= kUnansweredMessagesMax / 2 &&
                  (unanswered_ == 0 || unanswered_bytes_ <= kUnansweredBytesMax);
    if (!resume) return;
    held_back_ = false;
    ReadOn();
  }

  // The client has sent all; the stream ends when all is answered. Ending at
  // once would leave answers unsaid that are on disk already.
  void OnReadsDone() override {
    auto self = std::static_pointer_cast<PublishStream>(shared_from_this());
    // Behind every message of this stream, so after every answer to it.
    PublishGroup last;
    last.sink = std::make_shared<EndSink>(self);
    if (!context_.sequencer->Post(std::move(last))) End(Stopping());
  }

  void OnEnded() override { streams_.Remove(this); }

 private:
  struct EndSink : public PublishSink {
    explicit EndSink(std::shared_ptr<PublishStream> ended) : stream(std::move(ended)) {}
    void OnPublished(Frame) override { stream->End(absl::OkStatus()); }
    std::shared_ptr<PublishStream> stream;
  };

  absl::Status CheckFrame(const StreamingPublishRequest& request) {
    absl::Duration now = context_.clock->Monotonic();
    if (now - checked_ > kRecheckInterval) {
      checked_ = now;
      WS_RETURN_IF_ERROR(context_.Authenticate(*call_, std::nullopt).status());
    }
    size_t count = static_cast<size_t>(request.messages_size());
    if (count >= 1 && count <= kFrameMessagesMax && request.ByteSizeLong() <= kFrameBytesMax) {
      return absl::OkStatus();
    }
    absl::Status limit =
        Refusal(absl::StatusCode::kInvalidArgument, "FRAME_LIMIT",
                Problem("publish frame", "wrong size",
                        absl::StrCat(count, " messages in ", request.ByteSizeLong(), " bytes"),
                        absl::StrCat("1 to ", kFrameMessagesMax, " in at most ", kFrameBytesMax)));
    context_.refusals->Add(admission_.identity(), "publish", limit);
    return limit;
  }

  bool CountIn(size_t count, size_t bytes) {
    std::lock_guard<std::mutex> lock(count_mutex_);
    unanswered_ += count;
    unanswered_bytes_ += bytes;
    held_back_ = unanswered_ > kUnansweredMessagesMax || unanswered_bytes_ > kUnansweredBytesMax;
    return !held_back_;
  }

  const EdgeContext& context_;
  OpenStreams& streams_;
  grpc::CallbackServerContext* const call_;
  AdmissionSession admission_;
  absl::Duration checked_;
  std::mutex count_mutex_;
  size_t unanswered_ ABSL_GUARDED_BY(count_mutex_) = 0;
  size_t unanswered_bytes_ ABSL_GUARDED_BY(count_mutex_) = 0;
  bool held_back_ ABSL_GUARDED_BY(count_mutex_) = false;
};

// Ends a unary call with the one result.
class UnarySink : public PublishSink {
 public:
  UnarySink(grpc::ServerUnaryReactor* reactor, grpc::ByteBuffer* response)
      : reactor_(reactor), response_(response) {}

  void OnPublished(Frame frame) override {
    StreamingPublishResponse answered;
    WS_CHECK(answered.ParseFromString(frame.bytes) && answered.results_size() == 1);
    bus::v1::PublishResult& result = *answered.mutable_results(0);
    if (result.has_refusal()) {
      reactor_->Finish(rpc::ToGrpcStatus(rpc::FromRpcStatus(result.refusal())));
      return;
    }
    bus::v1::PublishResponse response;
    *response.mutable_receipt() = std::move(*result.mutable_receipt());
    response.set_duplicate(result.duplicate());
    WriteResponse(response, response_);
    reactor_->Finish(grpc::Status::OK);
  }

 private:
  grpc::ServerUnaryReactor* const reactor_;
  grpc::ByteBuffer* const response_;
};

}  // namespace

grpc::ServerUnaryReactor* PublisherService::Publish(grpc::CallbackServerContext* call,
                                                    const grpc::ByteBuffer* request,
                                                    grpc::ByteBuffer* response) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  absl::StatusOr<rpc::Caller> caller = context_.Authenticate(*call, std::nullopt);
  if (!caller.ok()) {
    reactor->Finish(rpc::ToGrpcStatus(caller.status()));
    return reactor;
  }
  bus::v1::PublishRequest publish;
  absl::Status read = ReadRequest(*request, &publish);
  if (!read.ok()) {
    context_.refusals->Add(caller->identity, "publish", read);
    reactor->Finish(rpc::ToGrpcStatus(read));
    return reactor;
  }
  AdmissionSession admission(context_.rules, context_.trust, *context_.clock, caller->identity);
  PublishGroup group;
  group.sink = std::make_shared<UnarySink>(reactor, response);
  AdmitInto(admission, *context_.refusals, publish.mutable_message(), group);
  if (!context_.sequencer->Post(std::move(group))) reactor->Finish(rpc::ToGrpcStatus(Stopping()));
  return reactor;
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* PublisherService::StreamingPublish(
    grpc::CallbackServerContext* call) {
  absl::StatusOr<rpc::Caller> caller = context_.Authenticate(*call, std::nullopt);
  if (!caller.ok()) return new RefusedStream(caller.status());
  auto stream = std::make_shared<PublishStream>(context_, streams_, call, *caller);
  std::weak_ptr<PublishStream> weak = stream;
  streams_.Add(stream.get(), [weak] {
    if (auto open = weak.lock()) open->End(Stopping());
  });
  stream->Begin();
  return stream.get();
}

absl::StatusOr<std::optional<bus::v1::SignedReceipt>> PublisherService::FindReceipt(
    const std::string& message_id, const std::string& sender) const {
  std::optional<MessageId> id = ParseUuid(message_id);
  if (!id.has_value()) return std::nullopt;
  std::optional<KnownMessage> known = context_.projection->FindMessage(*id);
  if (!known.has_value()) return std::nullopt;
  WS_ASSIGN_OR_RETURN(journal::v1::Record record, context_.reader->RecordAt(known->sequence));
  bus::v1::Header header;
  if (!header.ParseFromString(record.accepted().header()) || header.source() != sender) {
    return std::nullopt;
  }
  return context_.reader->CustodyReceiptAt(known->sequence, context_.bus_id);
}

grpc::ServerUnaryReactor* PublisherService::GetPublishOutcome(
    grpc::CallbackServerContext* call, const bus::v1::GetPublishOutcomeRequest* request,
    bus::v1::GetPublishOutcomeResponse* response) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  auto answer = [&]() -> absl::Status {
    WS_ASSIGN_OR_RETURN(rpc::Caller caller, context_.Authenticate(*call, bus::v1::ACTION_READ));
    WS_ASSIGN_OR_RETURN(std::optional<bus::v1::SignedReceipt> receipt,
                        FindReceipt(request->message_id(), caller.identity));
    if (!receipt.has_value()) {
      return Refusal(absl::StatusCode::kNotFound, "UNKNOWN_MESSAGE",
                     Problem("message", "the bus has none of the caller's with this id",
                             Quoted(request->message_id()), "the id of an accepted message"));
    }
    *response->mutable_receipt() = *std::move(receipt);
    return absl::OkStatus();
  };
  reactor->Finish(rpc::ToGrpcStatus(answer()));
  return reactor;
}

grpc::ServerUnaryReactor* PublisherService::ListPublishOutcomes(
    grpc::CallbackServerContext* call, const bus::v1::ListPublishOutcomesRequest* request,
    bus::v1::ListPublishOutcomesResponse* response) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  auto answer = [&]() -> absl::Status {
    WS_ASSIGN_OR_RETURN(rpc::Caller caller, context_.Authenticate(*call, bus::v1::ACTION_READ));
    const auto asked = static_cast<size_t>(request->message_ids_size());
    if (asked == 0 || asked > kOutcomesAskedMax) {
      const absl::Status limit = Refusal(absl::StatusCode::kInvalidArgument, "FRAME_LIMIT",
                                         Problem("message_ids", "wrong number", absl::StrCat(asked),
                                                 absl::StrCat("1 to ", kOutcomesAskedMax)));
      context_.refusals->Add(caller.identity, "call", limit);
      return limit;
    }
    response->set_log_origin(context_.log_origin);
    for (const std::string& message_id : request->message_ids()) {
      WS_ASSIGN_OR_RETURN(std::optional<bus::v1::SignedReceipt> receipt,
                          FindReceipt(message_id, caller.identity));
      if (!receipt.has_value()) continue;
      bus::v1::PublishOutcome& outcome = *response->add_outcomes();
      outcome.set_message_id(message_id);
      *outcome.mutable_receipt() = *std::move(receipt);
    }
    return absl::OkStatus();
  };
  reactor->Finish(rpc::ToGrpcStatus(answer()));
  return reactor;
}

}  // namespace waystation::broker
