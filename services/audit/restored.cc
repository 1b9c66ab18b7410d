#include "services/audit/restored.h"

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

using agency::Row;
using agency::Transaction;

constexpr int64_t kNamedMax = 5;

// One finding, however often the record goes back.
constexpr std::string_view kSubject = "record";

struct Taken {
  std::string origin;
  bool begun = false;
  LogTaken rest{};
};

absl::StatusOr<std::optional<Taken>> ReadTaken(Transaction& tx) {
  std::optional<Taken> taken;
  auto add = [&](const Row& row) {
    taken.emplace();
    taken->origin = row.Bytes(0);
    taken->begun = row.Int(1) != 0;
    taken->rest.former_genesis = row.Bytes(2);
    taken->rest.former_sequence = static_cast<uint64_t>(row.Int(3));
    taken->rest.begun_us = row.Int(4);
    taken->rest.whole_us = row.Int(5);
    return absl::OkStatus();
  };
  WS_RETURN_IF_ERROR(
      tx.Query("SELECT origin, begun, former_genesis, former_sequence, begun_us, whole_us "
               "FROM log_taken WHERE id = 1",
               {}, add));
  return taken;
}

absl::Status TakeFirst(Transaction& tx, std::string_view origin) {
  return tx
      .Exec(
          "INSERT INTO log_taken(id, origin, begun, former_genesis, former_sequence, begun_us, "
          "whole_us) VALUES(1, ?, 1, x'', 0, 0, 0)",
          {origin})
      .status();
}

// The former record is the one that was followed farthest: a restored one may be
// replaced before it was followed whole.
absl::Status TakeNext(Transaction& tx, std::string_view origin) {
  return tx
      .Exec(
          "UPDATE log_taken SET origin = ?, begun = 0, begun_us = 0, whole_us = 0, "
          "former_genesis = coalesce((SELECT genesis FROM followed), former_genesis), "
          "former_sequence = max(former_sequence, coalesce((SELECT sequence FROM followed), 0)) "
          "WHERE id = 1",
          {origin})
      .status();
}

// Of the folds those over the record; certificates keep what was told of them.
absl::Status Forget(Transaction& tx) {
  WS_RETURN_IF_ERROR(tx.Exec("INSERT OR IGNORE INTO lost_message(id, source, sequence) "
                             "SELECT id, source, sequence FROM message")
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
  begun INTEGER NOT NULL, former_genesis BLOB NOT NULL, former_sequence INTEGER NOT NULL,
  begun_us INTEGER NOT NULL, whole_us INTEGER NOT NULL);
CREATE TABLE lost_message(id TEXT PRIMARY KEY, source TEXT NOT NULL,
  sequence INTEGER NOT NULL) WITHOUT ROWID;
ALTER TABLE log_place ADD COLUMN stage INTEGER NOT NULL DEFAULT 0;
)sql";

absl::StatusOr<LogTaken> TakeUpLog(Transaction& tx, std::string_view origin) {
  WS_ASSIGN_OR_RETURN(std::optional<Taken> taken, ReadTaken(tx));
  if (!taken.has_value()) {
    // What was followed before it was written down was this log's.
    WS_RETURN_IF_ERROR(TakeFirst(tx, origin));
    return LogTaken{};
  }
  if (taken->origin != origin) {
    log::Warning("audit", "log_taken_up", {{"former", taken->origin}, {"origin", origin}});
    WS_RETURN_IF_ERROR(TakeNext(tx, origin));
    WS_RETURN_IF_ERROR(Forget(tx));
    WS_ASSIGN_OR_RETURN(taken, ReadTaken(tx));
  }
  LogTaken result = taken->rest;
  result.catching_up = !taken->begun;
  WS_ASSIGN_OR_RETURN(result.lost, CountLost(tx));
  return result;
}

absl::Status MarkBegun(Transaction& tx, int64_t time_us) {
  return tx.Exec("UPDATE log_taken SET begun = 1, begun_us = ? WHERE id = 1", {time_us}).status();
}

absl::StatusOr<std::vector<std::string>> FindAgain(
    Transaction& tx, const std::vector<std::pair<std::string, KnownMessage>>& messages,
    bool catching_up) {
  std::vector<std::string> problems;
  for (const auto& each : messages) {
    const std::string& id = each.first;
    const KnownMessage& message = each.second;
    const std::string_view key = id;
    const auto sequence = static_cast<int64_t>(message.sequence);
    auto compare = [&](const Row& row) {
      if (!catching_up || row.Int(0) == sequence) return absl::OkStatus();
      problems.push_back(absl::StrCat("message ", id, " stood at record ", row.Int(0),
                                      " when it was followed first, and now at ", sequence));
      return absl::OkStatus();
    };
    WS_RETURN_IF_ERROR(tx.Query("SELECT sequence FROM lost_message WHERE id = ?", {key}, compare));
    // By whoever sent it then: another may take its id now.
    WS_RETURN_IF_ERROR(tx.Exec("DELETE FROM lost_message WHERE id = ? AND source = ?",
                               {key, std::string_view(message.source)})
                           .status());
  }
  return problems;
}

absl::StatusOr<std::vector<FindingChange>> JudgeLost(Transaction& tx, uint64_t begun_sequence,
                                                     int64_t time_us) {
  std::vector<FindingChange> changes;
  WS_ASSIGN_OR_RETURN(const uint64_t lost, CountLost(tx));
  WS_ASSIGN_OR_RETURN(const std::optional<Taken> taken, ReadTaken(tx));
  if (!taken.has_value()) return absl::DataLossError("audit store: no log was taken up");
  FindingChange change{
      .rule = Rule::kRecordRestored, .subject = std::string(kSubject), .time_us = time_us};
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
