#include "common/agency/findings.h"

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "common/agency/time_proto.h"
#include "common/status/status.h"
#include "waystation/audit/v1/compliance.pb.h"

namespace waystation::agency {
namespace {

constexpr size_t kFindingIdBytes = 16;
constexpr std::string_view kBytesColumn = "told_finding.bytes";

absl::StatusOr<audit::v1::Finding> Parse(const MemoMessage& memo) {
  audit::v1::FindingNotice notice;
  if (notice.ParseFromString(memo.body) &&
      notice.finding().finding_id().size() == kFindingIdBytes && notice.finding().revision() > 0) {
    return notice.finding();
  }
  return Refusal(absl::StatusCode::kInvalidArgument, "MEMO_MALFORMED",
                 Problem("memo", "no finding in it", absl::StrCat(memo.body.size(), " bytes"),
                         "a FindingNotice"));
}

}  // namespace

absl::Status TakeFinding(const MemoMessage& memo, std::string_view auditor, Transaction& db) {
  if (memo.header.source() != auditor) {
    return Refusal(absl::StatusCode::kPermissionDenied, "NOT_THE_AUDITOR",
                   Problem("memo", "findings are the auditor's alone", Quoted(memo.header.source()),
                           Quoted(auditor)));
  }
  WS_ASSIGN_OR_RETURN(audit::v1::Finding finding, Parse(memo));
  WS_ASSIGN_OR_RETURN(std::string sealed,
                      db.Seal(kBytesColumn, finding.finding_id(), finding.SerializeAsString()));
  const int64_t act_by_us = absl::ToUnixMicros(FromProtoTime(finding.act_by_time()));
  const bool open = finding.state() == audit::v1::FINDING_STATE_OPEN;
  return db
      .Exec(
          "INSERT INTO told_finding(finding_id, revision, open, act_by_us, bytes) "
          "VALUES(?, ?, ?, ?, ?) ON CONFLICT(finding_id) DO UPDATE SET "
          "revision = excluded.revision, open = excluded.open, act_by_us = excluded.act_by_us, "
          "bytes = excluded.bytes WHERE excluded.revision > told_finding.revision",
          {finding.finding_id(), static_cast<int64_t>(finding.revision()), int64_t{open}, act_by_us,
           Blob{sealed}})
      .status();
}

absl::StatusOr<std::vector<audit::v1::Finding>> OpenFindings(Transaction& db, int limit) {
  std::vector<audit::v1::Finding> findings;
  WS_RETURN_IF_ERROR(db.Query(
      "SELECT finding_id, bytes FROM told_finding WHERE open = 1 ORDER BY act_by_us, finding_id "
      "LIMIT ?",
      {int64_t{limit}}, [&](const Row& row) -> absl::Status {
        WS_ASSIGN_OR_RETURN(std::string bytes, db.Open(kBytesColumn, row.Bytes(0), row.Bytes(1)));
        if (findings.emplace_back().ParseFromString(bytes)) return absl::OkStatus();
        return absl::DataLossError(
            Problem("store", "a finding cannot be read", Quoted(row.Bytes(0)), ""));
      }));
  return findings;
}

}  // namespace waystation::agency
