#include "tests/bench/null_server.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "common/limits/limits.h"
#include "grpcpp/server_builder.h"
#include "waystation/bus/v1/publisher.grpc.pb.h"
#include "waystation/bus/v1/subscriber.grpc.pb.h"

namespace waystation::bench {
namespace {

using bus::v1::StreamingPublishRequest;
using bus::v1::StreamingPublishResponse;
using bus::v1::StreamingPullRequest;
using bus::v1::StreamingPullResponse;

// Reads one request at a time and writes queued responses in order.
template <typename Request, typename Response>
class Peer : public grpc::ServerBidiReactor<Request, Response> {
 public:
  void Send(Response response) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (finished_) return;
    waiting_.push_back(std::move(response));
    Next();
  }

 protected:
  void Begin() { this->StartRead(&request_); }
  virtual void OnRequest(Request request) = 0;

 private:
  void OnReadDone(bool ok) override {
    if (!ok) {
      std::lock_guard<std::mutex> lock(mutex_);
      if (!std::exchange(finished_, true)) this->Finish(grpc::Status::OK);
      return;
    }
    Request request = std::move(request_);
    request_ = Request();
    OnRequest(std::move(request));
    this->StartRead(&request_);
  }

  void OnWriteDone(bool) override {
    std::lock_guard<std::mutex> lock(mutex_);
    waiting_.pop_front();
    writing_ = false;
    Next();
  }

  void Next() {
    if (writing_ || finished_ || waiting_.empty()) return;
    writing_ = true;
    this->StartWrite(&waiting_.front());
  }

  Request request_;
  std::mutex mutex_;
  std::deque<Response> waiting_;
  bool writing_ = false;
  bool finished_ = false;
};

class Pull;

// Hands frames to the pull streams in turn.
class Hub {
 public:
  void Add(Pull* pull) {
    std::lock_guard<std::mutex> lock(mutex_);
    pulls_.push_back(pull);
  }
  void Remove(Pull* pull) {
    std::lock_guard<std::mutex> lock(mutex_);
    std::erase(pulls_, pull);
  }
  void Hand(StreamingPullResponse frame);

 private:
  std::mutex mutex_;
  std::vector<Pull*> pulls_;
  size_t next_ = 0;
};

class Pull : public Peer<StreamingPullRequest, StreamingPullResponse> {
 public:
  explicit Pull(Hub& hub) : hub_(hub) {
    hub_.Add(this);
    Begin();
  }

 private:
  void OnRequest(StreamingPullRequest request) override {
    StreamingPullResponse response;
    for (const bus::v1::ReceiptBatch& batch : request.receipts()) {
      for (const std::string& receipt : batch.receipts()) {
        // As many bytes as an id: the shape of an answer.
        response.add_results()->set_message_id(receipt.substr(0, 36));
      }
    }
    if (response.results_size() > 0) Send(std::move(response));
  }
  void OnDone() override {
    hub_.Remove(this);
    delete this;
  }

  Hub& hub_;
};

void Hub::Hand(StreamingPullResponse frame) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!pulls_.empty()) pulls_[next_++ % pulls_.size()]->Send(std::move(frame));
}

class Publication : public Peer<StreamingPublishRequest, StreamingPublishResponse> {
 public:
  explicit Publication(Hub& hub) : hub_(hub) { Begin(); }

 private:
  void OnRequest(StreamingPublishRequest request) override {
    StreamingPublishResponse response;
    StreamingPullResponse frame;
    for (bus::v1::SignedMessage& message : *request.mutable_messages()) {
      response.add_results()->set_message_id(message.header().substr(0, 36));
      frame.add_deliveries()->mutable_message()->Swap(&message);
    }
    Send(std::move(response));
    hub_.Hand(std::move(frame));
  }
  void OnDone() override { delete this; }

  Hub& hub_;
};

class Publisher : public bus::v1::PublisherService::CallbackService {
 public:
  explicit Publisher(Hub& hub) : hub_(hub) {}
  grpc::ServerBidiReactor<StreamingPublishRequest, StreamingPublishResponse>* StreamingPublish(
      grpc::CallbackServerContext*) override {
    return new Publication(hub_);
  }

 private:
  Hub& hub_;
};

class Subscriber : public bus::v1::SubscriberService::CallbackService {
 public:
  explicit Subscriber(Hub& hub) : hub_(hub) {}
  grpc::ServerBidiReactor<StreamingPullRequest, StreamingPullResponse>* StreamingPull(
      grpc::CallbackServerContext*) override {
    return new Pull(hub_);
  }

 private:
  Hub& hub_;
};

}  // namespace

struct NullServer::Services {
  Hub hub;
  Publisher publisher{hub};
  Subscriber subscriber{hub};
};

NullServer::NullServer(const std::shared_ptr<grpc::ServerCredentials>& credentials)
    : services_(std::make_unique<Services>()) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", credentials, &port_);
  builder.SetMaxReceiveMessageSize(static_cast<int>(kGrpcMessageBytesMax));
  builder.RegisterService(&services_->publisher);
  builder.RegisterService(&services_->subscriber);
  server_ = builder.BuildAndStart();
}

NullServer::~NullServer() { server_->Shutdown(std::chrono::system_clock::now()); }

}  // namespace waystation::bench
