#include "common/casework/audit_findings.h"

#include <string>
#include <vector>

#include "common/agency/fields.h"
#include "common/agency/findings.h"
#include "common/status/status.h"

namespace waystation::casework {
namespace {

constexpr int kAuditFindingsMax = 200;

}  // namespace

absl::Status ListAuditFindings(const Procedures& procedures, const Sees& sees,
                               const v1::ListAuditFindingsRequest& request, agency::Tx& tx,
                               v1::ListAuditFindingsResponse& response) {
  if (!request.unit().empty()) {
    WS_RETURN_IF_ERROR(agency::CheckUnit("unit", request.unit(), procedures.agency()));
    WS_RETURN_IF_ERROR(sees(request.unit()));
  }
  WS_ASSIGN_OR_RETURN(std::vector<audit::v1::Finding> open,
                      agency::OpenFindings(tx.db(), kAuditFindingsMax));
  for (const audit::v1::Finding& finding : open) {
    absl::StatusOr<agency::ReferralView> view = tx.Referral(finding.referral_id());
    if (!view.ok() && !absl::IsNotFound(view.status())) return view.status();
    const std::string unit = view.ok() ? view->our_unit : "";
    if (!request.unit().empty() && unit != request.unit()) continue;
    if (!unit.empty() && !sees(unit).ok()) continue;
    v1::AuditFinding& out = *response.add_findings();
    out.set_finding_id(finding.finding_id());
    out.set_title(finding.title());
    out.set_citation(finding.citation());
    out.set_severity(finding.severity());
    if (view.ok()) out.set_referral_id(finding.referral_id());
    *out.mutable_opened_time() = finding.opened_time();
    *out.mutable_act_by_time() = finding.act_by_time();
  }
  return absl::OkStatus();
}

}  // namespace waystation::casework
