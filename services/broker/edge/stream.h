#ifndef WAYSTATION_SERVICES_BROKER_EDGE_STREAM_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_STREAM_H_

#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "common/rpc/status_grpc.h"
#include "grpcpp/support/server_callback.h"

namespace waystation::broker {

// One bidirectional stream: reads one request at a time, writes responses in
// order from any thread, ends once. It lives until gRPC and all who hold it let
// go; after its end `Send` does nothing.
//
// A subclass calls `Begin` when it is made, handles `OnRequest`, and may hold
// reading back by returning false from it until `ReadOn`.
//
// Thread-safe: `Send`, `ReadOn`, `End`.
template <typename Request, typename Response>
class Stream : public grpc::ServerBidiReactor<Request, Response>,
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
    Request request = std::move(request_);
    request_ = Request();
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
    this->StartWrite(&waiting_.front());
  }

  void FinishIfIdle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!ending_ || ended_ || writing_) return;
    ended_ = true;
    this->Finish(final_status_);
  }

  Request request_;
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
template <typename Request, typename Response>
class RefusedStream : public grpc::ServerBidiReactor<Request, Response> {
 public:
  explicit RefusedStream(const absl::Status& status) { this->Finish(rpc::ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_EDGE_STREAM_H_
