#include "common/client/fake_broker.h"

#include <thread>
#include <utility>

#include "common/evidence/content_types.h"
#include "common/evidence/message.h"
#include "common/evidence/receipt.h"
#include "common/evidence/verifier.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"

namespace waystation::client {
namespace {

constexpr int kGroup = 16;

google::protobuf::Timestamp ProtoNow() {
  google::protobuf::Timestamp time;
  time.set_seconds(absl::ToUnixSeconds(evidence::TestBus::Now()));
  return time;
}

}  // namespace

class FakeBroker::Directory : public bus::v1::DirectoryService::Service {
 public:
  explicit Directory(FakeBroker& broker) : broker_(broker) {}

  grpc::Status GetDirectory(grpc::ServerContext*, const bus::v1::GetDirectoryRequest*,
                            bus::v1::GetDirectoryResponse* response) override {
    std::lock_guard<std::mutex> lock(broker_.mutex_);
    *response->mutable_directory() = broker_.directory_;
    return grpc::Status::OK;
  }

 private:
  FakeBroker& broker_;
};

class FakeBroker::Ledger : public bus::v1::LedgerService::Service {
 public:
  explicit Ledger(FakeBroker& broker) : broker_(broker) {}

  grpc::Status GetReferral(grpc::ServerContext*, const bus::v1::GetReferralRequest* request,
                           bus::v1::GetReferralResponse* response) override {
    std::lock_guard<std::mutex> lock(broker_.mutex_);
    if (request->referral_id() != broker_.referral_.referral_id()) {
      return rpc::ToGrpcStatus(Refusal(absl::StatusCode::kNotFound, "UNKNOWN_REFERRAL",
                                       Problem("referral", "not known")));
    }
    *response->mutable_referral() = broker_.referral_;
    return grpc::Status::OK;
  }

  grpc::Status ListReferrals(grpc::ServerContext*, const bus::v1::ListReferralsRequest*,
                             bus::v1::ListReferralsResponse* response) override {
    std::lock_guard<std::mutex> lock(broker_.mutex_);
    *response->add_referrals() = broker_.referral_;
    return grpc::Status::OK;
  }

  grpc::Status GetReferralHistory(grpc::ServerContext*, const bus::v1::GetReferralHistoryRequest*,
                                  bus::v1::GetReferralHistoryResponse* response) override {
    std::lock_guard<std::mutex> lock(broker_.mutex_);
    *response->mutable_referral() = broker_.referral_;
    return grpc::Status::OK;
  }

 private:
  FakeBroker& broker_;
};

class FakeBroker::Publisher : public bus::v1::PublisherService::Service {
 public:
  explicit Publisher(FakeBroker& broker) : broker_(broker) {}

  grpc::Status Publish(grpc::ServerContext*, const bus::v1::PublishRequest* request,
                       bus::v1::PublishResponse* response) override {
    bus::v1::PublishResult result = broker_.Keep(request->message());
    if (result.has_refusal()) {
      return rpc::ToGrpcStatus(rpc::FromRpcStatus(result.refusal()));
    }
    *response->mutable_receipt() = result.receipt();
    response->set_duplicate(result.duplicate());
    return grpc::Status::OK;
  }

  grpc::Status GetPublishOutcome(grpc::ServerContext*,
                                 const bus::v1::GetPublishOutcomeRequest* request,
                                 bus::v1::GetPublishOutcomeResponse* response) override {
    std::lock_guard<std::mutex> lock(broker_.mutex_);
    auto it = broker_.receipts_by_id_.find(request->message_id());
    if (it == broker_.receipts_by_id_.end()) {
      return rpc::ToGrpcStatus(
          Refusal(absl::StatusCode::kNotFound, "UNKNOWN_MESSAGE", Problem("message", "not known")));
    }
    *response->mutable_receipt() = it->second;
    return grpc::Status::OK;
  }

  grpc::Status StreamingPublish(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<bus::v1::StreamingPublishResponse, bus::v1::StreamingPublishRequest>*
          stream) override {
    int left = -1;
    {
      std::lock_guard<std::mutex> lock(broker_.mutex_);
      ++broker_.publish_streams_;
      std::swap(left, broker_.end_after_);
    }
    bus::v1::StreamingPublishRequest request;
    while (stream->Read(&request)) {
      bus::v1::StreamingPublishResponse response;
      for (const auto& message : request.messages()) {
        // Kept first: the messages without an answer are the ones that matter.
        bus::v1::PublishResult result = broker_.Keep(message);
        if (left == 0) continue;
        if (left > 0) --left;
        *response.add_results() = std::move(result);
        if (response.results_size() < kGroup) continue;
        stream->Write(response);
        response.Clear();
      }
      if (response.results_size() > 0) stream->Write(response);
      if (left == 0) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "going away");
    }
    return grpc::Status::OK;
  }

 private:
  FakeBroker& broker_;
};

struct FakeBroker::Pull {
  int number = 0;
  bool ended = false;
  bus::v1::StreamingPullResponse results;
};

