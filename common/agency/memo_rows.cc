#include "common/agency/memo_rows.h"

#include "common/status/status.h"

namespace waystation::agency {
namespace {

constexpr std::string_view kBodyColumn = "memo.body";

}  // namespace

absl::Status KeepMemo(Transaction& db, const MemoDraft& draft, absl::Time now) {
  WS_ASSIGN_OR_RETURN(std::string body, db.Seal(kBodyColumn, draft.message_id, draft.body));
  return db
      .Exec("INSERT INTO memo(message_id, recipient, type, body, made_us) VALUES(?, ?, ?, ?, ?)",
            {draft.message_id, draft.recipient, draft.type, Blob{body}, absl::ToUnixMicros(now)})
      .status();
}

absl::StatusOr<std::vector<MemoDraft>> WaitingMemos(Transaction& db, int limit) {
  std::vector<std::string> recipients;
  WS_RETURN_IF_ERROR(db.Query("SELECT DISTINCT recipient FROM memo", {}, [&](const Row& row) {
    recipients.push_back(row.Bytes(0));
    return absl::OkStatus();
  }));
  std::vector<MemoDraft> waiting;
  auto add = [&](const Row& row) -> absl::Status {
    MemoDraft& draft = waiting.emplace_back();
    draft = {row.Bytes(0), row.Bytes(1), row.Bytes(2), "", static_cast<uint64_t>(row.Int(4))};
    WS_ASSIGN_OR_RETURN(draft.body, db.Open(kBodyColumn, draft.message_id, row.Bytes(3)));
    return absl::OkStatus();
  };
  for (const std::string& recipient : recipients) {
    WS_RETURN_IF_ERROR(
        db.Query("SELECT message_id, recipient, type, body, position FROM memo "
                 "WHERE recipient = ? ORDER BY position LIMIT ?",
                 {recipient, int64_t{limit}}, add));
  }
  return waiting;
}

absl::Status DropMemo(Transaction& db, std::string_view message_id) {
  return db.Exec("DELETE FROM memo WHERE message_id = ?", {message_id}).status();
}

}  // namespace waystation::agency
