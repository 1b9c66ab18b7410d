#include "common/agency/custody.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "common/agency/handoff.h"
#include "common/agency/referral_rows.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

constexpr std::string_view kRefusalColumn = "outbox.refusal";
constexpr std::string_view kUnknown = "UNKNOWN_REFERRAL";
// The broker reads a block for each.
constexpr int64_t kStepMessages = 64;

struct Kept {
  int64_t position = 0;
  std::string message_id;
  std::string receipt;  // Serialized SignedReceipt.
};

// For which log of the bus all was looked for, and how far the look under way is.
struct Looked {
  std::string log_origin;
  std::optional<int64_t> position;
};

bus::v1::SignedMessage Parse(const std::string& bytes) {
  bus::v1::SignedMessage message;
  WS_CHECK(message.ParseFromString(bytes));
  return message;
}

// The referral that a request is linked to; empty: none.
std::string LinkOf(const std::string& bytes) {
  const bus::v1::SignedMessage message = Parse(bytes);
  if (message.has_parent()) return message.parent().referral_id();
  return message.has_replaces() ? message.replaces().referral_id() : "";
}

absl::StatusOr<std::optional<Looked>> ReadLooked(Transaction& db) {
  std::optional<Looked> looked;
  WS_RETURN_IF_ERROR(
      db.Query("SELECT log_origin, looked_at FROM custody WHERE id = 1", {}, [&](const Row& row) {
        looked = Looked{row.Bytes(0), std::nullopt};
        if (!row.IsNull(1)) looked->position = row.Int(1);
        return absl::OkStatus();
      }));
  return looked;
}

absl::Status SaveLooked(Transaction& db, const Looked& looked) {
  Value position;
  if (looked.position.has_value()) position = *looked.position;
  return db
      .Exec(
          "INSERT INTO custody(id, log_origin, looked_at) VALUES(1, ?, ?) "
          "ON CONFLICT(id) DO UPDATE SET log_origin = excluded.log_origin, "
          "looked_at = excluded.looked_at",
          {looked.log_origin, position})
      .status();
}

// Kept messages; one that was given up is the bus's no more.
absl::StatusOr<std::vector<Kept>> ReadKept(Transaction& db, std::string_view rest,
                                           const std::vector<Value>& values) {
  std::vector<Kept> kept;
  const std::string sql =
      absl::StrCat("SELECT position, message_id, receipt FROM outbox WHERE state = 1 ",
                   "AND refusal_reason IS NULL ", Absl(rest));
  WS_RETURN_IF_ERROR(db.Query(sql, values, [&](const Row& row) {
    kept.push_back({row.Int(0), row.Bytes(1), row.Bytes(2)});
    return absl::OkStatus();
  }));
  return kept;
}

bool IsSame(const std::string& ours, const bus::v1::SignedReceipt& theirs) {
  bus::v1::SignedReceipt receipt;
  return receipt.ParseFromString(ours) && receipt.receipt() == theirs.receipt();
}

std::vector<std::string> GoneOf(const std::vector<Kept>& kept, const CustodyFound& found) {
  std::vector<std::string> gone;
  for (const Kept& one : kept) {
    const auto there = found.receipts.find(one.message_id);
    if (there == found.receipts.end() || !IsSame(one.receipt, there->second)) {
      gone.push_back(one.message_id);
    }
  }
  return gone;
}

absl::StatusOr<CustodyFound> Ask(Bus& bus, const std::vector<Kept>& kept, absl::Duration timeout) {
  std::vector<std::string> ids;
  ids.reserve(kept.size());
  for (const Kept& one : kept) ids.push_back(one.message_id);
  return bus.CustodyOnRecord(ids, timeout);
}

absl::Status MarkAgain(Transaction& db, std::string_view message_id) {
  std::string link;
  WS_RETURN_IF_ERROR(db.Query("SELECT message FROM outbox WHERE message_id = ?", {message_id},
                              [&](const Row& row) {
                                link = LinkOf(row.Bytes(0));
                                return absl::OkStatus();
                              }));
  return db
      .Exec(
          "UPDATE outbox SET state = 0, again = 1, linked_to = ?, former_receipt = "
          "coalesce(former_receipt, receipt), receipt = NULL WHERE message_id = ? AND state = 1",
          {LinkValue(link), message_id})
      .status();
}

