#include "tests/bench/load.h"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/crypto/random.h"
#include "common/evidence/content_types.h"
#include "common/evidence/message.h"
#include "common/evidence/verifier.h"
#include "common/ids/uuid.h"
#include "common/rpc/channel.h"
#include "common/status/status.h"
#include "waystation/bus/v1/publisher.grpc.pb.h"
#include "waystation/bus/v1/subscriber.grpc.pb.h"

namespace waystation::bench {
namespace {

constexpr size_t kPayloadBytes = 1024;
constexpr char kType[] = "waystation.program.report.v1";
// How far publishing may be ahead of delivery, so that memory stays bounded and
// what is measured is delivery.
constexpr int64_t kAheadMax = 16384;
// As services/broker/log names it.
constexpr std::string_view kLogThread = "audit-log";

int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// CPU time that a process has used; 0 is this one.
double CpuUs(pid_t process) {
  clockid_t clock;
  timespec used{};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) * 1e6 + static_cast<double>(used.tv_nsec) / 1e3;
}

// CPU time of a process's threads that go by `name` (proc(5), schedstat).
double ThreadCpuUs(pid_t process, std::string_view name) {
  double used_us = 0;
  std::error_code gone;
  for (const auto& thread :
       std::filesystem::directory_iterator(absl::StrCat("/proc/", process, "/task"), gone)) {
    std::string own_name;
    std::getline(std::ifstream(thread.path() / "comm"), own_name);
    double ns = 0;
    if (own_name == name && std::ifstream(thread.path() / "schedstat") >> ns) used_us += ns / 1e3;
  }
  return used_us;
}

// What all threads of one run share.
struct Shared {
  explicit Shared(const Load& l) : load(l) {}

  const Load& load;
  std::atomic<bool> sending = true;
  std::atomic<bool> measuring = false;
  std::atomic<int64_t> sent = 0;
  std::atomic<int64_t> answered = 0;
  std::atomic<int64_t> delivered = 0;
  std::atomic<int64_t> confirmed = 0;
  std::mutex mutex;
  absl::Status failure;
  std::vector<double> latencies_us;

