#include "common/client/bus_client.h"

#include <chrono>
#include <utility>

#include "common/client/evidence_checker.h"
#include "common/evidence/message.h"
#include "common/rpc/channel.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "grpcpp/client_context.h"
#include "waystation/bus/v1/directory.grpc.pb.h"
#include "waystation/bus/v1/ledger.grpc.pb.h"
#include "waystation/bus/v1/publisher.grpc.pb.h"

namespace waystation::client {
namespace {

// One unary call: `Stub` of a service, `Method` of it, a deadline.
template <typename Service, typename Request, typename Response>
absl::StatusOr<Response> Call(const std::shared_ptr<grpc::Channel>& channel, absl::Duration timeout,
                              grpc::Status (Service::Stub::*method)(grpc::ClientContext*,
                                                                    const Request&, Response*),
                              const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
  Response response;
  auto stub = Service::NewStub(channel);
  WS_RETURN_IF_ERROR(rpc::FromGrpcStatus(((*stub).*method)(&context, request, &response)));
  return response;
}

}  // namespace

BusClient::BusClient(Options options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      channel_(rpc::MakeChannel(options_.target, options_.credentials)),
      directory_(
          [this]() -> absl::StatusOr<bus::v1::Directory> {
            WS_ASSIGN_OR_RETURN(bus::v1::GetDirectoryResponse response, GetDirectory());
            return std::move(*response.mutable_directory());
          },
          options_.directory_refresh_min, clock) {}

const evidence::Signer& BusClient::signer() const {
  WS_CHECK(options_.signer != nullptr);
  return *options_.signer;
}

absl::Status BusClient::AwaitConnection(absl::Duration patience) const {
  if (channel_->WaitForConnected(std::chrono::system_clock::now() +
                                 absl::ToChronoMilliseconds(patience))) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat("broker ", options_.target, ": not connected"));
}

absl::StatusOr<bus::v1::GetDirectoryResponse> BusClient::GetDirectory() {
  using Service = bus::v1::DirectoryService;
  return Call<Service>(channel_, options_.call_timeout, &Service::Stub::GetDirectory,
                       bus::v1::GetDirectoryRequest());
}

absl::StatusOr<Published> BusClient::Publish(const bus::v1::SignedMessage& message) {
  using Service = bus::v1::PublisherService;
  bus::v1::PublishRequest request;
  *request.mutable_message() = message;
  WS_ASSIGN_OR_RETURN(
      bus::v1::PublishResponse response,
      Call<Service>(channel_, options_.call_timeout, &Service::Stub::Publish, request));
  WS_ASSIGN_OR_RETURN(Published published, Prove(response.receipt(), message.header()));
  published.duplicate = response.duplicate();
  return published;
}

absl::StatusOr<Published> BusClient::GetPublishOutcome(std::string_view header_bytes) {
  using Service = bus::v1::PublisherService;
  WS_ASSIGN_OR_RETURN(bus::v1::Header header, evidence::ParseHeader(header_bytes));
  bus::v1::GetPublishOutcomeRequest request;
  request.set_message_id(header.id());
  WS_ASSIGN_OR_RETURN(
      bus::v1::GetPublishOutcomeResponse response,
      Call<Service>(channel_, options_.call_timeout, &Service::Stub::GetPublishOutcome, request));
  return Prove(response.receipt(), header_bytes);
}

absl::StatusOr<bus::v1::Referral> BusClient::GetReferral(std::string_view referral_id) {
  using Service = bus::v1::LedgerService;
  bus::v1::GetReferralRequest request;
  request.set_referral_id(std::string(referral_id));
  WS_ASSIGN_OR_RETURN(
      bus::v1::GetReferralResponse response,
      Call<Service>(channel_, options_.call_timeout, &Service::Stub::GetReferral, request));
  return std::move(*response.mutable_referral());
}

absl::StatusOr<bus::v1::ListReferralsResponse> BusClient::ListReferrals(
    const bus::v1::ListReferralsRequest& request) {
  using Service = bus::v1::LedgerService;
  return Call<Service>(channel_, options_.call_timeout, &Service::Stub::ListReferrals, request);
}

absl::StatusOr<bus::v1::GetReferralHistoryResponse> BusClient::GetReferralHistory(
    std::string_view referral_id) {
  using Service = bus::v1::LedgerService;
  bus::v1::GetReferralHistoryRequest request;
  request.set_referral_id(std::string(referral_id));
  return Call<Service>(channel_, options_.call_timeout, &Service::Stub::GetReferralHistory,
                       request);
}

absl::StatusOr<Published> BusClient::Prove(const bus::v1::SignedReceipt& receipt,
                                           std::string_view header_bytes) {
  WS_ASSIGN_OR_RETURN(bus::v1::Header header, evidence::ParseHeader(header_bytes));
  EvidenceChecker checker(directory_, *options_.trust);
  Published published;
  WS_ASSIGN_OR_RETURN(published.receipt,
                      checker.CheckCustody(receipt, options_.broker_identity, header.id(),
                                           evidence::EnvelopeHash(header_bytes)));
  published.signed_receipt = receipt;
  return published;
}

}  // namespace waystation::client
