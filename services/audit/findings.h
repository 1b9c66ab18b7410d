#ifndef WAYSTATION_SERVICES_AUDIT_FINDINGS_H_
#define WAYSTATION_SERVICES_AUDIT_FINDINGS_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "services/audit/audit_store.h"
#include "waystation/audit/v1/audit_service.pb.h"

namespace waystation::audit {

// Who calls: the auditor, or an agency that sees what it is a party to.
struct Caller {
  std::string identity;
  bool is_auditor = false;

  // For the store: whose sight it is; empty sees all.
  std::string seen_by() const { return is_auditor ? "" : identity; }
};

// Findings for the auditor and the audited: the rules of AuditService, without
// gRPC. Errors: those of the rpc.
//
// Does not own store and clock. Thread-safe.
class Findings {
 public:
  Findings(AuditStore& store, const Clock& clock, std::string auditor)
      : store_(store), clock_(clock), auditor_(std::move(auditor)) {}

  // Who calls, by a verified identity. Errors: PERMISSION_DENIED (AUDIT_DENIED).
  absl::StatusOr<Caller> CallerOf(const std::string& identity) const;

  absl::Status List(const Caller& caller, const v1::ListFindingsRequest& request,
                    v1::ListFindingsResponse* response);
  absl::Status Get(const Caller& caller, const v1::GetFindingRequest& request,
                   v1::GetFindingResponse* response);
  absl::Status Respond(const Caller& caller, const v1::RespondRequest& request,
                       v1::RespondResponse* response);
  absl::Status Close(const Caller& caller, const v1::CloseFindingRequest& request,
                     v1::CloseFindingResponse* response);
  absl::Status ListProcedures(const Caller& caller, const v1::ListProceduresRequest& request,
                              v1::ListProceduresResponse* response);

 private:
  AuditStore& store_;
  const Clock& clock_;
  const std::string auditor_;
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_FINDINGS_H_
