#include "common/agency/custody.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/agency/referral_rows.h"
#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

constexpr std::string_view kRefusalColumn = "outbox.refusal";

struct Kept {
  int64_t position = 0;
  std::string message_id;
  std::string receipt;  // Serialized SignedReceipt.
};

bus::v1::SignedMessage Parse(const std::string& bytes) {
  bus::v1::SignedMessage message;
  WS_CHECK(message.ParseFromString(bytes));
  return message;
}

// Kept messages; one that was given up is the bus's no more.
absl::StatusOr<std::vector<Kept>> ReadKept(Store& store, std::string_view rest,
                                           const std::vector<Value>& values) {
  std::vector<Kept> kept;
  const std::string sql =
      absl::StrCat("SELECT position, message_id, receipt FROM outbox WHERE state = 1 ",
                   "AND refusal_reason IS NULL ", Absl(rest));
  auto add = [&](const Row& row) {
    kept.push_back({row.Int(0), row.Bytes(1), row.Bytes(2)});
    return absl::OkStatus();
  };
  WS_RETURN_IF_ERROR(store.Read([&](Transaction& db) { return db.Query(sql, values, add); }));
  return kept;
}

absl::StatusOr<std::vector<Kept>> KeptLast(Store& store) {
  return ReadKept(store, "ORDER BY kept_sequence DESC LIMIT 1", {});
}

absl::StatusOr<std::vector<Kept>> KeptBehind(Store& store, int64_t position) {
  return ReadKept(store, "AND position > ? ORDER BY position LIMIT ?",
                  {position, static_cast<int64_t>(kOutcomesAskedMax)});
}

bool IsSame(const std::string& ours, const bus::v1::SignedReceipt& theirs) {
  bus::v1::SignedReceipt receipt;
  return receipt.ParseFromString(ours) && receipt.receipt() == theirs.receipt();
}

absl::Status AddGone(Bus& bus, const std::vector<Kept>& kept, absl::Duration timeout,
                     std::vector<std::string>* gone) {
  std::vector<std::string> ids;
  for (const Kept& one : kept) ids.push_back(one.message_id);
  using Found = std::map<std::string, bus::v1::SignedReceipt>;
  WS_ASSIGN_OR_RETURN(const Found found, bus.CustodyOnRecord(ids, timeout));
  for (const Kept& one : kept) {
    const auto there = found.find(one.message_id);
    if (there == found.end() || !IsSame(one.receipt, there->second)) {
      gone->push_back(one.message_id);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> IsLinked(Transaction& db, std::string_view message_id) {
  bool linked = false;
  WS_RETURN_IF_ERROR(db.Query("SELECT message FROM outbox WHERE message_id = ?", {message_id},
                              [&](const Row& row) {
                                const bus::v1::SignedMessage message = Parse(row.Bytes(0));
                                linked = message.has_parent() || message.has_replaces();
                                return absl::OkStatus();
                              }));
  return linked;
}

absl::Status MarkAgain(Transaction& db, std::string_view message_id) {
  WS_ASSIGN_OR_RETURN(const bool linked, IsLinked(db, message_id));
  return db
      .Exec(
          "UPDATE outbox SET state = 0, again = ?, former_receipt = coalesce(former_receipt, "
          "receipt), receipt = NULL WHERE message_id = ? AND state = 1",
          {int64_t{linked ? 2 : 1}, message_id})
      .status();
}

}  // namespace

absl::StatusOr<uint64_t> SendAgainWhatIsGone(Store& store, Bus& bus, absl::Duration timeout) {
  std::vector<std::string> gone;
  WS_ASSIGN_OR_RETURN(std::vector<Kept> kept, KeptLast(store));
  if (!kept.empty()) WS_RETURN_IF_ERROR(AddGone(bus, kept, timeout, &gone));
  if (gone.empty()) return 0;
  gone.clear();
  int64_t position = 0;
  while (true) {
    WS_ASSIGN_OR_RETURN(kept, KeptBehind(store, position));
    if (kept.empty()) break;
    position = kept.back().position;
    WS_RETURN_IF_ERROR(AddGone(bus, kept, timeout, &gone));
  }
  auto mark = [&](Transaction& db) -> absl::Status {
    for (const std::string& message_id : gone) WS_RETURN_IF_ERROR(MarkAgain(db, message_id));
    return absl::OkStatus();
  };
  const absl::Status marked = store.Write(mark);
  if (!marked.ok()) return marked;
  return gone.size();
}

absl::Status GiveUpAgain(Transaction& db, std::string_view message_id,
                         const absl::Status& refusal) {
  WS_ASSIGN_OR_RETURN(std::string text, db.Seal(kRefusalColumn, message_id, refusal.ToString()));
  return db
      .Exec(
          "UPDATE outbox SET state = 1, again = 0, receipt = former_receipt, refusal_reason = ?, "
          "refusal = ? WHERE message_id = ?",
          {ReasonOf(refusal), Blob{text}, message_id})
      .status();
}

bool IsOutOfStep(const absl::Status& refusal) {
  constexpr std::array<std::string_view, 5> kReasons = {
      "UNKNOWN_REFERRAL", "STALE_VERSION", "ILLEGAL_TRANSITION", "SCOPE_VERSION", "LINK_INVALID"};
  const std::string reason = ReasonOf(refusal);
  return std::find(kReasons.begin(), kReasons.end(), reason) != kReasons.end();
}

absl::StatusOr<bool> IsBehind(Transaction& db, std::string_view referral_id,
                              const absl::StatusOr<bus::v1::Referral>& ledger) {
  absl::StatusOr<ReferralRow> row = GetReferral(db, referral_id);
  if (absl::IsNotFound(row.status())) return false;
  WS_RETURN_IF_ERROR(row.status());
  // That the bus cannot be asked says nothing against waiting.
  if (!ledger.ok() && !absl::IsNotFound(ledger.status())) return true;
  return row->bus.version > (ledger.ok() ? ledger->version() : 0);
}

std::string DecidingReferral(const OutboxRow& row) {
  const bus::v1::SignedMessage message = Parse(row.message);
  if (message.has_parent()) return message.parent().referral_id();
  if (message.has_replaces()) return message.replaces().referral_id();
  return row.referral_id;
}

}  // namespace waystation::agency