class FakeBroker::Subscriber : public bus::v1::SubscriberService::Service {
 public:
  using Stream =
      grpc::ServerReaderWriter<bus::v1::StreamingPullResponse, bus::v1::StreamingPullRequest>;
  explicit Subscriber(FakeBroker& broker) : broker_(broker) {}

  grpc::Status StreamingPull(grpc::ServerContext* context, Stream* stream) override {
    bus::v1::StreamingPullRequest request;
    if (!stream->Read(&request) || !request.has_open()) {
      return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "not opened");
    }
    Pull pull;
    {
      std::lock_guard<std::mutex> lock(broker_.mutex_);
      pull.number = ++broker_.pulls_;
      broker_.last_open_ = request.open();
      broker_.changed_.notify_all();
    }
    std::thread reader([&] { ReadAll(stream, &pull); });
    WriteAll(stream, &pull);
    context->TryCancel();
    reader.join();
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "going away");
  }

 private:
  void ReadAll(Stream* stream, Pull* pull) {
    bus::v1::StreamingPullRequest request;
    while (stream->Read(&request)) broker_.TakeRequest(request, pull);
    std::lock_guard<std::mutex> lock(broker_.mutex_);
    pull->ended = true;
    broker_.changed_.notify_all();
  }

  void WriteAll(Stream* stream, Pull* pull) {
    std::unique_lock<std::mutex> lock(broker_.mutex_);
    while (!pull->ended && broker_.broken_pulls_ < pull->number) {
      bus::v1::StreamingPullResponse response = broker_.NextFrame(pull);
      if (response.deliveries_size() == 0 && response.results_size() == 0) {
        broker_.changed_.wait(lock);
        continue;
      }
      lock.unlock();
      stream->Write(response);
      lock.lock();
    }
  }

  FakeBroker& broker_;
};

FakeBroker::FakeBroker(evidence::TestBus& bus, rpc::TestTls& tls, const Clock& clock)
    : bus_(bus),
      tls_(tls),
      clock_(clock),
      files_(tls.Issue({evidence::TestBus::Identity(kFakeBrokerPath)}).files) {
  RotateSigner();
  PublishDirectory();
  services_.push_back(std::make_unique<Directory>(*this));
  services_.push_back(std::make_unique<Ledger>(*this));
  services_.push_back(std::make_unique<Publisher>(*this));
  services_.push_back(std::make_unique<Subscriber>(*this));
  Start();
}

FakeBroker::~FakeBroker() { Stop(); }

void FakeBroker::Stop() {
  BreakPulls();
  server_.reset();
}

void FakeBroker::Start() {
  auto credentials = rpc::MakeServerCredentials(files_, tls_.Trust(clock_), clock_, nullptr);
  if (!credentials.ok()) Fatal(credentials.status().ToString());
  rpc::ServerOptions options;
  options.port = port_;
  options.credentials = *credentials;
  std::vector<grpc::Service*> services;
  for (const auto& service : services_) services.push_back(service.get());
  auto server = rpc::Server::Start(options, services);
  if (!server.ok()) Fatal(server.status().ToString());
  server_ = *std::move(server);
  port_ = server_->port();
  address_ = server_->address();
}

void FakeBroker::PublishDirectory() {
  std::lock_guard<std::mutex> lock(mutex_);
  directory_ = bus_.directory();
}

void FakeBroker::RotateSigner() {
  std::lock_guard<std::mutex> lock(mutex_);
  signer_ = std::make_unique<evidence::Signer>(bus_.Enroll(kFakeBrokerPath));
}

void FakeBroker::EndPublishAfter(int results) {
  std::lock_guard<std::mutex> lock(mutex_);
  end_after_ = results;
}

void FakeBroker::SpoilReceipts(int count, std::function<void(bus::v1::PublishResult*)> spoil) {
  std::lock_guard<std::mutex> lock(mutex_);
  spoil_count_ = count;
  spoil_ = std::move(spoil);
}

void FakeBroker::Refuse(const std::string& message_id) {
  std::lock_guard<std::mutex> lock(mutex_);
  refused_.insert(message_id);
}

std::vector<std::string> FakeBroker::kept() {
  std::lock_guard<std::mutex> lock(mutex_);
  return kept_;
}

int FakeBroker::publish_streams() {
  std::lock_guard<std::mutex> lock(mutex_);
  return publish_streams_;
}

bus::v1::PublishResult FakeBroker::Keep(const bus::v1::SignedMessage& message) {
  bus::v1::PublishResult result;
  auto header = evidence::ParseHeader(message.header());
  if (!header.ok()) {
    *result.mutable_refusal() = rpc::ToRpcStatus(header.status());
    return result;
  }
  std::lock_guard<std::mutex> lock(mutex_);
  result.set_message_id(header->id());
  if (refused_.count(header->id()) > 0) {
    *result.mutable_refusal() = rpc::ToRpcStatus(
        Refusal(absl::StatusCode::kPermissionDenied, "POLICY_DENIED", "message: denied"));
    return result;
  }
  auto [it, fresh] = receipts_by_id_.try_emplace(header->id());
  if (fresh) {
    kept_.push_back(header->id());
    it->second = MakeReceipt(message, header->id());
    changed_.notify_all();
  }
  *result.mutable_receipt() = it->second;
  result.set_duplicate(!fresh);
  if (spoil_count_ > 0) {
    --spoil_count_;
    spoil_(&result);
  }
  return result;
}

