#include "tests/e2e/refusal_world.h"

#include <chrono>
#include <utility>

#include "common/config/file.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "grpcpp/generic/generic_stub.h"
#include "waystation/bus/v1/publisher.grpc.pb.h"

namespace waystation::harness {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);

void EnrolHhs(cli::DevLayout& layout, journal::v1::Genesis* genesis) {
  SystemClock clock;
  const std::string identity = cli::DevIdentity(kHhs);
  for (crypto::KeyUse use : {crypto::KeyUse::kTls, crypto::KeyUse::kSign}) {
    Require(layout.pki().Issue({.identity = identity, .use = use}, clock.Now()).status(), "issue");
  }
  auto pem = Must(config::ReadFile(layout.CertificatePath(kHhs, crypto::KeyUse::kSign), 65536),
                  "certificate");
  bus::v1::Identity* hhs = genesis->mutable_directory()->add_identities();
  hhs->set_identity(identity);
  for (bus::v1::Role& role : *genesis->mutable_policy()->mutable_roles()) {
    if (role.name() == "agencies") role.add_paths(std::string(kHhs));
  }
  bus::v1::EnrolledCertificate* certificate = hhs->add_certificates();
  certificate->set_der(Must(crypto::Certificate::FromPem(pem), "certificate").der());
  certificate->set_use(bus::v1::CERTIFICATE_USE_SIGN);
}

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

RefusalWorld::RefusalWorld()
    : bus({.adjust_genesis = EnrolHhs, .broker_prefix = {}}),
      doj(bus, kDoj),
      ins(bus, kIns),
      hhs(bus, kHhs),
      strangers(bus) {
  bus.Start();
  doj_channel = bus.Channel(kDoj);
  ins_channel = bus.Channel(kIns);
  operator_channel = bus.Channel(kOperator);
  delivered_message = doj.Sign(doj.Report(kIns), "a report");
  Require(Publish(doj_channel, delivered_message).status(), "publish");
  holder_ =
      std::make_unique<Puller>(ins_channel, ins, Puller::Options{.outstanding_messages_max = 1});
  auto next = holder_->Next();
  WS_CHECK(next.has_value());
  delivery = *std::move(next);
  referral_id = NewReferralId();
  bus::v1::Header request =
      doj.Case(kIns, referral_id, types::v1::TRANSITION_REQUEST, /*expected_version=*/0);
  Require(Publish(doj_channel, doj.Sign(request, doj.Seal("petition", kIns))).status(), "request");
}

absl::Status RefusalWorld::PublishFrame(const bus::v1::StreamingPublishRequest& frame) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  auto stub = bus::v1::PublisherService::NewStub(doj_channel);
  auto stream = stub->StreamingPublish(&context);
  stream->Write(frame);
  stream->WritesDone();
  absl::Status refusal;
  bus::v1::StreamingPublishResponse response;
  while (stream->Read(&response)) {
    for (const auto& result : response.results()) {
      if (refusal.ok() && result.has_refusal()) refusal = rpc::FromRpcStatus(result.refusal());
    }
  }
  absl::Status ended = rpc::FromGrpcStatus(stream->Finish());
  return refusal.ok() ? ended : refusal;
}

absl::Status RefusalWorld::PullFrame(const std::shared_ptr<grpc::Channel>& channel,
                                     const Drafts& drafts,
                                     const bus::v1::StreamingPullRequest& frame, bool open) {
  Puller puller(channel, drafts, {.outstanding_messages_max = 1, .open = open});
  puller.Send(frame);
  // Whichever comes first: the result of what the frame holds, or the end.
  std::optional<bus::v1::AckResult> result;
  std::optional<grpc::Status> ended;
  Eventually([&] {
    result = puller.NextResult(absl::ZeroDuration());
    ended = puller.Ended(absl::ZeroDuration());
    return result.has_value() || ended.has_value();
  });
  if (result.has_value() && result->has_refusal()) return rpc::FromRpcStatus(result->refusal());
  if (result.has_value()) return absl::OkStatus();
  if (ended.has_value()) return rpc::FromGrpcStatus(*ended);
  return absl::DeadlineExceededError("the stream neither answers nor ends");
}

absl::Status RefusalWorld::CallRaw(const std::string& method, const std::string& bytes,
                                   bool streaming) {
  grpc::GenericStub stub(doj_channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  grpc::CompletionQueue queue;
  auto call = stub.PrepareCall(&context, method, &queue);
  auto done = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  call->StartCall(nullptr);
  done();
  call->Write(BufferOf(bytes), nullptr);
  done();
  if (!streaming) {
    call->WritesDone(nullptr);
    done();
  }
  grpc::Status status;
  call->Finish(&status, nullptr);
  done();
  return rpc::FromGrpcStatus(status);
}

bus::v1::StreamingPullRequest RefusalWorld::ReceiptFrame(
    const std::function<void(bus::v1::DeliveryReceipt*)>& change) const {
  bus::v1::DeliveryReceipt receipt = ins.Receipt(delivery);
  change(&receipt);
  bus::v1::StreamingPullRequest frame;
  *frame.add_receipts() = ins.SignReceipts({receipt});
  return frame;
}

uint64_t RefusalWorld::PublishGood() {
  auto published = Must(Publish(doj_channel, doj.Sign(doj.Report(kIns), "good")), "good message");
  bus::v1::CustodyReceipt receipt;
  WS_CHECK(receipt.ParseFromString(published.receipt().receipt()));
  return receipt.sequence();
}

}  // namespace waystation::harness
