#include "common/agency/outcome.h"

#include <deque>
#include <utility>

#include "common/agency/custody.h"
#include "common/agency/handoff.h"
#include "common/agency/outbox.h"
#include "common/agency/referral_rows.h"
#include "common/agency/time_proto.h"
#include "common/log/log.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

bus::v1::SignedMessage ReadMessage(const OutboxRow& row) {
  bus::v1::SignedMessage message;
  WS_CHECK(message.ParseFromString(row.message));
  return message;
}

bus::v1::Header ReadHeader(const OutboxRow& row) {
  bus::v1::Header header;
  WS_CHECK(header.ParseFromString(ReadMessage(row).header()));
  return header;
}

// The journal's time, by the receipt; it was verified when it came.
absl::Time AcceptTime(const bus::v1::SignedReceipt& signed_receipt, absl::Time otherwise) {
  bus::v1::CustodyReceipt receipt;
  if (!receipt.ParseFromString(signed_receipt.receipt()) || !receipt.has_accept_time()) {
    return otherwise;
  }
  return FromProtoTime(receipt.accept_time());
}

absl::Status ApplyKept(AgencyTx& tx, const OutboxRow& sent, const bus::v1::SignedReceipt& receipt) {
  Transaction& db = tx.db();
  WS_RETURN_IF_ERROR(MarkKept(db, sent.message_id, receipt));
  // What was kept before has moved its referral then.
  if (IsMemo(sent) || sent.again) return absl::OkStatus();
  WS_ASSIGN_OR_RETURN(ReferralRow row, GetReferral(db, sent.referral_id));
  uint64_t version = sent.expected_version + 1;
  if (version < row.bus.version) return absl::OkStatus();
  absl::Time time = AcceptTime(receipt, tx.now());
  Standing next = After(row.bus.standing, sent.transition);
  row.bus = {next, version, ReadHeader(sent).referral().scope_version()};
  if (row.chain_head == sent.message_id) {
    // Nothing is queued on top: what we thought is what is.
    row.own = row.bus;
    row.chain_head.clear();
    row.since = time;
  }
  return SaveReferral(db, row);
}

absl::Status TellHandler(AgencyTx& tx, Handler& handler, const OutboxRow& lost,
                         const absl::Status& refusal) {
  CaseMessage message;
  message.message_id = lost.message_id;
  message.header = ReadHeader(lost);
  WS_CHECK(message.content.ParseFromString(lost.content));
  message.accept_time = tx.now();
  absl::Status told = tx.db().Savepoint([&] { return handler.OnRefused(message, refusal, tx); });
  if (!told.ok()) {
    log::Error("agency", "handler_failed_on_refusal",
               {{"message_id", lost.message_id}, {"reason", ReasonOf(told)}});
  }
  return absl::OkStatus();
}

absl::Status LoseOne(AgencyTx& tx, const OutboxRow& lost, const absl::Status& refusal) {
  Transaction& db = tx.db();
  WS_RETURN_IF_ERROR(MarkRefused(db, lost.message_id, refusal));
  WS_ASSIGN_OR_RETURN(ReferralRow row, GetReferral(db, lost.referral_id));
  if (row.chain_head == lost.message_id) {
    bool ack_pending = row.we_are_target && row.bus.version == 1;
    row.own = row.bus;
    if (ack_pending) row.own = {{types::v1::REFERRAL_STATE_RECEIVED}, 2, row.bus.scope};
    row.chain_head.clear();
    row.since = tx.now();
  }
  row.attention = true;
  row.detail.set_problem(absl::StrCat("the bus refused \"", Absl(StepName(lost.transition)),
                                      "\": ", refusal.message()));
  return SaveReferral(db, row);
}

absl::Status CountedOn(const std::string& message_id) {
  return Refusal(
      absl::StatusCode::kAborted, "PREDECESSOR_REFUSED",
      absl::StrCat("not sent: it counted on message ", message_id, ", which the bus refused"));
}

