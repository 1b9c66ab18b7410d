#include "common/agency/live_bus.h"

#include <chrono>
#include <utility>

#include "common/log/log.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

constexpr absl::Duration kLookEvery = absl::Seconds(15);
constexpr absl::Duration kLookAgain = absl::Milliseconds(300);
constexpr absl::Duration kBackoffMax = absl::Seconds(1);

std::unique_ptr<grpc::ClientContext> ContextFor(absl::Duration timeout) {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
  return context;
}

bus::v1::Nack ToNack(const GiveBack& given_back) {
  bus::v1::Nack nack;
  nack.set_message_id(given_back.message_id);
  nack.set_attempt(given_back.attempt);
  nack.set_reason(given_back.reason);
  return nack;
}

}  // namespace

LiveBus::LiveBus(std::shared_ptr<client::BusClient> client, std::string client_id,
                 OnCheckpoint on_checkpoint)
    : client_(std::move(client)),
      client_id_(std::move(client_id)),
      on_checkpoint_(std::move(on_checkpoint)),
      ledger_(bus::v1::LedgerService::NewStub(client_->channel())),
      directory_(bus::v1::DirectoryService::NewStub(client_->channel())),
      publisher_(bus::v1::PublisherService::NewStub(client_->channel())) {}

LiveBus::~LiveBus() { Stop(); }

void LiveBus::Start(BusListener* listener) {
  listener_ = listener;
  client::PublishStream::Options options;
  options.backoff_max = kBackoffMax;
  publish_ = std::make_unique<client::PublishStream>(
      client_, options, [this](client::PublishOutcome outcome) { OnOutcome(std::move(outcome)); });
  watcher_ = std::thread([this] { WatchDirectory(); });
}

void LiveBus::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (watcher_.joinable()) watcher_.join();
  if (pull_ != nullptr) pull_->Stop();
  if (publish_ != nullptr) publish_->Stop();
}

bool LiveBus::SleepFor(absl::Duration duration) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMilliseconds(duration), [this] { return stopping_; });
  return !stopping_;
}

void LiveBus::WatchDirectory() {
  uint64_t version = 0;
  bool connected = false;
  do {
    absl::Status looked = Look(version);
    Report(looked, connected);
  } while (SleepFor(connected ? kLookEvery : kLookAgain));
}

absl::Status LiveBus::Look(uint64_t& version) {
  using View = client::DirectoryCache::View;
  absl::StatusOr<View> view =
      version == 0 ? client_->directory().Get() : client_->directory().Refresh(version);
  if (!view.ok()) return view.status();
  if ((*view)->version() != version) listener_->OnDirectory((*view)->directory());
  version = (*view)->version();
  return absl::OkStatus();
}

void LiveBus::Report(const absl::Status& looked, bool& connected) {
  if (looked.ok() && connected) return listener_->OnStillConnected();
  if (looked.ok() == connected) return;
  connected = looked.ok();
  if (!connected) return listener_->OnDisconnected(looked);
  if (pull_ == nullptr) StartPulling();
  listener_->OnConnected();
}

void LiveBus::StartPulling() {
  client::PullStream::Options options;
  options.client_id = client_id_;
  options.backoff_max = kBackoffMax;
  client::PullStream::Handlers handlers;
  handlers.on_frame = [this](std::vector<client::VerifiedDelivery> frame) {
    return OnFrame(std::move(frame));
  };
  handlers.on_ack = [this](std::string_view message_id, const absl::Status& result) {
    listener_->OnAckResult(message_id, result);
  };
  handlers.on_bad_delivery = [](std::string_view message_id, const absl::Status& why) {
    log::Error("agency", "bad_delivery",
               {{"message_id", message_id}, {"reason", ReasonOf(why)}, {"error", why.ToString()}});
  };
  handlers.on_checkpoint = on_checkpoint_;
  pull_ = std::make_unique<client::PullStream>(client_, options, std::move(handlers));
}

client::FrameAnswer LiveBus::OnFrame(std::vector<client::VerifiedDelivery> frame) {
  std::vector<VerifiedDelivery> deliveries;
  deliveries.reserve(frame.size());
  for (client::VerifiedDelivery& each : frame) {
    deliveries.push_back({std::move(each.message), std::move(each.header), each.envelope_hash,
                          each.attempt, each.accept_time});
  }
  FrameReply reply = listener_->OnFrame(std::move(deliveries));
  client::FrameAnswer answer;
  for (const std::string& bytes : reply.receipts) {
    WS_CHECK(answer.receipts.emplace_back().ParseFromString(bytes));
  }
  for (const GiveBack& each : reply.given_back) answer.nacks.push_back(ToNack(each));
  return answer;
}

