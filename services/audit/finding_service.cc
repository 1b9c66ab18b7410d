#include "services/audit/finding_service.h"

#include <utility>

#include "common/rpc/caller.h"
#include "common/rpc/status_grpc.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

constexpr int kThreads = 2;
constexpr size_t kWaitingMax = 256;

}  // namespace

FindingService::FindingService(Findings& findings, AuditStore& store,
                               std::shared_ptr<rpc::TrustSource> trust, const Clock& clock,
                               FillStatus fill_status, TakeConflict take_conflict)
    : findings_(findings),
      store_(store),
      trust_(std::move(trust)),
      clock_(clock),
      fill_status_(std::move(fill_status)),
      take_conflict_(std::move(take_conflict)),
      pool_(kThreads, kWaitingMax) {}

FindingService::~FindingService() { Shutdown(); }

void FindingService::Shutdown() { pool_.Stop(); }

grpc::ServerUnaryReactor* FindingService::Run(grpc::CallbackServerContext* context,
                                              std::function<absl::Status(const Caller&)> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto task = [this, context, reactor, work = std::move(work)] {
    auto run = [&]() -> absl::Status {
      WS_ASSIGN_OR_RETURN(rpc::Caller peer,
                          rpc::CallerOf(*context->auth_context(), trust_->Current(), clock_.Now()));
      WS_ASSIGN_OR_RETURN(Caller caller, findings_.CallerOf(peer.identity));
      return work(caller);
    };
    reactor->Finish(rpc::ToGrpcStatus(run()));
  };
  if (!pool_.Submit(std::move(task))) {
    reactor->Finish(rpc::ToGrpcStatus(Refusal(absl::StatusCode::kResourceExhausted, "OVERLOADED",
                                              "findings: too many requests wait, try again")));
  }
  return reactor;
}

grpc::ServerUnaryReactor* FindingService::ListFindings(grpc::CallbackServerContext* context,
                                                       const v1::ListFindingsRequest* request,
                                                       v1::ListFindingsResponse* response) {
  return Run(context, [this, request, response](const Caller& caller) {
    return findings_.List(caller, *request, response);
  });
}

grpc::ServerUnaryReactor* FindingService::GetFinding(grpc::CallbackServerContext* context,
                                                     const v1::GetFindingRequest* request,
                                                     v1::GetFindingResponse* response) {
  return Run(context, [this, request, response](const Caller& caller) {
    return findings_.Get(caller, *request, response);
  });
}

grpc::ServerUnaryReactor* FindingService::Respond(grpc::CallbackServerContext* context,
                                                  const v1::RespondRequest* request,
                                                  v1::RespondResponse* response) {
  return Run(context, [this, request, response](const Caller& caller) {
    return findings_.Respond(caller, *request, response);
  });
}

grpc::ServerUnaryReactor* FindingService::CloseFinding(grpc::CallbackServerContext* context,
                                                       const v1::CloseFindingRequest* request,
                                                       v1::CloseFindingResponse* response) {
  return Run(context, [this, request, response](const Caller& caller) {
    return findings_.Close(caller, *request, response);
  });
}

grpc::ServerUnaryReactor* FindingService::ReportConflict(grpc::CallbackServerContext* context,
                                                         const v1::ReportConflictRequest* request,
                                                         v1::ReportConflictResponse*) {
  return Run(context,
             [this, request](const Caller& caller) { return take_conflict_(caller, *request); });
}

grpc::ServerUnaryReactor* FindingService::ListProcedures(grpc::CallbackServerContext* context,
                                                         const v1::ListProceduresRequest* request,
                                                         v1::ListProceduresResponse* response) {
  return Run(context, [this, request, response](const Caller& caller) {
    return findings_.ListProcedures(caller, *request, response);
  });
}

grpc::ServerUnaryReactor* FindingService::GetAuditStatus(grpc::CallbackServerContext* context,
                                                         const v1::GetAuditStatusRequest*,
                                                         v1::GetAuditStatusResponse* response) {
  return Run(context, [this, response](const Caller&) -> absl::Status {
    WS_ASSIGN_OR_RETURN(uint64_t open, store_.CountOpen());
    response->set_open_findings(open);
    fill_status_(response);
    return absl::OkStatus();
  });
}

}  // namespace waystation::audit
