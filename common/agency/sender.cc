#include "common/agency/sender.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "common/agency/custody.h"
#include "common/agency/frame_effect.h"
#include "common/agency/memo_rows.h"
#include "common/agency/runtime.h"
#include "common/clock/clock.h"
#include "common/crypto/sha256.h"
#include "common/evidence/message.h"
#include "common/log/log.h"
#include "common/status/status.h"

namespace waystation::agency {
namespace {

constexpr absl::Duration kRetryMin = absl::Milliseconds(200);
constexpr absl::Duration kRetryMax = absl::Seconds(5);
constexpr absl::Duration kPatienceMin = absl::Milliseconds(10);
constexpr size_t kInFlightMax = 256;
// For each recipient, so that one who cannot be encrypted to holds up nobody else.
constexpr int kMemosAtOnce = 32;

// How long the result of a receipt may take before the ledger is asked.
constexpr absl::Duration kAckPatience = absl::Seconds(2);
constexpr absl::Duration kAskPatience = absl::Seconds(1);
// How long one step of a look after the bus's custody may take, and how long a refusal
// by a bus that is behind is no reason for another.
constexpr absl::Duration kLookPatience = absl::Seconds(2);
constexpr absl::Duration kLookEvery = absl::Seconds(5);
// In one round; a case is some kilobytes.
constexpr int kAgainMax = 1024;
constexpr char kAgain[] = "again";

// Not the runtime's clock, which a test holds still: what waits here waits for others.
absl::Duration Steady() {
  static const SystemClock clock;
  return clock.Monotonic();
}

void LogMemo(const MemoDraft& draft, const absl::Status& why) {
  log::Warning("agency", absl::IsUnavailable(why) ? "memo_waits" : "memo_dropped",
               {{"message_id", draft.message_id}, {"reason", ReasonOf(why)}});
}

bool IsRefusal(const PublishOutcome& outcome) {
  return !outcome.result.ok() && !MayBeTakenLater(outcome.result.status());
}

}  // namespace

Sender::Sender(Runtime& runtime) : runtime_(runtime), retries_(kRetryMin, kRetryMax) {}

void Sender::Start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
}

void Sender::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Sender::Wake() {
  std::lock_guard<std::mutex> lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void Sender::Connected() {
  std::lock_guard<std::mutex> lock(mutex_);
  retries_.Clear();
  check_custody_ = true;
  woken_ = true;
  changed_.notify_all();
}

void Sender::CheckCustody() {
  std::lock_guard<std::mutex> lock(mutex_);
  check_custody_ = true;
  changed_.notify_all();
}

void Sender::Acked(std::string message_id, const absl::Status& result) {
  std::lock_guard<std::mutex> lock(mutex_);
  news_.acks.emplace_back(std::move(message_id), result);
  changed_.notify_all();
}

std::optional<absl::Duration> Sender::Patience() {
  std::optional<absl::Duration> patience = retries_.NextIn(Steady());
  // What is due and finds no room is no reason to look at once.
  if (patience.has_value()) patience = std::max(*patience, kPatienceMin);
  if (retry_in_ > absl::ZeroDuration()) {
    patience = patience.has_value() ? std::min(*patience, retry_in_) : retry_in_;
  }
  return patience;
}

bool Sender::Wait(News& news) {
  std::unique_lock<std::mutex> lock(mutex_);
  auto due = [this] { return stopping_ || woken_ || check_custody_ || !news_.empty(); };
  if (const std::optional<absl::Duration> patience = Patience(); patience.has_value()) {
    changed_.wait_for(lock, absl::ToChronoMicroseconds(*patience), due);
  } else {
    changed_.wait(lock, due);
  }
  woken_ = false;
  retry_in_ = absl::ZeroDuration();  // Whoever still has a reason says so again.
  news = std::exchange(news_, News{});
  return !stopping_;
}

void Sender::Run() {
  News news;
  SendReady();
  if (SealMemos()) SendReady();
  while (Wait(news)) {
    if (!news.empty()) Settle(news);
    AskForCustody();
    AskForLostAcks();
    // Cases first.
    SendAgain();
    SendReady();
    if (SealMemos()) SendReady();
  }
}

void Sender::AskForCustody() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!std::exchange(check_custody_, false)) return;
  }
  custody_asked_ = Steady();
  absl::StatusOr<CustodyLook> look = CustodyLook{0, false};
  uint64_t gone = 0;
  while (look.ok() && !look->done) {
    look = LookAfterCustody(*runtime_.store, *runtime_.bus, kLookPatience);
    if (look.ok()) gone += look->gone;
    std::lock_guard<std::mutex> lock(mutex_);
    again_waits_ = again_waits_ || gone > 0;
    if (stopping_) return;
  }
  if (gone > 0) {
    log::Error("agency", "bus_lost_messages",
               {{"count", gone}, {"effect", "its record went back; they are sent again"}});
  }
  // When the bus is there again, or at the next look of the watch, it goes on.
  if (look.ok() || absl::IsUnavailable(look.status())) return;
  log::Warning("agency", "custody_not_asked", {{"error", look.status().ToString()}});
}