bus::v1::SignedReceipt FakeBroker::MakeReceipt(const bus::v1::SignedMessage& message,
                                               const std::string& id) {
  const crypto::Digest hash = evidence::EnvelopeHash(message.header());
  bus::v1::CustodyReceipt receipt;
  receipt.set_message_id(id);
  receipt.set_envelope_hash(hash.data(), hash.size());
  receipt.set_sequence(kept_.size());
  *receipt.mutable_accept_time() = ProtoNow();
  bus::v1::SignedReceipt out;
  out.set_receipt(receipt.SerializeAsString());
  auto signature = signer_->SignOne(evidence::kCustodyReceiptContent, out.receipt());
  WS_CHECK(signature.ok());
  *out.mutable_signature() = *std::move(signature);
  return out;
}

void FakeBroker::Enqueue(const bus::v1::SignedMessage& message) {
  Queued queued;
  queued.message = message;
  if (auto header = evidence::ParseHeader(message.header()); header.ok()) queued.id = header->id();
  std::lock_guard<std::mutex> lock(mutex_);
  queue_.push_back(std::move(queued));
  changed_.notify_all();
}

void FakeBroker::BreakPulls() {
  std::lock_guard<std::mutex> lock(mutex_);
  broken_pulls_ = pulls_;
  changed_.notify_all();
}

bus::v1::StreamingPullResponse FakeBroker::NextFrame(Pull* pull) {
  bus::v1::StreamingPullResponse response;
  response.Swap(&pull->results);
  for (Queued& queued : queue_) {
    if (queued.done || queued.leased_by == pull->number) continue;
    queued.leased_by = pull->number;
    bus::v1::Delivery* delivery = response.add_deliveries();
    *delivery->mutable_message() = queued.message;
    delivery->set_attempt(++queued.attempt);
    *delivery->mutable_accept_time() = ProtoNow();
  }
  return response;
}

void FakeBroker::TakeRequest(const bus::v1::StreamingPullRequest& request, Pull* pull) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& batch : request.receipts()) TakeReceipts(batch, pull);
  for (const auto& nack : request.nacks()) {
    nacks_.push_back(nack);
    Finish(nack.message_id());
    pull->results.add_results()->set_message_id(nack.message_id());
  }
  deadlines_.insert(deadlines_.end(), request.deadlines().begin(), request.deadlines().end());
  changed_.notify_all();
}

void FakeBroker::TakeReceipts(const bus::v1::ReceiptBatch& batch, Pull* pull) {
  auto view = evidence::DirectoryView::Create(directory_);
  WS_CHECK(view.ok());
  for (const auto& bytes : batch.receipts()) {
    bus::v1::AckResult* result = pull->results.add_results();
    auto receipt = evidence::ParseDeliveryReceipt(bytes);
    absl::Status status =
        receipt.ok() ? evidence::Verifier(**view).VerifyReceiptBatch(batch, receipt->recipient())
                     : receipt.status();
    if (receipt.ok()) result->set_message_id(receipt->message_id());
    if (status.ok() && !Finish(receipt->message_id())) {
      status = Refusal(absl::StatusCode::kNotFound, "UNKNOWN_MESSAGE", "receipt: no delivery");
    }
    if (status.ok()) receipts_.push_back(*receipt);
    if (!status.ok()) *result->mutable_refusal() = rpc::ToRpcStatus(status);
  }
}

bool FakeBroker::Finish(const std::string& message_id) {
  for (Queued& queued : queue_) {
    if (queued.id != message_id) continue;
    queued.done = true;
    return true;
  }
  return false;
}

std::vector<bus::v1::DeliveryReceipt> FakeBroker::receipts() {
  std::lock_guard<std::mutex> lock(mutex_);
  return receipts_;
}

std::vector<bus::v1::Nack> FakeBroker::nacks() {
  std::lock_guard<std::mutex> lock(mutex_);
  return nacks_;
}

std::vector<bus::v1::AckDeadlineChange> FakeBroker::deadlines() {
  std::lock_guard<std::mutex> lock(mutex_);
  return deadlines_;
}

bus::v1::PullOpen FakeBroker::last_open() {
  std::lock_guard<std::mutex> lock(mutex_);
  return last_open_;
}

void FakeBroker::Await(const std::function<bool()>& done) {
  // `done` takes the lock itself.
  while (!done()) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(5));
  }
}

void FakeBroker::SetReferral(const bus::v1::Referral& referral) {
  std::lock_guard<std::mutex> lock(mutex_);
  referral_ = referral;
}

}  // namespace waystation::client
