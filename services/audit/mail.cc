#include "services/audit/mail.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/agency/identity_text.h"
#include "common/agency/memo.h"
#include "common/status/status.h"
#include "services/audit/audit_store.h"
#include "services/audit/finding_rows.h"
#include "services/audit/rules/compliance_event.h"
#include "waystation/audit/v1/compliance.pb.h"

namespace waystation::audit {
namespace {

constexpr size_t kFindingsAtOnce = 64;

absl::Status TellOne(const v1::Finding& finding, const std::string& auditor, agency::Tx& tx) {
  // About mail of ours: telling of it by mail would make more of it.
  const auto& parties = finding.parties();
  if (std::find(parties.begin(), parties.end(), auditor) != parties.end()) {
    return absl::OkStatus();
  }
  v1::FindingNotice notice;
  *notice.mutable_finding() = finding;
  notice.mutable_finding()->clear_responses();
  const std::string body = notice.SerializeAsString();
  for (const std::string& party : parties) {
    if (agency::AgencyOf(party).empty()) continue;
    WS_RETURN_IF_ERROR(tx.SendMemo(party, agency::kFindingMemo, body));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status EventHandler::OnCase(const agency::CaseMessage&, agency::Tx&) {
  return Refusal(absl::StatusCode::kInvalidArgument, "REFERRAL_UNKNOWN",
                 Problem("referral", "the auditor takes none"));
}

absl::Status EventHandler::OnRefused(const agency::CaseMessage&, const absl::Status&, agency::Tx&) {
  return absl::OkStatus();
}

absl::Status EventHandler::OnMemo(const agency::MemoMessage& message, agency::Tx& tx) {
  if (message.header.type() != agency::kComplianceMemo) return Handler::OnMemo(message, tx);
  v1::ComplianceEvent event;
  if (!event.ParseFromString(message.body)) {
    return Refusal(absl::StatusCode::kInvalidArgument, "MEMO_MALFORMED",
                   Problem("memo", "does not parse", absl::StrCat(message.body.size(), " bytes"),
                           "a ComplianceEvent"));
  }
  WS_RETURN_IF_ERROR(CheckEvent(event, message.header.source()));
  return AuditStore::AddEvent(
      tx.db(), message.message_id, event,
      {message.header.source(), 0, absl::ToUnixMicros(message.accept_time), message.place});
}

absl::Status TellParties(agency::Agency& auditor) {
  size_t told = 0;
  const std::string& self = auditor.identity().spiffe_id;
  const auto tell = [&](agency::Tx& tx) -> absl::Status {
    WS_ASSIGN_OR_RETURN(const std::vector<v1::Finding> news,
                        UntoldFindings(tx.db(), static_cast<int>(kFindingsAtOnce)));
    for (const v1::Finding& finding : news) {
      WS_RETURN_IF_ERROR(TellOne(finding, self, tx));
      WS_RETURN_IF_ERROR(MarkTold(tx.db(), finding));
    }
    told = news.size();
    return absl::OkStatus();
  };
  do {
    WS_RETURN_IF_ERROR(auditor.Write(tell));
  } while (told == kFindingsAtOnce);
  return absl::OkStatus();
}

}  // namespace waystation::audit