void Sender::Settle(News& news) {
  // What was kept is settled before what was refused takes others with it.
  std::stable_partition(news.outcomes.begin(), news.outcomes.end(),
                        [](const PublishOutcome& outcome) { return outcome.result.ok(); });
  // First: a handler may send anew what was refused, from where the bus has it.
  RefreshRefused(news);
  bool again = false;
  absl::Status settled = runtime_.store->Write([&](Transaction& db) -> absl::Status {
    AgencyTx tx(db, runtime_.Context(true));
    WS_RETURN_IF_ERROR(ApplyAckResults(db, news.acks));
    for (const PublishOutcome& outcome : news.outcomes) {
      // One damaged row must not keep the others from being settled.
      absl::Status one = db.Savepoint([&] { return ApplyOutcome(tx, *runtime_.handler, outcome); });
      if (!one.ok()) {
        again = true;
        log::Error("agency", "outcome_not_stored",
                   {{"message_id", outcome.message_id}, {"error", one.ToString()}});
      }
    }
    return absl::OkStatus();
  });
  if (!settled.ok()) log::Error("agency", "news_not_stored", {{"error", settled.ToString()}});
  Forget(news, again || !settled.ok());
}

void Sender::Forget(const News& news, bool again) {
  const absl::Duration now = Steady();
  bool of_a_round = false;
  std::lock_guard<std::mutex> lock(mutex_);
  for (const PublishOutcome& outcome : news.outcomes) {
    const absl::Status& result = outcome.result.status();
    const bool later = again || MayBeTakenLater(result);
    const bool was_again = again_in_flight_.erase(outcome.message_id) > 0;
    in_flight_.erase(outcome.message_id);
    // The bus answers a message that it has with the first receipt, so sending
    // once more is always right.
    of_a_round = of_a_round || was_again;
    if (was_again) {
      again_progress_ = again_progress_ || !later;
    } else if (later) {
      retries_.NotTaken(outcome.message_id, now);
    } else {
      retries_.Forget(outcome.message_id);
    }
    // While the bus is away there is another line; this is for the operator to mend.
    if (!later || result.ok() || absl::IsUnavailable(result)) continue;
    log::Warning("agency", "message_sent_again",
                 {{"message_id", outcome.message_id}, {"reason", ReasonOf(result)}});
  }
  if (!of_a_round || !again_in_flight_.empty()) return;
  // The round is over; one that brought something is followed by the next at once.
  if (again_progress_) retries_.Forget(kAgain);
  retries_.NotTaken(kAgain, now);
  again_progress_ = false;
}

void Sender::RefreshRefused(News& news) {
  std::vector<std::pair<OutboxRow, PublishOutcome*>> refused;
  absl::Status read = runtime_.store->Read([&](Transaction& db) {
    for (PublishOutcome& outcome : news.outcomes) {
      if (!IsRefusal(outcome)) continue;
      absl::StatusOr<OutboxRow> row = GetWaiting(db, outcome.message_id);
      if (row.ok() && !IsMemo(*row)) refused.emplace_back(*std::move(row), &outcome);
    }
    return absl::OkStatus();
  });
  if (!read.ok()) log::Error("agency", "outbox_not_read", {{"error", read.ToString()}});
  for (auto& [row, outcome] : refused) RefreshOne(row, *outcome);
}

