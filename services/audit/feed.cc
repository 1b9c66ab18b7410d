#include "services/audit/feed.h"

#include <chrono>
#include <utility>

#include "common/client/backoff.h"
#include "common/ids/random.h"
#include "common/log/log.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

constexpr auto kPollPatience = std::chrono::seconds(2);

}  // namespace

Feed::Feed(std::shared_ptr<client::BusClient> client, FeedListener& listener, Options options)
    : client_(std::move(client)),
      listener_(listener),
      options_(options),
      operations_(operations::v1::OperationsService::NewStub(client_->channel())),
      log_(audit::v1::LogService::NewStub(client_->channel())),
      tail_([this] { RunTail(); }),
      poll_([this] { RunPoll(); }) {}

Feed::~Feed() { Stop(); }

void Feed::Stop() {
  std::lock_guard<std::mutex> once(stop_mutex_);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    if (tail_context_ != nullptr) tail_context_->TryCancel();
    if (poll_context_ != nullptr) poll_context_->TryCancel();
  }
  changed_.notify_all();
  if (tail_.joinable()) tail_.join();
  if (poll_.joinable()) poll_.join();
}

std::shared_ptr<grpc::ClientContext> Feed::Begin(std::shared_ptr<grpc::ClientContext>* slot) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) return nullptr;
  *slot = std::make_shared<grpc::ClientContext>();
  return *slot;
}

void Feed::End(std::shared_ptr<grpc::ClientContext>* slot) {
  std::lock_guard<std::mutex> lock(mutex_);
  slot->reset();
}

bool Feed::SleepFor(absl::Duration time) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMilliseconds(time),
                    [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopped_; });
  return !stopped_;
}

void Feed::RunTail() {
  client::Backoff backoff(options_.backoff_min, options_.backoff_max, SystemRandom);
  do {
    bool progress = false;
    const absl::Status why = Tail(&progress);
    listener_.OnEnded(why);
    if (progress) backoff.Reset();
  } while (SleepFor(backoff.Next()));
}

absl::Status Feed::Tail(bool* progress) {
  WS_RETURN_IF_ERROR(client_->AwaitConnection(client::kConnectPatience));
  std::shared_ptr<grpc::ClientContext> context = Begin(&tail_context_);
  if (context == nullptr) return absl::CancelledError("feed: stopped");
  operations::v1::TailRecordsRequest request;
  request.set_from_sequence(listener_.NextSequence());
  auto stream = operations_->TailRecords(context.get(), request);
  operations::v1::TailRecordsResponse response;
  while (stream->Read(&response)) {
    auto& records = *response.mutable_records();
    if (!listener_.OnRecords(
            {std::make_move_iterator(records.begin()), std::make_move_iterator(records.end())})) {
      context->TryCancel();
      break;
    }
    *progress = true;
  }
  const grpc::Status status = stream->Finish();
  End(&tail_context_);
  if (status.ok()) return absl::UnavailableError("record: the broker ended the stream");
  return rpc::FromGrpcStatus(status);
}

void Feed::RunPoll() {
  do {
    listener_.OnLog(AskLog());
  } while (SleepFor(options_.poll));
}

absl::StatusOr<audit::v1::GetCheckpointResponse> Feed::AskLog() {
  std::shared_ptr<grpc::ClientContext> context = Begin(&poll_context_);
  if (context == nullptr) return absl::CancelledError("feed: stopped");
  context->set_deadline(std::chrono::system_clock::now() + kPollPatience);
  audit::v1::GetCheckpointResponse response;
  const grpc::Status status = log_->GetCheckpoint(context.get(), {}, &response);
  End(&poll_context_);
  if (!status.ok()) return rpc::FromGrpcStatus(status);
  return response;
}

}  // namespace waystation::audit