absl::Status ApplyRefused(AgencyTx& tx, Handler& handler, const std::string& message_id,
                          const absl::Status& refusal) {
  // First everything is marked, then the handler is told: it may queue anew.
  std::vector<std::pair<OutboxRow, absl::Status>> lost;
  std::deque<std::pair<std::string, absl::Status>> open = {{message_id, refusal}};
  while (!open.empty()) {
    auto [id, why] = std::move(open.front());
    open.pop_front();
    WS_ASSIGN_OR_RETURN(OutboxRow row, GetWaiting(tx.db(), id));
    WS_RETURN_IF_ERROR(LoseOne(tx, row, why));
    WS_ASSIGN_OR_RETURN(std::vector<std::string> next, BuiltOn(tx.db(), id));
    for (std::string& each : next) open.emplace_back(std::move(each), CountedOn(id));
    lost.emplace_back(std::move(row), why);
  }
  for (const auto& [row, why] : lost) WS_RETURN_IF_ERROR(TellHandler(tx, handler, row, why));
  return absl::OkStatus();
}

}  // namespace

bool MayBeTakenLater(const absl::Status& result) {
  if (absl::IsUnavailable(result) || absl::IsResourceExhausted(result)) return true;
  const std::string reason = ReasonOf(result);
  return reason == "CRL_MISSING" || reason == "CRL_EXPIRED";
}

absl::Status ApplyOutcome(AgencyTx& tx, Handler& handler, const PublishOutcome& outcome) {
  absl::StatusOr<OutboxRow> sent = GetWaiting(tx.db(), outcome.message_id);
  // A message that was lost with another is settled already.
  if (absl::IsNotFound(sent.status())) return absl::OkStatus();
  WS_RETURN_IF_ERROR(sent.status());
  if (outcome.result.ok()) return ApplyKept(tx, *sent, *outcome.result);
  if (MayBeTakenLater(outcome.result.status())) return absl::OkStatus();
  if (sent->again) {
    log::Error("agency", "message_lost_by_the_bus",
               {{"message_id", outcome.message_id},
                {"reason", ReasonOf(outcome.result.status())},
                {"effect", "it was taken once and is refused now"}});
    return GiveUpAgain(tx.db(), *sent, outcome.result.status());
  }
  log::Warning("agency", "message_refused",
               {{"message_id", outcome.message_id}, {"reason", ReasonOf(outcome.result.status())}});
  // Nothing counts on a memo: the next one says how things stand by then.
  if (IsMemo(*sent)) return MarkRefused(tx.db(), outcome.message_id, outcome.result.status());
  return ApplyRefused(tx, handler, outcome.message_id, outcome.result.status());
}

absl::Status ApplyLedger(Transaction& db, const bus::v1::Referral& ledger, bool also_older) {
  WS_ASSIGN_OR_RETURN(ReferralRow row, GetReferral(db, ledger.referral_id()));
  if (ledger.version() < row.bus.version && !also_older) return absl::OkStatus();
  Standing standing{ledger.state(), row.bus.standing.former};
  if (ledger.version() != row.bus.version && ledger.state() != row.bus.standing.state) {
    standing.former = row.bus.standing.state;
  }
  row.bus = {standing, ledger.version(), ledger.scope_version()};
  if (ledger.has_due_time()) row.due = FromProtoTime(ledger.due_time());
  bool ack_pending = row.we_are_target && ledger.version() == 1;
  if (row.chain_head.empty() && !ack_pending) {
    bool ended = IsFinal(ledger.state()) && !IsFinal(row.own.standing.state);
    row.attention = row.attention || ended;
    row.own = row.bus;
    row.since = FromProtoTime(ledger.state_since());
  }
  return SaveReferral(db, row);
}

absl::StatusOr<std::vector<std::string>> WaitingReferrals(Transaction& db) {
  std::vector<std::string> ids;
  // Received too: it can still expire, and nobody but the ledger tells.
  WS_RETURN_IF_ERROR(
      db.Query("SELECT referral_id FROM referral WHERE we_are_target = 0 AND bus_version > 0 "
               "AND bus_state IN (?, ?) ORDER BY position DESC LIMIT 100",
               {static_cast<int64_t>(types::v1::REFERRAL_STATE_REQUESTED),
                static_cast<int64_t>(types::v1::REFERRAL_STATE_RECEIVED)},
               [&](const Row& row) {
                 ids.push_back(row.Bytes(0));
                 return absl::OkStatus();
               }));
  return ids;
}

}  // namespace waystation::agency