void Sender::RefreshOne(const OutboxRow& row, PublishOutcome& outcome) {
  const absl::StatusOr<bus::v1::Referral> own =
      runtime_.bus->GetReferral(row.referral_id, kAskPatience);
  const std::string deciding = DecidingReferral(row);
  const absl::StatusOr<bus::v1::Referral> linked =
      deciding == row.referral_id ? own : runtime_.bus->GetReferral(deciding, kAskPatience);
  bool behind = false;
  const absl::Status taken = runtime_.store->Write([&](Transaction& db) -> absl::Status {
    WS_ASSIGN_OR_RETURN(behind, IsBehind(db, row, outcome.result.status(), linked));
    // Of a bus that is behind nothing is taken over. What it has lost for good it has
    // in another place than we.
    return own.ok() && !behind ? ApplyLedger(db, *own, row.again) : absl::OkStatus();
  });
  if (!taken.ok()) log::Error("agency", "ledger_not_stored", {{"error", taken.ToString()}});
  if (!behind) return;
  outcome.result = absl::UnavailableError(
      Problem("bus", "behind what it has told us", Std(outcome.result.status().message())));
  if (Steady() - custody_asked_ > kLookEvery) CheckCustody();
}

// A result that was lost with its connection never comes: the message is off the
// queue. What waits for it would wait for ever.
void Sender::AskForLostAcks() {
  std::vector<ClosedGate> gates;
  absl::Time before = runtime_.clock->Now() - kAckPatience;
  absl::Status read = runtime_.store->Read([&](Transaction& db) -> absl::Status {
    WS_ASSIGN_OR_RETURN(gates, ClosedGates(db));
    return absl::OkStatus();
  });
  if (!read.ok()) log::Error("agency", "gates_not_read", {{"error", read.ToString()}});
  for (const ClosedGate& gate : gates) {
    if (gate.committed > before) continue;
    auto receipts = runtime_.bus->ReceiptsOnRecord(gate.referral_id, kAskPatience);
    // Of a referral that it has lost it knows no receipts.
    if (absl::IsNotFound(receipts.status())) continue;
    if (!receipts.ok()) break;
    for (std::string& id : *receipts) {
      if (id == gate.message_id) Acked(std::move(id), absl::OkStatus());
    }
  }
  std::lock_guard<std::mutex> lock(mutex_);
  if (!gates.empty() && retry_in_ == absl::ZeroDuration()) retry_in_ = kAckPatience;
}

bool Sender::SealMemos() {
  std::vector<MemoDraft> waiting;
  absl::Status read = runtime_.store->Read([&](Transaction& db) -> absl::Status {
    WS_ASSIGN_OR_RETURN(waiting, WaitingMemos(db, kMemosAtOnce));
    return absl::OkStatus();
  });
  if (!read.ok()) log::Error("agency", "memos_not_read", {{"error", read.ToString()}});
  const auto directory = runtime_.Directory();
  if (waiting.empty() || directory == nullptr) return false;
  // Before the transaction, which holds up officers and receivers.
  std::vector<MemoResult> results;
  std::set<std::string> waits;  // Recipients that cannot be encrypted to.
  std::map<std::string, int> count;
  for (const MemoDraft& draft : waiting) {
    ++count[draft.recipient];
    if (waits.contains(draft.recipient)) continue;
    auto message = runtime_.sealer->MakeMemo(draft, *directory);
    if (!message.ok()) LogMemo(draft, message.status());
    if (absl::IsUnavailable(message.status())) {
      waits.insert(draft.recipient);
    } else {
      results.push_back({&draft, std::move(message)});
    }
  }
  const absl::Status kept = KeepMemoResults(results);
  if (!kept.ok()) log::Error("agency", "memos_not_kept", {{"error", kept.ToString()}});
  const bool more = std::any_of(count.begin(), count.end(), [&](const auto& each) {
    return each.second == kMemosAtOnce && !waits.contains(each.first);
  });
  std::lock_guard<std::mutex> lock(mutex_);
  woken_ = woken_ || (kept.ok() && more);
  const bool try_again = !kept.ok() || !waits.empty();
  if (try_again && retry_in_ == absl::ZeroDuration()) retry_in_ = kRetryMax;
  return kept.ok() && !results.empty();
}

