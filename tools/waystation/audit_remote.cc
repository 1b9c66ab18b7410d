#include "tools/waystation/audit_remote.h"

#include "common/status/status.h"

namespace waystation::cli {

using audit::v1::AuditService;
using audit::v1::Finding;

absl::StatusOr<AuditRemote> AuditRemote::Open(const Session& session, const Profile& profile,
                                              const v1::Credential* credential) {
  WS_ASSIGN_OR_RETURN(Remote remote, ConnectToAudit(session, profile, credential));
  return AuditRemote(std::move(remote));
}

absl::StatusOr<std::vector<Finding>> AuditRemote::List(audit::v1::ListFindingsRequest request) {
  std::vector<Finding> findings;
  do {
    WS_ASSIGN_OR_RETURN(auto page, Ask(&AuditService::Stub::ListFindings, request));
    findings.insert(findings.end(), page.findings().begin(), page.findings().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return findings;
}

absl::StatusOr<Finding> AuditRemote::Get(const std::string& finding_id) {
  audit::v1::GetFindingRequest request;
  request.set_finding_id(finding_id);
  WS_ASSIGN_OR_RETURN(auto response, Ask(&AuditService::Stub::GetFinding, request));
  return response.finding();
}

}  // namespace waystation::cli
