#include "services/audit/audit_store.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/agency/schema.h"
#include "common/crypto/sha256.h"
#include "common/status/status.h"
#include "services/audit/finding_rows.h"

namespace waystation::audit {
namespace {

using agency::Blob;
using agency::Row;
using agency::Transaction;

constexpr std::string_view kFoldColumn = "fold.row";
constexpr std::string_view kEventColumn = "event.sealed";
constexpr std::string_view kProcedureColumn = "procedure.sealed";
// So long refused steps are nobody's fault while messages are missing. An agency that
// brings back none must not switch the rule off for good.
constexpr int64_t kRepairMaxUs = int64_t{86'400} * 1'000'000;
constexpr int64_t kLevels = 8;  // Of tiles: 256 to the 8th power is every leaf there can be.

const agency::Schema& AuditSchema() {
  static const auto& schema = *new agency::Schema{
      "audit",
      {"CREATE TABLE followed(id INTEGER PRIMARY KEY CHECK(id = 1), sequence INTEGER NOT NULL, "
       "time_us INTEGER NOT NULL, record_sha256 BLOB NOT NULL, genesis BLOB NOT NULL);"
       "CREATE TABLE fold(kind INTEGER NOT NULL, key BLOB NOT NULL, row BLOB NOT NULL, "
       "PRIMARY KEY(kind, key)) WITHOUT ROWID;"
       "CREATE TABLE log_place(id INTEGER PRIMARY KEY CHECK(id = 1), "
       "next_sequence INTEGER NOT NULL, time_us INTEGER NOT NULL, signed_size INTEGER NOT NULL);"
       "CREATE TABLE log_edge(level INTEGER PRIMARY KEY, hashes BLOB NOT NULL);"
       "CREATE TABLE log_leaf(log_index INTEGER PRIMARY KEY, hash BLOB NOT NULL);"
       "CREATE TABLE message(id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, "
       "source TEXT NOT NULL, recipients TEXT NOT NULL, referral_id BLOB NOT NULL) WITHOUT ROWID;"
       "CREATE TABLE signed(certificate BLOB NOT NULL, sequence INTEGER NOT NULL, "
       "PRIMARY KEY(certificate, sequence)) WITHOUT ROWID;",
       "CREATE TABLE event(position INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL, "
       "sender TEXT NOT NULL, time_us INTEGER NOT NULL, place INTEGER NOT NULL, "
       "sealed BLOB NOT NULL);"
       "CREATE TABLE procedure(position INTEGER PRIMARY KEY AUTOINCREMENT, "
       "referral_id BLOB NOT NULL UNIQUE, sealed BLOB NOT NULL);",
       kRestoredSchema}};
  return schema;
}

absl::Status KeepFollowed(Transaction& tx, const Followed& followed) {
  return tx
      .Exec(
          "INSERT INTO followed(id, sequence, time_us, record_sha256, genesis) "
          "VALUES(1, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET sequence = excluded.sequence, "
          "time_us = excluded.time_us, record_sha256 = excluded.record_sha256",
          {static_cast<int64_t>(followed.sequence), followed.time_us, Blob{followed.record_sha256},
           Blob{followed.genesis}})
      .status();
}

absl::Status KeepRow(Transaction& tx, const RowChange& row) {
  const auto kind = static_cast<int64_t>(row.kind);
  if (!row.bytes.has_value()) {
    return tx.Exec("DELETE FROM fold WHERE kind = ? AND key = ?", {kind, Blob{row.key}}).status();
  }
  std::string bytes = *row.bytes;
  if (IsSealed(row.kind)) {
    WS_ASSIGN_OR_RETURN(bytes, tx.Seal(kFoldColumn, row.key, *row.bytes));
  }
  return tx
      .Exec(
          "INSERT INTO fold(kind, key, row) VALUES(?, ?, ?) "
          "ON CONFLICT(kind, key) DO UPDATE SET row = excluded.row",
          {kind, Blob{row.key}, Blob{bytes}})
      .status();
}

// Identities have no line feed.
absl::Status KeepMessage(Transaction& tx, const std::string& id, const KnownMessage& message) {
  std::string recipients;
  for (const std::string& one : message.recipients) absl::StrAppend(&recipients, one, "\n");
  return tx
      .Exec(
          "INSERT OR IGNORE INTO message(id, sequence, source, recipients, referral_id) "
          "VALUES(?, ?, ?, ?, ?)",
          {std::string_view(id), static_cast<int64_t>(message.sequence),
           std::string_view(message.source), std::string_view(recipients),
           Blob{message.referral_id}})
      .status();
}

// What was said first stands: a referral does not change what it is for.
absl::Status KeepProcedure(Transaction& tx, const ReferralProcedure& one) {
  WS_ASSIGN_OR_RETURN(std::string sealed,
                      tx.Seal(kProcedureColumn, one.referral_id, one.procedure));
  return tx
      .Exec("INSERT OR IGNORE INTO procedure(referral_id, sealed) VALUES(?, ?)",
            {Blob{one.referral_id}, Blob{sealed}})
      .status();
}

// Leaves that a checkpoint covers are in the edge and no longer kept one by one.
absl::Status KeepLog(Transaction& tx, const LogChange& log) {
  for (size_t i = 0; i < log.leaves.size(); ++i) {
    WS_RETURN_IF_ERROR(
        tx.Exec("INSERT INTO log_leaf(log_index, hash) VALUES(?, ?)",
                {static_cast<int64_t>(log.first_leaf + i), Blob{crypto::AsBytes(log.leaves[i])}})
            .status());
  }
  const auto signed_size = static_cast<int64_t>(log.signed_size);
  if (log.edge.has_value()) {
    WS_RETURN_IF_ERROR(tx.Exec("DELETE FROM log_leaf WHERE log_index < ?", {signed_size}).status());
    for (size_t level = 0; level < log.edge->size(); ++level) {
      WS_RETURN_IF_ERROR(tx.Exec("INSERT INTO log_edge(level, hashes) VALUES(?, ?) "
                                 "ON CONFLICT(level) DO UPDATE SET hashes = excluded.hashes",
                                 {static_cast<int64_t>(level), Blob{(*log.edge)[level]}})
                             .status());
    }
  }
  return tx
      .Exec(
          "INSERT INTO log_place(id, next_sequence, time_us, signed_size, stage) "
          "VALUES(1, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET "
          "next_sequence = excluded.next_sequence, time_us = excluded.time_us, "
          "signed_size = excluded.signed_size, stage = excluded.stage",
          {static_cast<int64_t>(log.next_sequence), log.time_us, signed_size,
           static_cast<int64_t>(log.stage)})
      .status();
}

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditStore>> AuditStore::Open(agency::Store::Options options,
                                                             Rules rules) {
  WS_ASSIGN_OR_RETURN(std::unique_ptr<agency::Store> store,
                      agency::Store::Open(std::move(options), {agency::RuntimeSchema(),
                                                               AuditSchema(), FindingSchema()}));
  return std::unique_ptr<AuditStore>(new AuditStore(std::move(store), std::move(rules)));
}

absl::StatusOr<LogTaken> AuditStore::TakeUpLog(std::string_view origin) {
  WS_RETURN_IF_ERROR(store_->Write([&](Transaction& tx) -> absl::Status {
    WS_ASSIGN_OR_RETURN(taken_, audit::TakeUpLog(tx, origin));
    return absl::OkStatus();
  }));
  seeks_lost_ = taken_.catching_up || taken_.lost != 0;
  return taken_;
}

bool AuditStore::IsIncomplete(int64_t time_us) const {
  if (taken_.begun_us == 0 || time_us >= taken_.begun_us + kRepairMaxUs) return false;
  if (seeks_lost_) return true;
  // Refusals come on the record a little later, and those before count with them.
  return time_us < taken_.whole_us + rules_.WithinUs(Rule::kMismatchedStep);
}

absl::StatusOr<Followed> AuditStore::LoadFollowed() {
  Followed followed;
  WS_RETURN_IF_ERROR(store_->Read([&](Transaction& tx) {
    return tx.Query(
        "SELECT sequence, time_us, record_sha256, genesis FROM followed", {}, [&](const Row& row) {
          followed = {static_cast<uint64_t>(row.Int(0)), row.Int(1), row.Bytes(2), row.Bytes(3)};
          return absl::OkStatus();
        });
  }));
  return followed;
}

absl::Status AuditStore::LoadFold(AuditFold* fold) {
  return store_->Read([&](Transaction& tx) {
    return tx.Query("SELECT kind, key, row FROM fold", {}, [&](const Row& row) -> absl::Status {
      RowChange stored{static_cast<RowKind>(row.Int(0)), row.Bytes(1), row.Bytes(2)};
      if (IsSealed(stored.kind)) {
        WS_ASSIGN_OR_RETURN(stored.bytes, tx.Open(kFoldColumn, stored.key, *stored.bytes));
      }
      return fold->Restore(stored);
    });
  });
}

absl::StatusOr<LogPlace> AuditStore::LoadLog() {
  LogPlace place;
  place.edge.resize(kLevels);
  uint64_t next_leaf = 0;
  auto read = [&](Transaction& tx) -> absl::Status {
    WS_RETURN_IF_ERROR(tx.Query("SELECT next_sequence, time_us, signed_size, stage FROM log_place",
                                {}, [&](const Row& row) {
                                  place.next_sequence = static_cast<uint64_t>(row.Int(0));
                                  place.time_us = row.Int(1);
                                  place.signed_size = next_leaf = static_cast<uint64_t>(row.Int(2));
                                  place.stage = static_cast<LogStage>(row.Int(3));
                                  return absl::OkStatus();
                                }));
    WS_RETURN_IF_ERROR(tx.Query("SELECT level, hashes FROM log_edge", {}, [&](const Row& row) {
      if (row.Int(0) < 0 || row.Int(0) >= kLevels) {
        return absl::DataLossError("audit store: the log's tree has no such level");
      }
      place.edge[static_cast<size_t>(row.Int(0))] = row.Bytes(1);
      return absl::OkStatus();
    }));
    return tx.Query("SELECT log_index, hash FROM log_leaf ORDER BY log_index", {},
                    [&](const Row& row) {
                      if (static_cast<uint64_t>(row.Int(0)) != next_leaf++) {
                        return absl::DataLossError("audit store: the log's leaves have a gap");
                      }
                      place.unsigned_leaves.append(row.Bytes(1));
                      return absl::OkStatus();
                    });
  };
  WS_RETURN_IF_ERROR(store_->Read(read));
  return place;
}

absl::Status AuditStore::Keep(const Block& block) {
  WS_RETURN_IF_ERROR(store_->Write([&](Transaction& tx) { return KeepBlock(tx, block); }));
  if (!block.fold.findings.empty()) news_ = true;
  return absl::OkStatus();
}

absl::Status AuditStore::KeepBlock(Transaction& tx, const Block& block) {
  if (block.followed.has_value()) WS_RETURN_IF_ERROR(KeepFollowed(tx, *block.followed));
  for (const auto& [id, message] : block.messages) {
    WS_RETURN_IF_ERROR(KeepMessage(tx, id, message));
  }
  for (const auto& [certificate, sequence] : block.signatures) {
    WS_RETURN_IF_ERROR(tx.Exec("INSERT OR IGNORE INTO signed(certificate, sequence) VALUES(?, ?)",
                               {Blob{certificate}, static_cast<int64_t>(sequence)})
                           .status());
  }
  for (const ReferralProcedure& one : block.procedures) {
    WS_RETURN_IF_ERROR(KeepProcedure(tx, one));
  }
  if (block.events_taken != 0) {
    WS_RETURN_IF_ERROR(
        tx.Exec("DELETE FROM event WHERE position <= ?", {block.events_taken}).status());
  }
  for (const RowChange& row : block.fold.rows) WS_RETURN_IF_ERROR(KeepRow(tx, row));
  WS_RETURN_IF_ERROR(KeepFindings(tx, block.fold.findings));
  if (seeks_lost_) WS_RETURN_IF_ERROR(KeepRestored(tx, block));
  return block.log.has_value() ? KeepLog(tx, *block.log) : absl::OkStatus();
}

absl::Status AuditStore::KeepRestored(Transaction& tx, const Block& block) {
  const int64_t time_us = block.followed.has_value() ? block.followed->time_us : 0;
  WS_ASSIGN_OR_RETURN(const std::vector<std::string> problems,
                      FindAgain(tx, block.messages, taken_.catching_up));
  std::vector<FindingChange> changes;
  for (const std::string& problem : problems) {
    changes.push_back(
        {.rule = Rule::kLogInconsistent, .subject = "log", .time_us = time_us, .detail = problem});
  }
  if (block.log_begun != 0) {
    WS_RETURN_IF_ERROR(MarkBegun(tx, time_us));
    taken_.catching_up = false;
    taken_.begun_us = time_us;
  }
  if (!taken_.catching_up && block.followed.has_value()) {
    WS_ASSIGN_OR_RETURN(std::vector<FindingChange> lost, JudgeLost(tx, block.log_begun, time_us));
    std::move(lost.begin(), lost.end(), std::back_inserter(changes));
    WS_ASSIGN_OR_RETURN(taken_.lost, CountLost(tx));
    seeks_lost_ = taken_.lost != 0;
    if (!seeks_lost_) taken_.whole_us = time_us;
  }
  // An error ends the process, so it is no news of what was not kept.
  if (!changes.empty()) news_ = true;
  return KeepFindings(tx, changes);
}

absl::Status AuditStore::KeepFindings(Transaction& tx, const std::vector<FindingChange>& changes) {
  for (const FindingChange& change : changes) {
    WS_ASSIGN_OR_RETURN(v1::Finding finding,
                        LoadFinding(tx, FindingId(change.rule, change.subject)));
    if (ApplyChange(rules_, change, &finding)) WS_RETURN_IF_ERROR(SaveFinding(tx, &finding));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<KnownMessage>> AuditStore::FindMessage(const std::string& message_id) {
  std::optional<KnownMessage> found;
  WS_RETURN_IF_ERROR(store_->Read([&](Transaction& tx) {
    return tx.Query("SELECT sequence, source, recipients, referral_id FROM message WHERE id = ?",
                    {std::string_view(message_id)}, [&](const Row& row) {
                      found = KnownMessage{static_cast<uint64_t>(row.Int(0)), row.Bytes(1),
                                           Lines(row.Bytes(2)), row.Bytes(3)};
                      return absl::OkStatus();
                    });
  }));
  return found;
}

absl::StatusOr<std::pair<std::vector<uint64_t>, uint64_t>> AuditStore::SignedBy(
    std::string_view certificate_sha256) {
  std::pair<std::vector<uint64_t>, uint64_t> found;
  auto read = [&](Transaction& tx) -> absl::Status {
    WS_RETURN_IF_ERROR(tx.Query("SELECT count(*) FROM signed WHERE certificate = ?",
                                {Blob{certificate_sha256}}, [&](const Row& row) {
                                  found.second = static_cast<uint64_t>(row.Int(0));
                                  return absl::OkStatus();
                                }));
    return tx.Query("SELECT sequence FROM signed WHERE certificate = ? ORDER BY sequence LIMIT ?",
                    {Blob{certificate_sha256}, static_cast<int64_t>(kSequencesMax)},
                    [&](const Row& row) {
                      found.first.push_back(static_cast<uint64_t>(row.Int(0)));
                      return absl::OkStatus();
                    });
  };
  WS_RETURN_IF_ERROR(store_->Read(read));
  return found;
}

absl::Status AuditStore::AddEvent(Transaction& tx, const std::string& message_id,
                                  const v1::ComplianceEvent& event, const EventPlace& place) {
  WS_ASSIGN_OR_RETURN(std::string sealed,
                      tx.Seal(kEventColumn, message_id, event.SerializeAsString()));
  return tx
      .Exec("INSERT INTO event(message_id, sender, time_us, place, sealed) VALUES(?, ?, ?, ?, ?)",
            {std::string_view(message_id), std::string_view(place.sender), place.time_us,
             static_cast<int64_t>(place.place), Blob{sealed}})
      .status();
}

absl::StatusOr<std::vector<WaitingEvent>> AuditStore::WaitingEvents(int limit) {
  std::vector<WaitingEvent> waiting;
  bool gap = false;
  auto read = [&](Transaction& tx) {
    return tx.Query(
        "SELECT e.position, e.message_id, e.sender, e.time_us, e.sealed, m.sequence, e.place "
        "FROM event e LEFT JOIN message m ON m.id = e.message_id ORDER BY e.position LIMIT ?",
        {int64_t{limit}}, [&](const Row& row) -> absl::Status {
          gap = gap || row.IsNull(5);
          if (gap) return absl::OkStatus();
          WS_ASSIGN_OR_RETURN(std::string bytes, tx.Open(kEventColumn, row.Bytes(1), row.Bytes(4)));
          WaitingEvent& one = waiting.emplace_back();
          one.position = row.Int(0);
          one.place = {row.Bytes(2), static_cast<uint64_t>(row.Int(5)), row.Int(3),
                       static_cast<uint64_t>(row.Int(6))};
          if (one.event.ParseFromString(bytes)) return absl::OkStatus();
          return absl::DataLossError(
              Problem("audit store", "an event does not parse", Quoted(row.Bytes(1)), ""));
        });
  };
  WS_RETURN_IF_ERROR(store_->Read(read));
  return waiting;
}

absl::StatusOr<std::vector<ReferralProcedure>> AuditStore::ListProcedures(int64_t after,
                                                                          int limit) {
  std::vector<ReferralProcedure> found;
  auto read = [&](Transaction& tx) {
    return tx.Query(
        "SELECT position, referral_id, sealed FROM procedure WHERE position > ? "
        "ORDER BY position LIMIT ?",
        {after, int64_t{limit}}, [&](const Row& row) -> absl::Status {
          ReferralProcedure& one = found.emplace_back();
          one.position = row.Int(0);
          one.referral_id = row.Bytes(1);
          WS_ASSIGN_OR_RETURN(one.procedure,
                              tx.Open(kProcedureColumn, one.referral_id, row.Bytes(2)));
          return absl::OkStatus();
        });
  };
  WS_RETURN_IF_ERROR(store_->Read(read));
  return found;
}

absl::StatusOr<std::vector<std::pair<int64_t, v1::Finding>>> AuditStore::ListFindings(
    const FindingQuery& query) {
  std::vector<std::pair<int64_t, v1::Finding>> found;
  WS_RETURN_IF_ERROR(store_->Read([&](Transaction& tx) -> absl::Status {
    WS_ASSIGN_OR_RETURN(found, QueryFindings(tx, query));
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<v1::Finding> AuditStore::GetFinding(const std::string& id,
                                                   const std::string& seen_by) {
  v1::Finding finding;
  WS_RETURN_IF_ERROR(store_->Read([&](Transaction& tx) -> absl::Status {
    WS_ASSIGN_OR_RETURN(finding, LoadSeenFinding(tx, id, seen_by));
    return absl::OkStatus();
  }));
  return finding;
}

absl::StatusOr<v1::Finding> AuditStore::EditFinding(
    const std::string& id, const std::string& seen_by,
    const std::function<absl::Status(v1::Finding*)>& edit) {
  v1::Finding finding;
  auto change = [&](Transaction& tx) -> absl::Status {
    WS_ASSIGN_OR_RETURN(finding, LoadSeenFinding(tx, id, seen_by));
    const std::string before = finding.SerializeAsString();
    WS_RETURN_IF_ERROR(edit(&finding));
    // A retry that finds its effect there changes nothing, and nobody is told.
    if (finding.SerializeAsString() == before) return absl::OkStatus();
    return SaveFinding(tx, &finding);
  };
  WS_RETURN_IF_ERROR(store_->Write(change));
  news_ = true;
  return finding;
}

absl::StatusOr<uint64_t> AuditStore::CountOpen() {
  uint64_t count = 0;
  WS_RETURN_IF_ERROR(store_->Read([&](Transaction& tx) {
    return tx.Query("SELECT count(*) FROM finding WHERE open = 1", {}, [&](const Row& row) {
      count = static_cast<uint64_t>(row.Int(0));
      return absl::OkStatus();
    });
  }));
  return count;
}

}  // namespace waystation::audit
