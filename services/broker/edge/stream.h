#ifndef WAYSTATION_SERVICES_BROKER_EDGE_STREAM_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_STREAM_H_

#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"

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

// Writes a response as bytes; it is ours, so it can be written.
template <typename Response>
void WriteResponse(const Response& response, grpc::ByteBuffer* out) {
  bool own_buffer = false;
  out->Clear();  // gRPC wants an empty one.
  WS_CHECK(grpc::SerializationTraits<Response>::Serialize(response, out, &own_buffer).ok());
}

// One bidirectional stream: reads one request at a time, writes responses in
// order from any thread, ends once. It lives until gRPC and all who hold it let
// go; after its end `Send` does nothing.
//
// A subclass calls `Begin` when it is made, handles `OnRequest`, and may hold
// reading back by returning false from it until `ReadOn`.
//
// Thread-safe: `Send`, `ReadOn`, `End`.
template <typename Request, typename Response>
class Stream : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
               public std::enable_shared_from_this<Stream<Request, Response>> {
 public:
  // gRPC holds the stream from here on.
  void Begin() {
    self_ = this->shared_from_this();
    this->StartRead(&request_);
  }

  void Send(Response response) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (ended_) return;
    waiting_.push_back(std::move(response));
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
  // A response has left for the client. One at a time.
  virtual void OnWritten(const Response&) {}
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
    {
      std::lock_guard<std::mutex> lock(mutex_);
      Response written = std::move(waiting_.front());
      waiting_.pop_front();
      writing_ = false;
      if (!ok) waiting_.clear();
      WriteNext();
      FinishIfIdle();
      if (ended_) return;
      written_ = std::move(written);
    }
    OnWritten(written_);
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

  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || ended_ || waiting_.empty()) return;
    writing_ = true;
    WriteResponse(waiting_.front(), &response_);
    this->StartWrite(&response_);
  }

  void FinishIfIdle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!ending_ || ended_ || writing_) return;
    ended_ = true;
    this->Finish(final_status_);
  }

  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  Response written_;
  std::shared_ptr<Stream> self_;
  std::mutex mutex_;
  std::deque<Response> waiting_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
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