Bus::PublishDone LiveBus::TakeDone(const std::string& message_id) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = waiting_.find(message_id);
  if (found == waiting_.end()) return nullptr;
  PublishDone done = std::move(found->second);
  waiting_.erase(found);
  return done;
}

void LiveBus::OnOutcome(client::PublishOutcome outcome) {
  PublishDone done = TakeDone(outcome.message_id);
  if (done == nullptr) return;
  if (outcome.status.ok()) return done(std::move(outcome.published.signed_receipt));
  done(outcome.status);
}

void LiveBus::Publish(const std::string& message_id, const bus::v1::SignedMessage& message,
                      PublishDone done) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    waiting_[message_id] = std::move(done);
  }
  absl::Status sent =
      publish_ == nullptr ? absl::UnavailableError("not started") : publish_->Send(message);
  // A message that is under way already reports to the callback just stored.
  if (sent.ok() || absl::IsAlreadyExists(sent)) return;
  PublishDone failed = TakeDone(message_id);
  if (failed != nullptr) failed(absl::UnavailableError(sent.message()));
}

absl::StatusOr<bus::v1::Referral> LiveBus::GetReferral(std::string_view referral_id,
                                                       absl::Duration timeout) {
  bus::v1::GetReferralRequest request;
  bus::v1::GetReferralResponse response;
  request.set_referral_id(std::string(referral_id));
  grpc::Status status = ledger_->GetReferral(ContextFor(timeout).get(), request, &response);
  if (!status.ok()) return rpc::FromGrpcStatus(status);
  return std::move(*response.mutable_referral());
}

absl::StatusOr<CustodyFound> LiveBus::CustodyOnRecord(const std::vector<std::string>& message_ids,
                                                      absl::Duration timeout) {
  bus::v1::ListPublishOutcomesRequest request;
  bus::v1::ListPublishOutcomesResponse response;
  request.mutable_message_ids()->Assign(message_ids.begin(), message_ids.end());
  grpc::Status status =
      publisher_->ListPublishOutcomes(ContextFor(timeout).get(), request, &response);
  if (!status.ok()) return rpc::FromGrpcStatus(status);
  CustodyFound found{response.log_origin(), {}};
  for (bus::v1::PublishOutcome& outcome : *response.mutable_outcomes()) {
    found.receipts[outcome.message_id()] = std::move(*outcome.mutable_receipt());
  }
  return found;
}

absl::StatusOr<bus::v1::GetReferralHistoryResponse> LiveBus::History(std::string_view referral_id,
                                                                     absl::Duration timeout) {
  bus::v1::GetReferralHistoryRequest request;
  bus::v1::GetReferralHistoryResponse response;
  request.set_referral_id(std::string(referral_id));
  grpc::Status status = ledger_->GetReferralHistory(ContextFor(timeout).get(), request, &response);
  if (!status.ok()) return rpc::FromGrpcStatus(status);
  return response;
}

absl::StatusOr<Evidence> LiveBus::GetEvidence(std::string_view referral_id,
                                              absl::Duration timeout) {
  Evidence evidence;
  WS_ASSIGN_OR_RETURN(evidence.history, History(referral_id, timeout));
  grpc::Status status = directory_->GetDirectory(
      ContextFor(timeout).get(), bus::v1::GetDirectoryRequest(), &evidence.directory);
  if (!status.ok()) return rpc::FromGrpcStatus(status);
  return evidence;
}

absl::StatusOr<std::vector<std::string>> LiveBus::ReceiptsOnRecord(std::string_view referral_id,
                                                                   absl::Duration timeout) {
  WS_ASSIGN_OR_RETURN(auto history, History(referral_id, timeout));
  std::vector<std::string> ids;
  for (const bus::v1::HistoryEntry& entry : history.entries()) {
    for (const bus::v1::SignedReceipt& each : entry.delivery_receipts()) {
      bus::v1::DeliveryReceipt receipt;
      bool ours = receipt.ParseFromString(each.receipt()) &&
                  receipt.recipient() == client_->signer().identity();
      if (ours) ids.push_back(receipt.message_id());
    }
  }
  return ids;
}

}  // namespace waystation::agency
