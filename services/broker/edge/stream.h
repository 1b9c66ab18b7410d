#ifndef WAYSTATION_SERVICES_BROKER_EDGE_STREAM_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_STREAM_H_

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "common/limits/limits.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "services/broker/frame.h"

namespace waystation::broker {

// Reads a request that came as bytes: gRPC's own reading would end a stream that
// brings something unreadable as if the client had closed it, without a word.
// Errors: INVALID_ARGUMENT (MESSAGE_MALFORMED).
template <typename Request>
absl::Status ReadRequest(const grpc::ByteBuffer& bytes, Request* out) {
  grpc::ByteBuffer buffer(bytes);
  if (grpc::SerializationTraits<Request>::Deserialize(&buffer, out).ok()) return absl::OkStatus();
  return Refusal(absl::StatusCode::kInvalidArgument, "MESSAGE_MALFORMED",
                 Problem("request", "not readable", absl::StrCat(bytes.Length(), " bytes"),
                         "a serialized " + Request::descriptor()->full_name()));
}

// Lets gRPC have the bytes without copying them.
inline grpc::Slice ToSlice(std::string bytes) {
  auto* owned = new std::string(std::move(bytes));
  return grpc::Slice(
      owned->data(), owned->size(), [](void* string) { delete static_cast<std::string*>(string); },
      owned);
}

// Writes a response as bytes; it is ours, so it can be written.
template <typename Response>
void WriteResponse(const Response& response, grpc::ByteBuffer* out) {
  bool own_buffer = false;
  out->Clear();  // gRPC wants an empty one.
  WS_CHECK(grpc::SerializationTraits<Response>::Serialize(response, out, &own_buffer).ok());
}

// One bidirectional stream: reads one request at a time, writes frames in
// order from any thread, ends once. It lives until gRPC and all who hold it let
// go; after its end `Send` does nothing.
//
// A subclass calls `Begin` when it is made, handles `OnRequest`, and may hold
// reading back by returning false from it until `ReadOn`.
//
// Thread-safe: `Send`, `ReadOn`, `End`.
template <typename Request>
class Stream : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
               public std::enable_shared_from_this<Stream<Request>> {
 public:
  // gRPC holds the stream from here on.
  void Begin() {
    self_ = this->shared_from_this();
    this->StartRead(&request_);
  }

  void Send(Frame frame) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (ended_) return;
    waiting_.push_back(std::move(frame));
    WriteNext();
  }

  void ReadOn() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!ended_ && !reads_done_) this->StartRead(&request_);
  }

  // What was sent before still goes out; then the stream ends with `status`.
  void End(const absl::Status& status) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (ended_ || ending_) return;
    ending_ = true;
    final_status_ = rpc::ToGrpcStatus(status);
    FinishIfIdle();
  }

 protected:
  // Returns true to read on at once. Called from gRPC's threads, one at a time.
  virtual bool OnRequest(Request request) = 0;
  // The client sent what is no request. Not read on.
  virtual void OnMalformed(const absl::Status& status) = 0;
  // No more requests will come. The default ends the stream.
  virtual void OnReadsDone() { End(absl::OkStatus()); }
  // Frames of so many messages have left for the client.
  virtual void OnWritten(size_t) {}
  // The stream is over; nothing can be sent any more.
  virtual void OnEnded() {}

 private:
  void OnReadDone(bool ok) override {
    if (!ok) {
      {
        std::lock_guard<std::mutex> lock(mutex_);
        reads_done_ = true;
      }
      OnReadsDone();
      return;
    }
    Request request;
    absl::Status read = ReadRequest(request_, &request);
    request_.Clear();
    if (!read.ok()) return OnMalformed(read);
    if (OnRequest(std::move(request))) ReadOn();
  }

  void OnWriteDone(bool ok) override {
    size_t written = 0;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      written = std::exchange(writing_messages_, 0);
      writing_ = false;
      if (!ok) waiting_.clear();
      WriteNext();
      FinishIfIdle();
      if (ended_) return;
    }
    OnWritten(written);
  }

  void OnCancel() override { End(absl::CancelledError("stream: the client went away")); }

  void OnDone() override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ended_ = true;
    }
    OnEnded();
    self_.reset();  // May be the last: nothing after this.
  }

  // Frames that waited for a write to end go out joined: the busier the stream, the
  // fewer writes a message takes.
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || ended_ || waiting_.empty()) return;
    writing_ = true;
    std::vector<grpc::Slice> joined;
    size_t bytes = 0;
    do {
      Frame& frame = waiting_.front();
      bytes += frame.bytes.size();
      writing_messages_ += frame.messages;
      joined.push_back(ToSlice(std::move(frame.bytes)));
      waiting_.pop_front();
    } while (!waiting_.empty() && bytes + waiting_.front().bytes.size() <= kFrameBytesMax &&
             writing_messages_ + waiting_.front().messages <= kFrameMessagesMax);
    response_ = grpc::ByteBuffer(joined.data(), joined.size());
    this->StartWrite(&response_);
  }

  void FinishIfIdle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!ending_ || ended_ || writing_) return;
    ended_ = true;
    this->Finish(final_status_);
  }

  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  std::shared_ptr<Stream> self_;
  std::mutex mutex_;
  std::deque<Frame> waiting_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  size_t writing_messages_ ABSL_GUARDED_BY(mutex_) = 0;
  bool reads_done_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status final_status_ ABSL_GUARDED_BY(mutex_);
};

// A stream that is refused before it begins.
class RefusedStream : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit RefusedStream(const absl::Status& status) { this->Finish(rpc::ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_EDGE_STREAM_H_