// Whether there is reason to ask for everything; then the look begins.
absl::StatusOr<bool> BeginLook(Store& store, Bus& bus, const std::optional<Looked>& looked,
                               absl::Duration timeout) {
  std::vector<Kept> newest;
  const absl::Status read = store.Read([&](Transaction& db) -> absl::Status {
    WS_ASSIGN_OR_RETURN(newest, ReadKept(db, "ORDER BY kept_sequence DESC LIMIT 1", {}));
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  if (newest.empty()) return false;
  WS_ASSIGN_OR_RETURN(const CustodyFound found, Ask(bus, newest, timeout));
  const bool same_log = looked.has_value() && looked->log_origin == found.log_origin;
  if (same_log && GoneOf(newest, found).empty()) return false;
  const absl::Status begun = store.Write([&](Transaction& db) {
    return SaveLooked(db, {found.log_origin, int64_t{0}});
  });
  if (!begun.ok()) return begun;
  return true;
}

absl::StatusOr<CustodyLook> ContinueLook(Store& store, Bus& bus, const Looked& looked,
                                         absl::Duration timeout) {
  std::vector<Kept> kept;
  const absl::Status read = store.Read([&](Transaction& db) -> absl::Status {
    WS_ASSIGN_OR_RETURN(kept, ReadKept(db, "AND position > ? ORDER BY position LIMIT ?",
                                       {*looked.position, kStepMessages}));
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  Looked next{looked.log_origin, std::nullopt};
  std::vector<std::string> gone;
  if (!kept.empty()) {
    WS_ASSIGN_OR_RETURN(const CustodyFound found, Ask(bus, kept, timeout));
    gone = GoneOf(kept, found);
    // Once more another log: what was found before says nothing of it.
    const bool same_log = found.log_origin == looked.log_origin;
    next = {found.log_origin, same_log ? kept.back().position : 0};
  }
  const absl::Status written = store.Write([&](Transaction& db) -> absl::Status {
    for (const std::string& message_id : gone) WS_RETURN_IF_ERROR(MarkAgain(db, message_id));
    return SaveLooked(db, next);
  });
  if (!written.ok()) return written;
  return CustodyLook{gone.size(), !next.position.has_value()};
}

bool IsOutOfStep(const absl::Status& refusal) {
  constexpr std::array<std::string_view, 5> kReasons = {
      "UNKNOWN_REFERRAL", "STALE_VERSION", "ILLEGAL_TRANSITION", "SCOPE_VERSION", "LINK_INVALID"};
  return std::find(kReasons.begin(), kReasons.end(), ReasonOf(refusal)) != kReasons.end();
}

absl::Status ShowOnReferral(Transaction& db, const OutboxRow& given_up,
                            const absl::Status& refusal) {
  WS_ASSIGN_OR_RETURN(ReferralRow row, GetReferral(db, given_up.referral_id));
  row.attention = true;
  row.detail.set_problem(absl::StrCat("the bus has lost \"", Absl(StepName(given_up.transition)),
                                      "\" and cannot take it again: ", refusal.message()));
  return SaveReferral(db, row);
}

}  // namespace

absl::StatusOr<CustodyLook> LookAfterCustody(Store& store, Bus& bus, absl::Duration timeout) {
  std::optional<Looked> looked;
  const absl::Status read = store.Read([&](Transaction& db) -> absl::Status {
    WS_ASSIGN_OR_RETURN(looked, ReadLooked(db));
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  if (looked.has_value() && looked->position.has_value()) {
    return ContinueLook(store, bus, *looked, timeout);
  }
  WS_ASSIGN_OR_RETURN(const bool begun, BeginLook(store, bus, looked, timeout));
  return CustodyLook{0, !begun};
}

absl::Status GiveUpAgain(Transaction& db, const OutboxRow& row, const absl::Status& refusal) {
  WS_ASSIGN_OR_RETURN(std::string text,
                      db.Seal(kRefusalColumn, row.message_id, refusal.ToString()));
  constexpr std::string_view kGiveUp =
      "UPDATE outbox SET state = 1, again = 0, linked_to = NULL, receipt = former_receipt, "
      "refusal_reason = ?, refusal = ? WHERE message_id = ?";
  WS_RETURN_IF_ERROR(db.Exec(kGiveUp, {ReasonOf(refusal), Blob{text}, row.message_id}).status());
  if (IsMemo(row)) return absl::OkStatus();
  // What followed it counted on its version.
  WS_RETURN_IF_ERROR(
      db.Exec("UPDATE outbox SET state = 1, again = 0, linked_to = NULL, receipt = former_receipt, "
              "refusal_reason = 'PREDECESSOR_REFUSED' WHERE referral_id = ? AND state = 0 "
              "AND again = 1 AND position > (SELECT position FROM outbox WHERE message_id = ?)",
              {Blob{row.referral_id}, row.message_id})
          .status());
  return ShowOnReferral(db, row, refusal);
}

absl::StatusOr<bool> IsBehind(Transaction& db, const OutboxRow& row, const absl::Status& refusal,
                              const absl::StatusOr<bus::v1::Referral>& ledger) {
  if (!IsOutOfStep(refusal)) return false;
  const bool known = ledger.ok() || absl::IsNotFound(ledger.status());
  const uint64_t there = ledger.ok() ? ledger->version() : 0;
  const std::string deciding = DecidingReferral(row);
  if (deciding == row.referral_id) {
    // A first step follows nothing that could be missing.
    if (row.expected_version == 0) return false;
    // The bus may have caught up since it refused; only at the version that a step
    // wants does it judge the step itself.
    const bool judged = ReasonOf(refusal) != "STALE_VERSION" && ReasonOf(refusal) != kUnknown;
    return !known || there < row.expected_version || (there == row.expected_version && !judged);
  }
  absl::StatusOr<ReferralRow> linked = GetReferral(db, deciding);
  if (absl::IsNotFound(linked.status())) return false;
  WS_RETURN_IF_ERROR(linked.status());
  // One that was taken once is taken where what it is linked to stands as then.
  return !known || there < linked->bus.version || (row.again && there == linked->bus.version);
}

std::string DecidingReferral(const OutboxRow& row) {
  const std::string link = LinkOf(row.message);
  return link.empty() ? row.referral_id : link;
}

}  // namespace waystation::agency
