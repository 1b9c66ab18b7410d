#include "common/agency/compliance.h"

#include <string>
#include <utility>

#include "common/agency/memo.h"
#include "common/agency/time_proto.h"

namespace waystation::agency {

absl::Status Report(audit::v1::ComplianceEvent event, Tx& tx) {
  *event.mutable_time() = ToProtoTime(tx.now());
  return tx.SendMemo("auditor", kComplianceMemo, event.SerializeAsString());
}

absl::Status ReportProcedure(std::string_view referral_id, std::string_view procedure, Tx& tx) {
  if (procedure.empty()) return absl::OkStatus();
  audit::v1::ComplianceEvent event;
  event.mutable_procedure()->set_referral_id(std::string(referral_id));
  event.mutable_procedure()->set_procedure(std::string(procedure));
  return Report(std::move(event), tx);
}

}  // namespace waystation::agency