  void Fail(absl::Status status) {
    std::lock_guard<std::mutex> lock(mutex);
    if (failure.ok()) failure = std::move(status);
    sending = false;
  }
  bool failed() {
    std::lock_guard<std::mutex> lock(mutex);
    return !failure.ok();
  }
};

std::string MakeHeader(const Shared& shared, UuidV7Generator& ids, const std::string& payload) {
  bus::v1::Header header;
  header.set_id(ids.Next());
  header.set_source(shared.load.publisher->identity());
  header.set_type(kType);
  int64_t now_us = NowUs();
  header.mutable_time()->set_seconds(now_us / 1'000'000);
  header.mutable_time()->set_nanos(static_cast<int>(now_us % 1'000'000 * 1'000));
  header.set_datacontenttype("application/octet-stream");
  header.add_recipients(shared.load.consumer->identity());
  header.set_payload_sha256(std::string(crypto::AsBytes(crypto::Sha256(payload))));
  header.set_payload_size(payload.size());
  return header.SerializeAsString();
}

absl::Status Sign(const Load& load, bus::v1::StreamingPublishRequest* frame) {
  if (load.signing == Signing::kNone) return absl::OkStatus();
  if (load.signing == Signing::kSingle) {
    for (bus::v1::SignedMessage& message : *frame->mutable_messages()) {
      WS_ASSIGN_OR_RETURN(*message.mutable_signature(),
                          load.publisher->SignOne(evidence::kHeaderContent, message.header()));
    }
    return absl::OkStatus();
  }
  std::vector<std::string_view> headers;
  for (const bus::v1::SignedMessage& message : frame->messages()) {
    headers.push_back(message.header());
  }
  WS_ASSIGN_OR_RETURN(
      std::vector<bus::v1::Signature> signatures,
      load.publisher->SignBatch(evidence::kHeaderContent, headers, SystemClock().Now()));
  for (int i = 0; i < frame->messages_size(); ++i) {
    *frame->mutable_messages(i)->mutable_signature() =
        std::move(signatures[static_cast<size_t>(i)]);
  }
  return absl::OkStatus();
}

void Publish(Shared& shared) {
  auto channel = rpc::MakeChannel(shared.load.target, shared.load.publisher_credentials);
  auto stub = bus::v1::PublisherService::NewStub(channel);
  grpc::ClientContext context;
  auto stream = stub->StreamingPublish(&context);
  std::thread reader([&] {
    bus::v1::StreamingPublishResponse response;
    while (stream->Read(&response)) {
      for (const bus::v1::PublishResult& result : response.results()) {
        if (!result.has_refusal()) continue;
        shared.Fail(absl::InternalError("refused: " + result.refusal().message()));
      }
      shared.answered += response.results_size();
    }
  });
  SystemClock clock;
  UuidV7Generator ids(clock, crypto::RandomBytes);
  std::string payload(kPayloadBytes, '\0');
  crypto::RandomBytes(payload.data(), payload.size());
  const double gap_us =
      shared.load.rate_per_s == 0
          ? 0
          : 1e6 * shared.load.frame * shared.load.publishers / shared.load.rate_per_s;
  double next_us = static_cast<double>(NowUs());
  bus::v1::StreamingPublishRequest frame;
  while (shared.sending) {
    if (gap_us > 0) {
      next_us += gap_us;
      std::this_thread::sleep_until(std::chrono::system_clock::time_point(
          std::chrono::microseconds(static_cast<int64_t>(next_us))));
    } else if (shared.sent - shared.delivered > kAheadMax) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    frame.Clear();  // Keeps its memory.
    for (int i = 0; i < shared.load.frame; ++i) {
      bus::v1::SignedMessage* message = frame.add_messages();
      message->set_header(MakeHeader(shared, ids, payload));
      message->set_payload(payload);
    }
    absl::Status signed_ok = Sign(shared.load, &frame);
    if (!signed_ok.ok()) shared.Fail(signed_ok);
    shared.sent += shared.load.frame;
    if (!stream->Write(frame)) break;  // The status tells why.
  }
  stream->WritesDone();
  reader.join();
  grpc::Status finished = stream->Finish();
  if (!finished.ok()) {
    shared.Fail(absl::UnavailableError("publish stream: " + finished.error_message()));
  }
}

// Verifies one delivery; returns its receipt.
absl::StatusOr<std::string> Receive(const Load& load, const evidence::Verifier& verifier,
                                    evidence::BatchCache& cache, const bus::v1::Delivery& delivery,
                                    int64_t* made_us) {
  bus::v1::DeliveryReceipt receipt;
  bus::v1::Header header;
  const bus::v1::SignedMessage& message = delivery.message();
  if (load.signing == Signing::kNone) {
    if (!header.ParseFromString(message.header())) return absl::DataLossError("header");
  } else {
    WS_ASSIGN_OR_RETURN(header, evidence::ParseHeader(message.header()));
    WS_RETURN_IF_ERROR(verifier.Verify(evidence::kHeaderContent, message.header(),
                                       message.signature(), header.source(), &cache));
    WS_RETURN_IF_ERROR(evidence::CheckPayload(header, message.payload()));
    receipt.set_envelope_hash(
        std::string(crypto::AsBytes(evidence::EnvelopeHash(message.header()))));
    receipt.set_recipient(load.consumer->identity());
    receipt.set_outcome(bus::v1::DELIVERY_OUTCOME_APPLIED);
    receipt.set_attempt(delivery.attempt());
    int64_t now_us = NowUs();
    receipt.mutable_time()->set_seconds(now_us / 1'000'000);
    receipt.mutable_time()->set_nanos(static_cast<int>(now_us % 1'000'000 * 1'000));
  }
  receipt.set_message_id(header.id());
  *made_us = header.time().seconds() * 1'000'000 + header.time().nanos() / 1'000;
  return receipt.SerializeAsString();
}

void Consume(Shared& shared, int number, grpc::ClientContext& context, std::atomic<int>& opened) {
  auto channel = rpc::MakeChannel(shared.load.target, shared.load.consumer_credentials);
  auto stub = bus::v1::SubscriberService::NewStub(channel);
  auto stream = stub->StreamingPull(&context);
  bus::v1::StreamingPullRequest open;
  open.mutable_open()->set_client_id(absl::StrCat("bench-", number));
  open.mutable_open()->mutable_flow_control()->set_outstanding_messages_max(8192);
  stream->Write(open);
  ++opened;
  evidence::Verifier verifier(*shared.load.directory);
  evidence::BatchCache cache;
  std::vector<double> latencies;
  bus::v1::StreamingPullResponse frame;
  while (stream->Read(&frame)) {
    for (const bus::v1::AckResult& result : frame.results()) {
      if (result.has_refusal()) {
        shared.Fail(absl::InternalError("receipt refused: " + result.refusal().message()));
      }
    }
    shared.confirmed += frame.results_size();
    if (frame.deliveries_size() == 0) continue;
    std::vector<std::string> receipts;
    for (const bus::v1::Delivery& delivery : frame.deliveries()) {
      int64_t made_us = 0;
      absl::StatusOr<std::string> receipt =
          Receive(shared.load, verifier, cache, delivery, &made_us);
      if (!receipt.ok()) {
        shared.Fail(receipt.status());
        continue;
      }
      receipts.push_back(*std::move(receipt));
      if (shared.measuring) latencies.push_back(static_cast<double>(NowUs() - made_us));
    }
    shared.delivered += frame.deliveries_size();
    bus::v1::StreamingPullRequest answer;
    if (shared.load.signing == Signing::kNone) {
      for (std::string& receipt : receipts) {
        if (answer.receipts_size() == 0) answer.add_receipts();
        answer.mutable_receipts(0)->add_receipts(std::move(receipt));
      }
    } else {
      auto batch = shared.load.consumer->SignReceipts(std::move(receipts), SystemClock().Now());
      if (!batch.ok()) {
        shared.Fail(batch.status());
        continue;
      }
      *answer.add_receipts() = *std::move(batch);
    }
    if (!stream->Write(answer)) break;
  }
  stream->Finish();
  std::lock_guard<std::mutex> lock(shared.mutex);
  shared.latencies_us.insert(shared.latencies_us.end(), latencies.begin(), latencies.end());
}

double Percentile(std::vector<double>& values, double part) {
  if (values.empty()) return 0;
  size_t place = std::min(values.size() - 1, static_cast<size_t>(part * values.size()));
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(place), values.end());
  return values[place];
}

// Waits until `done` or ten seconds have passed.
template <typename Done>
bool WaitFor(Done done) {
  for (int i = 0; i < 10'000; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

}  // namespace

absl::StatusOr<Result> Run(const Load& load) {
  Shared shared(load);
  std::atomic<int> opened = 0;
  std::vector<grpc::ClientContext> contexts(static_cast<size_t>(load.consumers));
  std::vector<std::thread> consumers, publishers;
  for (int i = 0; i < load.consumers; ++i) {
    consumers.emplace_back(
        [&, i] { Consume(shared, i, contexts[static_cast<size_t>(i)], opened); });
  }
  if (!WaitFor([&] { return opened == load.consumers; })) {
    shared.Fail(absl::UnavailableError("pull streams did not open"));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  for (int i = 0; i < load.publishers; ++i) publishers.emplace_back([&] { Publish(shared); });
  std::this_thread::sleep_for(absl::ToChronoMicroseconds(load.warm_up));
  shared.measuring = true;
  int64_t before = shared.delivered;
  int64_t begin_us = NowUs();
  double cpu_us = -CpuUs(0) - CpuUs(load.server);
  double log_us = -ThreadCpuUs(load.server, kLogThread);
  std::this_thread::sleep_for(absl::ToChronoMicroseconds(load.measured));
  int64_t count = shared.delivered - before;
  cpu_us += CpuUs(0) + CpuUs(load.server);
  log_us += ThreadCpuUs(load.server, kLogThread);
  double seconds = static_cast<double>(NowUs() - begin_us) / 1e6;
  shared.measuring = false;
  shared.sending = false;
  for (std::thread& publisher : publishers) publisher.join();
  bool whole = WaitFor([&] {
    return shared.failed() || (shared.delivered >= shared.sent && shared.confirmed >= shared.sent);
  });
  for (grpc::ClientContext& context : contexts) context.TryCancel();
  for (std::thread& consumer : consumers) consumer.join();
  if (shared.failed()) return shared.failure;
  if (!whole) {
    return absl::DataLossError(absl::StrCat("lost: sent ", shared.sent.load(), ", delivered ",
                                            shared.delivered.load(), ", confirmed ",
                                            shared.confirmed.load()));
  }
  Result result;
  result.messages = static_cast<uint64_t>(count);
  result.messages_per_s = static_cast<double>(count) / seconds;
  if (count > 0) {
    result.cpu_us_per_message = cpu_us / static_cast<double>(count);
    result.log_us_per_message = log_us / static_cast<double>(count);
  }
  result.p50_us = Percentile(shared.latencies_us, 0.50);
  result.p99_us = Percentile(shared.latencies_us, 0.99);
  return result;
}

}  // namespace waystation::bench
