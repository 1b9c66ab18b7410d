#include "common/client/publish_stream.h"

#include <chrono>
#include <utility>

#include "common/evidence/message.h"
#include "common/limits/limits.h"
#include "common/log/log.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "grpcpp/client_context.h"

namespace waystation::client {

struct PublishStream::Session {
  grpc::ClientContext context;
  std::unique_ptr<
      grpc::ClientReaderWriter<bus::v1::StreamingPublishRequest, bus::v1::StreamingPublishResponse>>
      stream;
  // Guarded by the stream's mutex.
  bool ended = false;
  // The reader's own until it is joined.
  bool brought_result = false;
};

PublishStream::PublishStream(std::shared_ptr<BusClient> client, Options options,
                             OnOutcome on_outcome)
    : client_(std::move(client)),
      options_(std::move(options)),
      on_outcome_(std::move(on_outcome)),
      stub_(bus::v1::PublisherService::NewStub(client_->channel())),
      checker_(client_->directory(), client_->trust()),
      thread_([this] { Run(); }) {}

PublishStream::~PublishStream() { Stop(); }

bool PublishStream::HasRoom() const {
  return entries_.size() < options_.inflight_messages_max && bytes_ < options_.inflight_bytes_max;
}

absl::Status PublishStream::Send(bus::v1::SignedMessage message) {
  WS_ASSIGN_OR_RETURN(bus::v1::Header header, evidence::ParseHeader(message.header()));
  auto entry = std::make_shared<Entry>();
  entry->id = header.id();
  entry->envelope_hash = evidence::EnvelopeHash(message.header());
  entry->bytes = message.ByteSizeLong();
  entry->message = std::move(message);
  if (entry->bytes > kFrameBytesMax) {
    return absl::InvalidArgumentError(Problem("message", "larger than a frame"));
  }
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) return absl::CancelledError("publish stream: stopped");
  if (!HasRoom()) return absl::ResourceExhaustedError("publish stream: window full");
  if (!ids_.insert(entry->id).second) {
    return absl::AlreadyExistsError(Problem("message " + Quoted(entry->id), "under way already"));
  }
  bytes_ += entry->bytes;
  entries_.push_back(std::move(entry));
  changed_.notify_all();
  return absl::OkStatus();
}

bool PublishStream::WaitForRoom(absl::Duration timeout) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMilliseconds(timeout),
                    [this] { return stopped_ || HasRoom(); });
  return !stopped_ && HasRoom();
}

bool PublishStream::Flush(absl::Duration timeout) {
  std::unique_lock<std::mutex> lock(mutex_);
  auto done = [this] { return entries_.empty() && !reporting_; };
  changed_.wait_for(lock, absl::ToChronoMilliseconds(timeout),
                    [this, &done] { return stopped_ || done(); });
  return done();
}

size_t PublishStream::unanswered() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return entries_.size();
}

void PublishStream::Stop() {
  std::lock_guard<std::mutex> once(stop_mutex_);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    if (session_ != nullptr) session_->context.TryCancel();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PublishStream::Run() {
  Backoff backoff(options_.backoff_min, options_.backoff_max, options_.random);
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopped_ || !entries_.empty(); });
    if (stopped_) return;
    lock.unlock();
    if (RunSession()) backoff.Reset();
    const absl::Duration wait = backoff.Next();
    lock.lock();
    changed_.wait_for(lock, absl::ToChronoMilliseconds(wait), [this] { return stopped_; });
  }
}

bool PublishStream::RunSession() {
  if (!client_->AwaitConnection(kConnectPatience).ok()) return false;
  Session session;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_) return false;
    session_ = &session;
  }
  session.stream = stub_->StreamingPublish(&session.context);
  std::thread reader([this, &session] { ReadResults(session); });
  WriteFrames(session);
  // Results that came before the end of the connection still count, so it is
  // left to the reader to find that end.
  reader.join();
  const grpc::Status status = session.stream->Finish();
  std::lock_guard<std::mutex> lock(mutex_);
  session_ = nullptr;
  sent_ = 0;
  if (!stopped_) {
    log::Warning("client", "publish_stream_ended",
                 {{"code", static_cast<int>(status.error_code())},
                  {"text", status.error_message()},
                  {"unanswered", entries_.size()}});
  }
  return session.brought_result;
}

