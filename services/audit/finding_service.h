#ifndef WAYSTATION_SERVICES_AUDIT_FINDING_SERVICE_H_
#define WAYSTATION_SERVICES_AUDIT_FINDING_SERVICE_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "common/agency/worker_pool.h"
#include "common/clock/clock.h"
#include "common/rpc/trust_source.h"
#include "grpcpp/grpcpp.h"
#include "services/audit/audit_store.h"
#include "services/audit/findings.h"
#include "waystation/audit/v1/audit_service.grpc.pb.h"

namespace waystation::audit {

// The API of the auditor over gRPC: who calls, off gRPC's threads.
//
// Does not own what it works with. Thread-safe.
class FindingService : public v1::AuditService::CallbackService {
 public:
  // Fills in how far the auditor is, but for the findings.
  using FillStatus = std::function<void(v1::GetAuditStatusResponse*)>;
  // Takes a report of two histories. Errors: those of the rpc.
  using TakeConflict = std::function<absl::Status(const Caller&, const v1::ReportConflictRequest&)>;

  FindingService(Findings& findings, AuditStore& store, std::shared_ptr<rpc::TrustSource> trust,
                 const Clock& clock, FillStatus fill_status, TakeConflict take_conflict);
  ~FindingService() override;

  // Ends running calls; later ones are UNAVAILABLE. Idempotent.
  void Shutdown();

  grpc::ServerUnaryReactor* ListFindings(grpc::CallbackServerContext* context,
                                         const v1::ListFindingsRequest* request,
                                         v1::ListFindingsResponse* response) override;
  grpc::ServerUnaryReactor* GetFinding(grpc::CallbackServerContext* context,
                                       const v1::GetFindingRequest* request,
                                       v1::GetFindingResponse* response) override;
  grpc::ServerUnaryReactor* Respond(grpc::CallbackServerContext* context,
                                    const v1::RespondRequest* request,
                                    v1::RespondResponse* response) override;
  grpc::ServerUnaryReactor* CloseFinding(grpc::CallbackServerContext* context,
                                         const v1::CloseFindingRequest* request,
                                         v1::CloseFindingResponse* response) override;
  grpc::ServerUnaryReactor* ReportConflict(grpc::CallbackServerContext* context,
                                           const v1::ReportConflictRequest* request,
                                           v1::ReportConflictResponse* response) override;
  grpc::ServerUnaryReactor* ListProcedures(grpc::CallbackServerContext* context,
                                           const v1::ListProceduresRequest* request,
                                           v1::ListProceduresResponse* response) override;
  grpc::ServerUnaryReactor* GetAuditStatus(grpc::CallbackServerContext* context,
                                           const v1::GetAuditStatusRequest* request,
                                           v1::GetAuditStatusResponse* response) override;

 private:
  grpc::ServerUnaryReactor* Run(grpc::CallbackServerContext* context,
                                std::function<absl::Status(const Caller&)> work);

  Findings& findings_;
  AuditStore& store_;
  const std::shared_ptr<rpc::TrustSource> trust_;
  const Clock& clock_;
  const FillStatus fill_status_;
  const TakeConflict take_conflict_;
  agency::WorkerPool pool_;
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_FINDING_SERVICE_H_
