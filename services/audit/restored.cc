#include "services/audit/restored.h"

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

using agency::Row;
using agency::Transaction;

constexpr int64_t kNamedMax = 5;

struct Taken {
  std::string origin;
  bool begun = false;
  int64_t whole_us = 0;
};

absl::StatusOr<std::optional<Taken>> ReadTaken(Transaction& tx) {
  std::optional<Taken> taken;
  WS_RETURN_IF_ERROR(tx.Query("SELECT origin, begun, whole_us FROM log_taken WHERE id = 1", {},
                              [&](const Row& row) {
                                taken = Taken{row.Bytes(0), row.Int(1) != 0, row.Int(2)};
                                return absl::OkStatus();
                              }));
  return taken;
}

absl::Status SaveTaken(Transaction& tx, std::string_view origin, bool begun) {
  return tx
      .Exec(
          "INSERT INTO log_taken(id, origin, begun, whole_us) VALUES(1, ?, ?, 0) "
          "ON CONFLICT(id) DO UPDATE SET origin = excluded.origin, begun = excluded.begun, "
          "whole_us = 0",
          {origin, int64_t{begun ? 1 : 0}})
      .status();
}

// Of the folds those over the record; certificates keep what was told of them.
absl::Status Forget(Transaction& tx) {
  WS_RETURN_IF_ERROR(
      tx.Exec("INSERT OR IGNORE INTO lost_message(id, source) SELECT id, source FROM message")
          .status());
  for (const RowKind kind : {RowKind::kReferral, RowKind::kDelivery, RowKind::kRefusal,
                             RowKind::kCosigner, RowKind::kBroker}) {
    WS_RETURN_IF_ERROR(
        tx.Exec("DELETE FROM fold WHERE kind = ?", {static_cast<int64_t>(kind)}).status());
  }
  for (const char* table : {"followed", "log_place", "log_edge", "log_leaf", "message", "signed"}) {
    WS_RETURN_IF_ERROR(tx.Exec(absl::StrCat("DELETE FROM ", table)).status());
  }
  return absl::OkStatus();
}

// The senders of what is lost, and the first ids in words.
absl::Status FillLost(Transaction& tx, FindingChange* change) {
  WS_RETURN_IF_ERROR(
      tx.Query("SELECT DISTINCT source FROM lost_message ORDER BY source", {}, [&](const Row& row) {
        change->parties.push_back(row.Bytes(0));
        return absl::OkStatus();
      }));
  std::string names;
  WS_RETURN_IF_ERROR(
      tx.Query("SELECT id FROM lost_message ORDER BY id LIMIT ?", {kNamedMax}, [&](const Row& row) {
        absl::StrAppend(&names, names.empty() ? ": " : ", ", row.Bytes(0));
        return absl::OkStatus();
      }));
  change->detail.append(names);
  return absl::OkStatus();
}

}  // namespace

const std::string_view kRestoredSchema = R"sql(
CREATE TABLE log_taken(id INTEGER PRIMARY KEY CHECK(id = 1), origin TEXT NOT NULL,
  begun INTEGER NOT NULL, whole_us INTEGER NOT NULL);
CREATE TABLE lost_message(id TEXT PRIMARY KEY, source TEXT NOT NULL) WITHOUT ROWID;
ALTER TABLE log_place ADD COLUMN stage INTEGER NOT NULL DEFAULT 0;
)sql";

absl::StatusOr<LogTaken> TakeUpLog(Transaction& tx, std::string_view origin) {
  WS_ASSIGN_OR_RETURN(std::optional<Taken> taken, ReadTaken(tx));
  if (!taken.has_value()) {
    // What was followed before it was written down was this log's.
    WS_RETURN_IF_ERROR(SaveTaken(tx, origin, true));
    return LogTaken{};
  }
  if (taken->origin != origin) {
    log::Warning("audit", "log_taken_up", {{"former", taken->origin}, {"origin", origin}});
    WS_RETURN_IF_ERROR(Forget(tx));
    WS_RETURN_IF_ERROR(SaveTaken(tx, origin, false));
    taken->begun = false;
  }
  LogTaken result{.catching_up = !taken->begun, .whole_us = taken->begun ? taken->whole_us : 0};
  WS_ASSIGN_OR_RETURN(result.lost, CountLost(tx));
  return result;
}

absl::Status MarkBegun(Transaction& tx) {
  return tx.Exec("UPDATE log_taken SET begun = 1 WHERE id = 1").status();
}

absl::Status FindAgain(Transaction& tx,
                       const std::vector<std::pair<std::string, KnownMessage>>& messages) {
  for (const auto& [id, message] : messages) {
    WS_RETURN_IF_ERROR(
        tx.Exec("DELETE FROM lost_message WHERE id = ?", {std::string_view(id)}).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<FindingChange>> JudgeLost(Transaction& tx, uint64_t begun_sequence,
                                                     int64_t time_us) {
  std::vector<FindingChange> changes;
  WS_ASSIGN_OR_RETURN(const uint64_t lost, CountLost(tx));
  WS_ASSIGN_OR_RETURN(const std::optional<Taken> taken, ReadTaken(tx));
  if (!taken.has_value()) return absl::DataLossError("audit store: no log was taken up");
  FindingChange change{.rule = Rule::kRecordRestored, .subject = taken->origin, .time_us = time_us};
  if (begun_sequence != 0) {
    change.sequences = {begun_sequence};
    change.detail = absl::StrCat("log ", taken->origin, " was begun with record ", begun_sequence,
                                 " over an older copy of the record; messages that were accepted "
                                 "and are not on it: ",
                                 lost);
    WS_RETURN_IF_ERROR(FillLost(tx, &change));
    changes.push_back(change);
  }
  if (lost != 0) return changes;
  WS_RETURN_IF_ERROR(tx.Exec("UPDATE log_taken SET whole_us = ? WHERE id = 1", {time_us}).status());
  change.kind = FindingChange::Kind::kEnd;
  change.sequences.clear();
  change.detail = "ended by the record: every message that was lost is on it again";
  changes.push_back(std::move(change));
  return changes;
}

absl::StatusOr<uint64_t> CountLost(Transaction& tx) {
  uint64_t lost = 0;
  WS_RETURN_IF_ERROR(tx.Query("SELECT count(*) FROM lost_message", {}, [&](const Row& row) {
    lost = static_cast<uint64_t>(row.Int(0));
    return absl::OkStatus();
  }));
  return lost;
}

}  // namespace waystation::audit
