#include "common/casework/history.h"

#include <vector>

#include "common/casework/case_table.h"
#include "common/casework/show.h"
#include "common/status/status.h"

namespace waystation::casework {
namespace {

using agency::Tx;
using record::StoredReferral;

void AddBelow(const v1::Referral& referral, v1::GetHistoryResponse& response) {
  for (const referral::v1::OnwardHop& hop : referral.onward()) {
    response.add_onward()->set_answered(hop.answered());
  }
}

// Those that we forwarded, and what came with their answers.
absl::Status AddOurs(const StoredReferral& stored, Tx& tx, v1::GetHistoryResponse& response) {
  WS_ASSIGN_OR_RETURN(CaseTable::Rows children,
                      CaseTable(tx.db()).Forwarding(stored.referral().referral_id()));
  for (const auto& [position, child] : children) {
    const std::string& id = child.referral().referral_id();
    WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(id));
    v1::OnwardReferral& onward = *response.add_onward();
    onward.set_referral_id(id);
    onward.set_answered(view.state == types::v1::REFERRAL_STATE_ANSWERED);
    AddBelow(child.referral(), response);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status FillHistory(const Procedures& procedures, const agency::Officer& officer,
                         const StoredReferral& stored, Tx& tx, v1::GetHistoryResponse& response) {
  if (stored.referral().role() == v1::ROLE_TARGET) {
    WS_RETURN_IF_ERROR(AddOurs(stored, tx, response));
  } else {
    AddBelow(stored.referral(), response);
  }
  WS_ASSIGN_OR_RETURN(bool sees, SeesContent(procedures, officer, stored.referral(), tx));
  if (!sees) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(auto glasses, CaseTable(tx.db()).Glasses(stored.referral().referral_id()));
  response.mutable_broken_glass()->Assign(glasses.begin(), glasses.end());
  return absl::OkStatus();
}

}  // namespace waystation::casework
