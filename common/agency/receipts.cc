#include "common/agency/receipts.h"

#include <utility>

#include "common/status/status.h"

namespace waystation::agency {
namespace {

constexpr std::string_view kProblemColumn = "inbox.problem";

absl::Status ReadInto(Transaction& db, const Row& row, InboxRow& out) {
  out.message_id = row.Bytes(0);
  out.envelope_hash = row.Bytes(1);
  out.referral_id = row.Bytes(2);
  out.transition = static_cast<Transition>(row.Int(3));
  out.outcome = static_cast<bus::v1::DeliveryOutcome>(row.Int(4));
  out.attempt = static_cast<uint32_t>(row.Int(5));
  out.ack = static_cast<Ack>(row.Int(6));
  if (!row.IsNull(7)) {
    WS_ASSIGN_OR_RETURN(out.problem, db.Open(kProblemColumn, out.message_id, row.Bytes(7)));
  }
  out.batch_id = row.Int(8);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<InboxRow>> FindReceived(Transaction& db, std::string_view message_id) {
  std::optional<InboxRow> found;
  WS_RETURN_IF_ERROR(
      db.Query("SELECT message_id, envelope_hash, referral_id, transition, outcome, attempt, ack, "
               "problem, batch_id FROM inbox WHERE message_id = ?",
               {message_id}, [&](const Row& row) { return ReadInto(db, row, found.emplace()); }));
  return found;
}

absl::StatusOr<int64_t> AddBatch(Transaction& db, const bus::v1::ReceiptBatch& batch) {
  WS_RETURN_IF_ERROR(
      db.Exec("INSERT INTO receipt_batch(bytes) VALUES(?)", {Blob{batch.SerializeAsString()}})
          .status());
  int64_t id = 0;
  WS_RETURN_IF_ERROR(db.Query("SELECT last_insert_rowid()", {}, [&](const Row& row) {
    id = row.Int(0);
    return absl::OkStatus();
  }));
  return id;
}

absl::Status SaveReceived(Transaction& db, const InboxRow& row, absl::Time now) {
  std::string sealed;
  Value problem;
  if (!row.problem.empty()) {
    WS_ASSIGN_OR_RETURN(sealed, db.Seal(kProblemColumn, row.message_id, row.problem));
    problem = Blob{sealed};
  }
  return db
      .Exec(
          "INSERT INTO inbox(message_id, envelope_hash, referral_id, transition, outcome, attempt, "
          "ack, problem, batch_id, source, committed_us, position) "
          "VALUES(?,?,?,?,?,?,?,?,?,?,?,(SELECT coalesce(max(position), 0) + 1 FROM inbox)) "
          "ON CONFLICT(message_id) DO UPDATE SET outcome = excluded.outcome, "
          "attempt = excluded.attempt, ack = excluded.ack, batch_id = excluded.batch_id, "
          "committed_us = excluded.committed_us",
          {row.message_id, Blob{row.envelope_hash}, Blob{row.referral_id},
           static_cast<int64_t>(row.transition), static_cast<int64_t>(row.outcome),
           static_cast<int64_t>(row.attempt), static_cast<int64_t>(row.ack), problem, row.batch_id,
           row.source, absl::ToUnixMicros(now)})
      .status();
}

absl::Status SetAck(Transaction& db, std::string_view message_id, Ack ack) {
  return db
      .Exec("UPDATE inbox SET ack = ? WHERE message_id = ?",
            {static_cast<int64_t>(ack), message_id})
      .status();
}

absl::StatusOr<std::string> BatchBytes(Transaction& db, int64_t batch_id) {
  std::string bytes;
  WS_RETURN_IF_ERROR(db.Query("SELECT bytes FROM receipt_batch WHERE batch_id = ?", {batch_id},
                              [&](const Row& row) {
                                bytes = row.Bytes(0);
                                return absl::OkStatus();
                              }));
  return bytes;
}

absl::StatusOr<std::vector<ClosedGate>> ClosedGates(Transaction& db) {
  std::vector<ClosedGate> gates;
  WS_RETURN_IF_ERROR(
      db.Query("SELECT DISTINCT i.message_id, i.referral_id, i.committed_us FROM outbox o "
               "JOIN inbox i ON i.message_id = o.after_ack_of WHERE o.state = 0 AND i.ack = 0",
               {}, [&](const Row& row) {
                 gates.push_back({row.Bytes(0), row.Bytes(1), absl::FromUnixMicros(row.Int(2))});
                 return absl::OkStatus();
               }));
  return gates;
}

}  // namespace waystation::agency
