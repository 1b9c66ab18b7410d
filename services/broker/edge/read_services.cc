#include "services/broker/edge/read_services.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"
#include "services/broker/edge/reply.h"

namespace waystation::broker {
namespace {

constexpr uint32_t kPageSizeDefault = 100;
constexpr uint32_t kPageSizeMax = 1000;

absl::StatusOr<uint64_t> AfterSequence(const std::string& page_token) {
  uint64_t after = 0;
  if (page_token.empty() || absl::SimpleAtoi(page_token, &after)) return after;
  return Refusal(absl::StatusCode::kInvalidArgument, "PAGE_TOKEN",
                 Problem("page_token", "not one of ours", Quoted(page_token),
                         "the next_page_token of an answer"));
}

}  // namespace

grpc::ServerUnaryReactor* DirectoryService::GetDirectory(grpc::CallbackServerContext* call,
                                                         const bus::v1::GetDirectoryRequest*,
                                                         bus::v1::GetDirectoryResponse* response) {
  return Reply(call, [&]() -> absl::Status {
    WS_RETURN_IF_ERROR(context_.Authenticate(*call, bus::v1::ACTION_READ).status());
    *response->mutable_directory() = context_.rules.directory->directory();
    response->set_bus_id(context_.bus_id);
    response->set_crl_pem(context_.trust->crl_pem());
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* LedgerService::GetReferral(grpc::CallbackServerContext* call,
                                                     const bus::v1::GetReferralRequest* request,
                                                     bus::v1::GetReferralResponse* response) {
  return Reply(call, [&]() -> absl::Status {
    WS_ASSIGN_OR_RETURN(rpc::Caller caller, context_.Authenticate(*call, bus::v1::ACTION_READ));
    WS_ASSIGN_OR_RETURN(Referral referral, context_.ReferralFor(caller, request->referral_id()));
    FillReferral(referral, absl::ToUnixMicros(context_.clock->Now()), response->mutable_referral());
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* LedgerService::ListReferrals(grpc::CallbackServerContext* call,
                                                       const bus::v1::ListReferralsRequest* request,
                                                       bus::v1::ListReferralsResponse* response) {
  return Reply(call, [&]() -> absl::Status {
    WS_ASSIGN_OR_RETURN(rpc::Caller caller, context_.Authenticate(*call, bus::v1::ACTION_READ));
    WS_ASSIGN_OR_RETURN(uint64_t after, AfterSequence(request->page_token()));
    uint32_t size = request->page_size() == 0 ? kPageSizeDefault : request->page_size();
    size = std::min(size, kPageSizeMax);
    std::vector<Referral> page = context_.projection->ReferralsOf(caller.identity, after, size);
    int64_t now_us = absl::ToUnixMicros(context_.clock->Now());
    for (const Referral& referral : page) {
      if (request->open_only() && IsFinal(referral.state)) continue;
      FillReferral(referral, now_us, response->add_referrals());
    }
    if (page.size() == size) {
      response->set_next_page_token(absl::StrCat(page.back().request_sequence));
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* LedgerService::GetReferralHistory(
    grpc::CallbackServerContext* call, const bus::v1::GetReferralHistoryRequest* request,
    bus::v1::GetReferralHistoryResponse* response) {
  return Reply(call, [&]() -> absl::Status {
    WS_ASSIGN_OR_RETURN(rpc::Caller caller, context_.Authenticate(*call, bus::v1::ACTION_READ));
    WS_ASSIGN_OR_RETURN(Referral referral, context_.ReferralFor(caller, request->referral_id()));
    FillReferral(referral, absl::ToUnixMicros(context_.clock->Now()), response->mutable_referral());
    return history_.Fill(referral.id, response);
  });
}

}  // namespace waystation::broker