absl::Status Sender::KeepMemoResults(const std::vector<MemoResult>& results) {
  if (results.empty()) return absl::OkStatus();
  const absl::Time now = runtime_.clock->Now();
  return runtime_.store->Write([&](Transaction& db) -> absl::Status {
    for (const auto& [draft, message] : results) {
      WS_RETURN_IF_ERROR(DropMemo(db, draft->message_id));
      if (!message.ok()) continue;
      OutboxDraft out;
      out.message_id = draft->message_id;
      out.envelope_hash = std::string(crypto::AsBytes(evidence::EnvelopeHash(message->header())));
      out.transition = types::v1::TRANSITION_UNSPECIFIED;
      out.message = message->SerializeAsString();
      out.recipient = draft->recipient;
      WS_RETURN_IF_ERROR(Queue(db, out, now));
    }
    return absl::OkStatus();
  });
}

void Sender::SendReady() {
  const absl::Duration now = Steady();
  std::vector<Outgoing> ready;
  absl::Status read = runtime_.store->Read([&](Transaction& db) -> absl::Status {
    WS_ASSIGN_OR_RETURN(ready, NextToSend(db, static_cast<int>(2 * kInFlightMax)));
    return absl::OkStatus();
  });
  if (!read.ok()) log::Error("agency", "outbox_not_read", {{"error", read.ToString()}});
  for (const Outgoing& outgoing : ready) {
    if (Take(outgoing)) SendOne(outgoing);
  }
  // What was not among them is settled, or waits for another message.
  std::lock_guard<std::mutex> lock(mutex_);
  if (in_flight_.size() < kInFlightMax) retries_.ForgetDue(now, kAgain);
}

bool Sender::Take(const Outgoing& outgoing) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (in_flight_.size() >= kInFlightMax) return false;
  if (!retries_.IsDue(outgoing.message_id, Steady())) return false;
  if (!in_flight_.insert(outgoing.message_id).second) return false;
  retries_.Trying(outgoing.message_id);
  return true;
}

void Sender::SendAgain() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!again_waits_ || !again_in_flight_.empty()) return;
    if (!retries_.IsDue(kAgain, Steady())) return;
  }
  std::vector<Outgoing> round;
  const absl::Status read = runtime_.store->Read([&](Transaction& db) -> absl::Status {
    const bool from_the_first = again_cursor_.position == 0;
    WS_ASSIGN_OR_RETURN(round, NextToSendAgain(db, kAgainMax, &again_cursor_));
    if (!round.empty() || from_the_first) return absl::OkStatus();
    WS_ASSIGN_OR_RETURN(round, NextToSendAgain(db, kAgainMax, &again_cursor_));
    return absl::OkStatus();
  });
  if (!read.ok()) log::Error("agency", "outbox_not_read", {{"error", read.ToString()}});
  {
    std::lock_guard<std::mutex> lock(mutex_);
    again_waits_ = !read.ok() || !round.empty();
    retries_.Trying(kAgain);
    if (round.empty()) retries_.Forget(kAgain);
    for (const Outgoing& outgoing : round) again_in_flight_.insert(outgoing.message_id);
  }
  for (const Outgoing& outgoing : round) SendOne(outgoing);
}

void Sender::SendOne(const Outgoing& outgoing) {
  bus::v1::SignedMessage message;
  WS_CHECK(message.ParseFromString(outgoing.message));
  runtime_.bus->Publish(outgoing.message_id, message,
                        [this, id = outgoing.message_id](auto result) {
                          std::lock_guard<std::mutex> lock(mutex_);
                          news_.outcomes.push_back({id, std::move(result)});
                          changed_.notify_all();
                        });
}

}  // namespace waystation::agency
