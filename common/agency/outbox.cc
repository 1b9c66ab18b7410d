#include "common/agency/outbox.h"

#include <array>
#include <utility>

#include "common/status/status.h"

namespace waystation::agency {
namespace {

// Memos wait for nothing, and leave room for cases.
constexpr int kMemosReadyMax = 64;
constexpr std::string_view kContentColumn = "outbox.content";
constexpr std::string_view kRefusalColumn = "outbox.refusal";

}  // namespace

absl::Status Queue(Transaction& db, const OutboxDraft& draft, absl::Time now) {
  WS_ASSIGN_OR_RETURN(std::string content,
                      db.Seal(kContentColumn, draft.message_id, draft.content));
  return db
      .Exec(
          "INSERT INTO outbox(message_id, envelope_hash, referral_id, transition, "
          "expected_version, message, content, state, after_ack_of, builds_on, queued_us, "
          "recipient, linked_to) VALUES(?,?,?,?,?,?,?,0,?,?,?,?,?)",
          {draft.message_id, Blob{draft.envelope_hash}, Blob{draft.referral_id},
           static_cast<int64_t>(draft.transition), static_cast<int64_t>(draft.expected_version),
           Blob{draft.message}, Blob{content}, draft.after_ack_of, draft.builds_on,
           absl::ToUnixMicros(now), draft.recipient, LinkValue(draft.linked_to)})
      .status();
}

namespace {

absl::Status AddOutgoing(Transaction& db, std::string_view sql, int limit,
                         std::vector<Outgoing>* out) {
  return db.Query(sql, {int64_t{limit}}, [out](const Row& row) {
    out->push_back({row.Bytes(0), row.Bytes(1)});
    return absl::OkStatus();
  });
}

}  // namespace

absl::StatusOr<std::vector<Outgoing>> NextToSend(Transaction& db, int limit) {
  std::vector<Outgoing> ready;
  // A gate whose receipt was refused stays open: the bus judges what follows.
  WS_RETURN_IF_ERROR(AddOutgoing(
      db,
      "SELECT o.message_id, o.message FROM outbox o WHERE o.again = 0 AND o.position IN "
      "(SELECT min(position) FROM outbox WHERE state = 0 AND referral_id != x'' "
      "GROUP BY referral_id) AND NOT EXISTS "
      "(SELECT 1 FROM inbox i WHERE i.message_id = o.after_ack_of AND i.ack = 0) AND NOT EXISTS "
      "(SELECT 1 FROM outbox l WHERE l.linked_to = o.referral_id AND l.state = 0 "
      "AND l.position < o.position) AND NOT EXISTS "
      "(SELECT 1 FROM outbox s WHERE s.referral_id = o.linked_to AND s.state = 0 "
      "AND s.position < o.position) "
      "ORDER BY o.position LIMIT ?",
      limit, &ready));
  WS_RETURN_IF_ERROR(
      AddOutgoing(db,
                  "SELECT message_id, message FROM outbox WHERE state = 0 AND again = 0 "
                  "AND referral_id = x'' ORDER BY position LIMIT ?",
                  kMemosReadyMax, &ready));
  return ready;
}

absl::StatusOr<std::vector<Outgoing>> NextToSendAgain(Transaction& db, int limit,
                                                      AgainCursor* cursor) {
  std::vector<Outgoing> ready;
  AgainCursor last;
  auto add = [&](const Row& row) {
    ready.push_back({row.Bytes(0), row.Bytes(1)});
    last = {row.Int(2), row.Int(3)};
    return absl::OkStatus();
  };
  WS_RETURN_IF_ERROR(
      db.Query("SELECT message_id, message, coalesce(kept_sequence, 0) AS place, position "
               "FROM outbox WHERE state = 0 AND again = 1 AND (place, position) > (?, ?) "
               "ORDER BY place, position LIMIT ?",
               {cursor->kept_sequence, cursor->position, int64_t{limit}}, add));
  const bool more = ready.size() == static_cast<size_t>(limit);
  *cursor = more ? last : AgainCursor{};
  return ready;
}

absl::StatusOr<OutboxRow> GetWaiting(Transaction& db, std::string_view message_id) {
  OutboxRow found;
  WS_RETURN_IF_ERROR(db.Query(
      "SELECT message_id, referral_id, transition, expected_version, message, content, again "
      "FROM outbox WHERE message_id = ? AND state = 0",
      {message_id}, [&](const Row& row) -> absl::Status {
        found.message_id = row.Bytes(0);
        found.referral_id = row.Bytes(1);
        found.transition = static_cast<Transition>(row.Int(2));
        found.expected_version = static_cast<uint64_t>(row.Int(3));
        found.message = row.Bytes(4);
        found.again = row.Int(6) != 0;
        WS_ASSIGN_OR_RETURN(found.content, db.Open(kContentColumn, message_id, row.Bytes(5)));
        return absl::OkStatus();
      }));
  if (!found.message_id.empty()) return found;
  return absl::NotFoundError(Problem("outbox", "no such message waits", Quoted(message_id)));
}

absl::Status MarkKept(Transaction& db, std::string_view message_id,
                      const bus::v1::SignedReceipt& receipt) {
  const std::string bytes = receipt.SerializeAsString();
  bus::v1::CustodyReceipt custody;
  Value sequence;
  if (custody.ParseFromString(receipt.receipt())) {
    sequence = static_cast<int64_t>(custody.sequence());
  }
  return db
      .Exec(
          "UPDATE outbox SET state = 1, again = 0, linked_to = NULL, receipt = ?, "
          "kept_sequence = ? "
          "WHERE message_id = ?",
          {Blob{bytes}, sequence, message_id})
      .status();
}

absl::Status MarkRefused(Transaction& db, std::string_view message_id,
                         const absl::Status& refusal) {
  WS_ASSIGN_OR_RETURN(std::string text, db.Seal(kRefusalColumn, message_id, refusal.ToString()));
  return db
      .Exec("UPDATE outbox SET state = 2, refusal_reason = ?, refusal = ? WHERE message_id = ?",
            {ReasonOf(refusal), Blob{text}, message_id})
      .status();
}

absl::StatusOr<std::vector<std::string>> BuiltOn(Transaction& db, std::string_view message_id) {
  std::vector<std::string> found;
  WS_RETURN_IF_ERROR(db.Query("SELECT message_id FROM outbox WHERE builds_on = ? AND state = 0",
                              {message_id}, [&](const Row& row) {
                                found.push_back(row.Bytes(0));
                                return absl::OkStatus();
                              }));
  return found;
}

absl::StatusOr<std::vector<OutboxEntry>> OutboxOf(Transaction& db, std::string_view referral_id) {
  constexpr std::array<std::string_view, 3> kStates = {"waiting", "kept", "refused"};
  std::vector<OutboxEntry> entries;
  WS_RETURN_IF_ERROR(
      db.Query("SELECT message_id, transition, state, refusal_reason, refusal FROM outbox "
               "WHERE referral_id = ? ORDER BY position",
               {Blob{referral_id}}, [&](const Row& row) -> absl::Status {
                 OutboxEntry entry;
                 entry.message_id = row.Bytes(0);
                 entry.transition = static_cast<Transition>(row.Int(1));
                 entry.state = std::string(kStates[static_cast<size_t>(row.Int(2))]);
                 entry.refusal_reason = row.Bytes(3);
                 if (!row.IsNull(4)) {
                   WS_ASSIGN_OR_RETURN(entry.refusal_text,
                                       db.Open(kRefusalColumn, entry.message_id, row.Bytes(4)));
                 }
                 entries.push_back(std::move(entry));
                 return absl::OkStatus();
               }));
  return entries;
}

}  // namespace waystation::agency
