#include "tests/harness/puller.h"

#include <utility>

#include "common/status/status.h"

namespace waystation::harness {
namespace {

void SetDuration(absl::Duration duration, google::protobuf::Duration* out) {
  int64_t us = absl::ToInt64Microseconds(duration);
  out->set_seconds(us / 1'000'000);
  out->set_nanos(static_cast<int>(us % 1'000'000 * 1'000));
}

// Takes the first of a queue that a reader fills.
template <typename T>
std::optional<T> TakeFirst(std::mutex& mutex, std::deque<T>& queue, absl::Duration patience) {
  std::optional<T> taken;
  Eventually(
      [&] {
        std::lock_guard<std::mutex> lock(mutex);
        if (queue.empty()) return false;
        taken = std::move(queue.front());
        queue.pop_front();
        return true;
      },
      patience);
  return taken;
}

}  // namespace

Puller::Puller(std::shared_ptr<grpc::Channel> channel, const Drafts& drafts, Options options)
    : drafts_(drafts), stub_(bus::v1::SubscriberService::NewStub(channel)) {
  context_.set_wait_for_ready(true);
  stream_ = stub_->StreamingPull(&context_);
  if (options.open) {
    bus::v1::StreamingPullRequest request;
    request.mutable_open()->set_client_id(options.client_id);
    SetDuration(options.ack_deadline, request.mutable_open()->mutable_ack_deadline());
    request.mutable_open()->mutable_flow_control()->set_outstanding_messages_max(
        options.outstanding_messages_max);
    Send(request);
  }
  reader_ = std::thread([this] { Read(); });
}

Puller::~Puller() {
  Cancel();
  reader_.join();
}

void Puller::Read() {
  bus::v1::StreamingPullResponse frame;
  while (stream_->Read(&frame)) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto& delivery : *frame.mutable_deliveries()) deliveries_.push_back(std::move(delivery));
    for (auto& result : *frame.mutable_results()) results_.push_back(std::move(result));
    if (!frame.checkpoint().empty()) checkpoints_.push_back(frame.checkpoint());
  }
  grpc::Status status = stream_->Finish();
  std::lock_guard<std::mutex> lock(mutex_);
  ended_ = std::move(status);
}

std::optional<bus::v1::Delivery> Puller::Next(absl::Duration patience) {
  return TakeFirst(mutex_, deliveries_, patience);
}

std::optional<std::string> Puller::NextCheckpoint(absl::Duration patience) {
  return TakeFirst(mutex_, checkpoints_, patience);
}

std::vector<bus::v1::Delivery> Puller::NextMany(size_t count, absl::Duration patience) {
  std::vector<bus::v1::Delivery> taken;
  while (taken.size() < count) {
    std::optional<bus::v1::Delivery> next = Next(patience);
    if (!next.has_value()) break;
    taken.push_back(*std::move(next));
  }
  return taken;
}

std::optional<bus::v1::AckResult> Puller::NextResult(absl::Duration patience) {
  return TakeFirst(mutex_, results_, patience);
}

bool Puller::Send(const bus::v1::StreamingPullRequest& request) {
  std::lock_guard<std::mutex> lock(write_mutex_);
  return stream_->Write(request);
}

void Puller::Ack(const std::vector<bus::v1::Delivery>& deliveries) {
  std::vector<bus::v1::DeliveryReceipt> receipts;
  for (const auto& delivery : deliveries) receipts.push_back(drafts_.Receipt(delivery));
  bus::v1::StreamingPullRequest request;
  *request.add_receipts() = drafts_.SignReceipts(receipts);
  Send(request);
}

void Puller::Nack(const bus::v1::Delivery& delivery, std::optional<absl::Duration> delay,
                  const std::string& reason) {
  bus::v1::StreamingPullRequest request;
  bus::v1::Nack* nack = request.add_nacks();
  nack->set_message_id(HeaderOf(delivery.message()).id());
  nack->set_attempt(delivery.attempt());
  nack->set_reason(reason);
  if (delay.has_value()) SetDuration(*delay, nack->mutable_retry_delay());
  Send(request);
}

bool Puller::AckAndConfirm(const bus::v1::Delivery& delivery) {
  Ack(delivery);
  std::optional<bus::v1::AckResult> result = NextResult();
  return result.has_value() && !result->has_refusal() &&
         result->message_id() == HeaderOf(delivery.message()).id();
}

void Puller::Close() {
  std::lock_guard<std::mutex> lock(write_mutex_);
  stream_->WritesDone();
}

std::optional<grpc::Status> Puller::Ended(absl::Duration patience) {
  std::optional<grpc::Status> ended;
  Eventually(
      [&] {
        std::lock_guard<std::mutex> lock(mutex_);
        ended = ended_;
        return ended.has_value();
      },
      patience);
  return ended;
}

}  // namespace waystation::harness
