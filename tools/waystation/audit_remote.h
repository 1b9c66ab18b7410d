#ifndef WAYSTATION_TOOLS_WAYSTATION_AUDIT_REMOTE_H_
#define WAYSTATION_TOOLS_WAYSTATION_AUDIT_REMOTE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/waystation/connect.h"
#include "waystation/audit/v1/audit_service.grpc.pb.h"

namespace waystation::cli {

// The auditor's service as one caller reaches it.
//
//   WS_ASSIGN_OR_RETURN(AuditRemote audit, AuditRemote::Open(session, profile));
//   WS_ASSIGN_OR_RETURN(auto findings, audit.List(request));
//
// Single-threaded: the command.
class AuditRemote {
 public:
  // As the profile's auditor, or as `credential` when it is not null. Errors: of
  // ConnectToAudit.
  static absl::StatusOr<AuditRemote> Open(const Session& session, const Profile& profile,
                                          const v1::Credential* credential = nullptr);

  // One call. Errors: those of the server; UNAVAILABLE or DEADLINE_EXCEEDED naming it.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Ask(grpc::Status (audit::v1::AuditService::Stub::*method)(
                                   grpc::ClientContext*, const Request&, Response*),
                               const Request& request) {
    audit::v1::AuditService::Stub stub(remote_.channel);
    return Call(remote_, stub, method, request);
  }

  // Every page of what is asked, newest opening first.
  absl::StatusOr<std::vector<audit::v1::Finding>> List(audit::v1::ListFindingsRequest request);

  // One finding. Errors: NOT_FOUND (FINDING_UNKNOWN).
  absl::StatusOr<audit::v1::Finding> Get(const std::string& finding_id);

 private:
  explicit AuditRemote(Remote remote) : remote_(std::move(remote)) {}

  Remote remote_;
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_AUDIT_REMOTE_H_