void PublishStream::WriteFrames(Session& session) {
  while (true) {
    const std::vector<std::shared_ptr<Entry>> frame = NextFrame(session);
    if (frame.empty()) return;
    bus::v1::StreamingPublishRequest request;
    // Borrowed, not copied: `frame` keeps the entries alive, and they are taken
    // out again before the request goes.
    for (const auto& entry : frame) {
      request.mutable_messages()->UnsafeArenaAddAllocated(&entry->message);
    }
    const bool written = session.stream->Write(request);
    while (request.messages_size() > 0) request.mutable_messages()->UnsafeArenaReleaseLast();
    if (!written) return;
  }
}

std::vector<std::shared_ptr<PublishStream::Entry>> PublishStream::NextFrame(Session& session) {
  std::vector<std::shared_ptr<Entry>> frame;
  // Room for tag and length of each message.
  constexpr size_t kFramingBytes = 8;
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return stopped_ || session.ended || sent_ < entries_.size(); });
  if (stopped_ || session.ended) return frame;
  size_t bytes = 0;
  while (sent_ < entries_.size() && frame.size() < options_.frame_messages_max) {
    const auto& entry = entries_[sent_];
    bytes += entry->bytes + kFramingBytes;
    if (bytes > kFrameBytesMax && !frame.empty()) break;
    frame.push_back(entry);
    ++sent_;
  }
  return frame;
}

void PublishStream::ReadResults(Session& session) {
  bus::v1::StreamingPublishResponse response;
  absl::Status status;
  while (status.ok() && session.stream->Read(&response)) {
    for (auto& result : *response.mutable_results()) {
      status = TakeResult(&result);
      if (!status.ok()) break;
      session.brought_result = true;
    }
  }
  if (!status.ok()) {
    if (!absl::IsCancelled(status)) {
      log::Error("client", "publish_result_not_believed", {{"text", Std(status.message())}});
    }
    session.context.TryCancel();
    while (session.stream->Read(&response)) {
    }
  }
  std::lock_guard<std::mutex> lock(mutex_);
  session.ended = true;
  changed_.notify_all();
}

absl::Status PublishStream::TakeResult(bus::v1::PublishResult* result) {
  std::shared_ptr<Entry> entry;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_) return absl::CancelledError("publish stream: stopped");
    if (sent_ == 0) return absl::DataLossError("publish result: for no message");
    // Only this thread takes entries out, so the first one stays.
    entry = entries_.front();
  }
  WS_ASSIGN_OR_RETURN(PublishOutcome outcome, Judge(*entry, result));
  {
    std::lock_guard<std::mutex> lock(mutex_);
    entries_.pop_front();
    --sent_;
    bytes_ -= entry->bytes;
    ids_.erase(entry->id);
    reporting_ = true;
  }
  on_outcome_(std::move(outcome));
  std::lock_guard<std::mutex> lock(mutex_);
  reporting_ = false;
  changed_.notify_all();
  return absl::OkStatus();
}

absl::StatusOr<PublishOutcome> PublishStream::Judge(const Entry& entry,
                                                    bus::v1::PublishResult* result) {
  const bool unreadable = result->message_id().empty() && result->has_refusal();
  if (result->message_id() != entry.id && !unreadable) {
    return absl::DataLossError(
        Problem("publish result", "out of order", Quoted(result->message_id()), Quoted(entry.id)));
  }
  if (result->has_receipt() == result->has_refusal()) {
    return absl::DataLossError("publish result: neither or both of receipt and refusal");
  }
  PublishOutcome outcome;
  outcome.message_id = entry.id;
  if (result->has_refusal()) {
    outcome.status = rpc::FromRpcStatus(result->refusal());
    if (outcome.status.ok()) return absl::DataLossError("publish result: a refusal that is OK");
    return outcome;
  }
  WS_ASSIGN_OR_RETURN(outcome.published.receipt,
                      checker_.CheckCustody(result->receipt(), client_->broker_identity(), entry.id,
                                            entry.envelope_hash));
  outcome.published.signed_receipt = std::move(*result->mutable_receipt());
  outcome.published.duplicate = result->duplicate();
  return outcome;
}

}  // namespace waystation::client
