#include "common/client/pull_stream.h"

#include <chrono>
#include <utility>

#include "common/client/backoff.h"
#include "common/evidence/message.h"
#include "common/log/log.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "grpcpp/client_context.h"

namespace waystation::client {
namespace {

google::protobuf::Duration ToProtoDuration(absl::Duration duration) {
  google::protobuf::Duration out;
  const int64_t seconds = absl::IDivDuration(duration, absl::Seconds(1), &duration);
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return out;
}

// A bad message is told apart from a directory that cannot be had.
bool IsBadMessage(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsUnauthenticated(status);
}

}  // namespace

struct PullStream::Session {
  grpc::ClientContext context;
  std::unique_ptr<
      grpc::ClientReaderWriter<bus::v1::StreamingPullRequest, bus::v1::StreamingPullResponse>>
      stream;
  // gRPC takes one write at a time, the opening first, and none after Finish.
  std::mutex write_mutex;
  bool writable ABSL_GUARDED_BY(write_mutex) = false;
};

PullStream::PullStream(std::shared_ptr<BusClient> client, Options options, Handlers handlers)
    : client_(std::move(client)),
      options_(std::move(options)),
      handlers_(std::move(handlers)),
      stub_(bus::v1::SubscriberService::NewStub(client_->channel())),
      checker_(client_->directory(), client_->trust()),
      handler_thread_([this] { RunHandler(); }),
      connection_thread_([this] { RunConnections(); }) {}

PullStream::~PullStream() { Stop(); }

void PullStream::Stop() {
  std::lock_guard<std::mutex> once(stop_mutex_);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (handler_thread_.joinable()) handler_thread_.join();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    if (session_ != nullptr) session_->context.TryCancel();
  }
  changed_.notify_all();
  if (connection_thread_.joinable()) connection_thread_.join();
}

void PullStream::RunConnections() {
  Backoff backoff(options_.backoff_min, options_.backoff_max, options_.random);
  while (true) {
    bool progress = false;
    const absl::Status why = RunSession(&progress);
    std::unique_lock<std::mutex> lock(mutex_);
    if (stopped_) return;
    // Their leases are back with the broker; they come again.
    frames_.clear();
    lock.unlock();
    log::Warning("client", "pull_stream_ended", {{"text", Std(why.message())}});
    if (handlers_.on_disconnected) handlers_.on_disconnected(why);
    if (progress) backoff.Reset();
    lock.lock();
    changed_.wait_for(lock, absl::ToChronoMilliseconds(backoff.Next()),
                      [this] { return stopped_; });
  }
}

absl::Status PullStream::RunSession(bool* progress) {
  WS_RETURN_IF_ERROR(client_->AwaitConnection(kConnectPatience));
  // Who was enrolled while the connection was away is known before the first
  // message of theirs comes.
  WS_ASSIGN_OR_RETURN(DirectoryCache::View view, client_->directory().Get());
  WS_RETURN_IF_ERROR(client_->directory().Refresh(view->version()).status());
  auto session = std::make_shared<Session>();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_) return absl::OkStatus();
    session_ = session;
  }
  // Waits for the connection, so without the lock; Stop cancels it.
  session->stream = stub_->StreamingPull(&session->context);
  const absl::Status read = Read(*session, progress);
  if (!read.ok()) session->context.TryCancel();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    session_ = nullptr;
  }
  // A write that is under way ends now that the call has ended.
  std::lock_guard<std::mutex> lock(session->write_mutex);
  session->writable = false;
  const grpc::Status status = session->stream->Finish();
  if (!read.ok()) return read;
  if (status.ok()) return absl::UnavailableError("pull stream: closed by the broker");
  return rpc::FromGrpcStatus(status);
}

absl::Status PullStream::Read(Session& session, bool* progress) {
  {
    std::lock_guard<std::mutex> lock(session.write_mutex);
    // The status of a stream that cannot be opened comes from Finish.
    if (!session.stream->Write(OpenRequest())) return absl::OkStatus();
    session.writable = true;
  }
  if (handlers_.on_connected) handlers_.on_connected();
  bus::v1::StreamingPullResponse response;
  while (session.stream->Read(&response)) {
    *progress = true;
    WS_RETURN_IF_ERROR(TakeResponse(&response));
  }
  return absl::OkStatus();
}

