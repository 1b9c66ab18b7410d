#include "common/agency/index_service.h"

#include <utility>

#include "common/agency/handoff_index.h"
#include "common/agency/identity_text.h"
#include "common/agency/time_proto.h"
#include "common/evidence/handoff_index.h"
#include "common/rpc/caller.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

// There is one auditor, who asks page by page: it may not take officers' threads.
constexpr int kThreads = 1;
constexpr size_t kWaitingMax = 16;

}  // namespace

IndexService::IndexService(Agency& agency, std::shared_ptr<rpc::TrustSource> trust)
    : agency_(agency), trust_(std::move(trust)), pool_(kThreads, kWaitingMax) {}

IndexService::~IndexService() { Shutdown(); }

void IndexService::Shutdown() { pool_.Stop(); }

absl::StatusOr<audit::v1::ListHandoffsResponse> IndexService::PageFor(
    std::string_view caller, const audit::v1::ListHandoffsRequest& request) const {
  const Identity& identity = agency_.identity();
  const std::string auditor = AuditorIdentity(identity.trust_domain);
  if (caller != auditor) {
    return Refusal(absl::StatusCode::kPermissionDenied, "CALLER_NOT_AUDITOR",
                   Problem("caller", "not the auditor", Quoted(caller), Quoted(auditor)));
  }
  HandoffRows rows;
  WS_RETURN_IF_ERROR(agency_.Read([&](Tx& tx) -> absl::Status {
    WS_ASSIGN_OR_RETURN(rows,
                        agency::ListHandoffs(tx.db(), request.page_size(), request.page_token()));
    return absl::OkStatus();
  }));
  const absl::Time now = agency_.clock().Now();
  audit::v1::HandoffPage page;
  page.set_agency(identity.spiffe_id);
  *page.mutable_time() = ToProtoTime(now);
  page.set_page_token(request.page_token());
  page.set_next_page_token(rows.next_page_token);
  return evidence::SignHandoffIndex(*identity.signer, std::move(page), rows.entries, now);
}

grpc::ServerUnaryReactor* IndexService::ListHandoffs(grpc::CallbackServerContext* context,
                                                     const audit::v1::ListHandoffsRequest* request,
                                                     audit::v1::ListHandoffsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto task = [this, context, reactor, request, response] {
    auto answer = [&]() -> absl::Status {
      WS_ASSIGN_OR_RETURN(
          rpc::Caller caller,
          rpc::CallerOf(*context->auth_context(), trust_->Current(), agency_.clock().Now()));
      WS_ASSIGN_OR_RETURN(*response, PageFor(caller.identity, *request));
      return absl::OkStatus();
    };
    reactor->Finish(rpc::ToGrpcStatus(answer()));
  };
  if (!pool_.Submit(std::move(task))) {
    reactor->Finish(rpc::ToGrpcStatus(Refusal(absl::StatusCode::kResourceExhausted, "OVERLOADED",
                                              "index: too many requests wait, try again")));
  }
  return reactor;
}

}  // namespace waystation::agency