bus::v1::StreamingPullRequest PullStream::OpenRequest() const {
  bus::v1::StreamingPullRequest request;
  bus::v1::PullOpen* open = request.mutable_open();
  open->set_client_id(options_.client_id);
  *open->mutable_ack_deadline() = ToProtoDuration(options_.ack_deadline);
  open->mutable_flow_control()->set_outstanding_messages_max(options_.outstanding_messages_max);
  open->mutable_flow_control()->set_outstanding_bytes_max(options_.outstanding_bytes_max);
  return request;
}

absl::Status PullStream::TakeResponse(bus::v1::StreamingPullResponse* response) {
  for (const auto& result : response->results()) {
    if (handlers_.on_ack) handlers_.on_ack(result.message_id(), FromRefusal(result));
  }
  if (handlers_.on_checkpoint && !response->checkpoint().empty()) {
    handlers_.on_checkpoint(response->checkpoint());
  }
  Frame frame;
  for (auto& delivery : *response->mutable_deliveries()) {
    auto verified = checker_.CheckDelivery(&delivery, client_->signer().identity());
    if (verified.ok()) {
      frame.deliveries.push_back(*std::move(verified));
    } else if (IsBadMessage(verified.status())) {
      NackBadDelivery(delivery, verified.status(), &frame);
    } else {
      return verified.status();
    }
  }
  if (frame.deliveries.empty() && frame.nacks.empty()) return absl::OkStatus();
  std::lock_guard<std::mutex> lock(mutex_);
  frames_.push_back(std::move(frame));
  changed_.notify_all();
  return absl::OkStatus();
}

absl::Status PullStream::FromRefusal(const bus::v1::AckResult& result) {
  return result.has_refusal() ? rpc::FromRpcStatus(result.refusal()) : absl::OkStatus();
}

void PullStream::NackBadDelivery(const bus::v1::Delivery& delivery, const absl::Status& why,
                                 Frame* frame) {
  // Read as well as it can be: the id only says which lease is given back.
  auto header = evidence::ParseHeader(delivery.message().header());
  const std::string id = header.ok() ? header->id() : "";
  log::Error("client", "bad_delivery",
             {{"message_id", id}, {"reason", ReasonOf(why)}, {"text", Std(why.message())}});
  if (handlers_.on_bad_delivery) handlers_.on_bad_delivery(id, why);
  if (id.empty()) return;
  bus::v1::Nack nack;
  nack.set_message_id(id);
  nack.set_attempt(delivery.attempt());
  nack.set_reason(ReasonOf(why));
  frame->nacks.push_back(std::move(nack));
}

void PullStream::RunHandler() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !frames_.empty(); });
    if (stopping_) return;
    Frame frame = std::move(frames_.front());
    frames_.pop_front();
    lock.unlock();
    FrameAnswer answer;
    if (!frame.deliveries.empty()) answer = handlers_.on_frame(std::move(frame.deliveries));
    for (auto& nack : frame.nacks) answer.nacks.push_back(std::move(nack));
    Answer(std::move(answer));
    lock.lock();
  }
}

void PullStream::Answer(FrameAnswer answer) {
  bus::v1::StreamingPullRequest request;
  size_t count = 0;
  auto flush = [&] {
    if (count > 0) Write(request);
    request.Clear();
    count = 0;
  };
  for (auto& batch : answer.receipts) {
    const auto receipts = static_cast<size_t>(batch.receipts_size());
    if (count + receipts > kFrameMessagesMax) flush();
    count += receipts;
    *request.add_receipts() = std::move(batch);
  }
  for (auto& nack : answer.nacks) {
    if (count + 1 > kFrameMessagesMax) flush();
    ++count;
    *request.add_nacks() = std::move(nack);
  }
  flush();
}

void PullStream::ExtendDeadlines(const std::vector<bus::v1::AckDeadlineChange>& changes) {
  bus::v1::StreamingPullRequest request;
  for (const auto& change : changes) {
    *request.add_deadlines() = change;
    if (request.deadlines_size() < static_cast<int>(kFrameMessagesMax)) continue;
    Write(request);
    request.Clear();
  }
  if (request.deadlines_size() > 0) Write(request);
}

void PullStream::Write(const bus::v1::StreamingPullRequest& request) {
  std::shared_ptr<Session> session;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    session = session_;
  }
  if (session == nullptr) return;
  std::lock_guard<std::mutex> lock(session->write_mutex);
  // A write that fails means a connection that has ended; the reader finds out.
  if (session->writable) session->stream->Write(request);
}

}  // namespace waystation::client
