#include "common/agency/agency.h"

#include <utility>

#include "common/agency/outcome.h"
#include "common/agency/runtime.h"
#include "common/log/log.h"
#include "common/status/status.h"

namespace waystation::agency {
struct Agency::State {
  Runtime runtime;
  Sender sender{runtime};
  Receiver receiver{runtime, sender};
  std::once_flag stopped;
};

Agency::Agency(std::unique_ptr<State> state) : state_(std::move(state)) {}

Agency::~Agency() { Shutdown(); }

absl::StatusOr<std::unique_ptr<Agency>> Agency::Create(Parts parts, Handler& handler) {
  auto state = std::make_unique<State>();
  Runtime& runtime = state->runtime;
  runtime.identity = std::move(parts.identity);
  runtime.store = std::move(parts.store);
  runtime.bus = std::move(parts.bus);
  runtime.clock = parts.clock;
  runtime.random = std::move(parts.random);
  runtime.handler = &handler;
  runtime.sealer = std::make_unique<Sealer>(runtime.identity, *runtime.clock, runtime.random);
  WS_RETURN_IF_ERROR(runtime.RestoreDirectory());
  return std::unique_ptr<Agency>(new Agency(std::move(state)));
}

void Agency::Start() {
  state_->sender.Start();
  state_->runtime.bus->Start(&state_->receiver);
}

void Agency::Shutdown() {
  std::call_once(state_->stopped, [this] {
    state_->runtime.bus->Stop();
    state_->sender.Stop();
  });
}

absl::Status Agency::Write(const std::function<absl::Status(Tx&)>& body) {
  Runtime& runtime = state_->runtime;
  bool queued = false;
  WS_RETURN_IF_ERROR(runtime.store->Write([&](Transaction& db) {
    AgencyTx tx(db, runtime.Context(true));
    absl::Status done = body(tx);
    queued = tx.queued();
    return done;
  }));
  if (queued) state_->sender.Wake();
  return absl::OkStatus();
}

absl::Status Agency::Read(const std::function<absl::Status(Tx&)>& body) {
  Runtime& runtime = state_->runtime;
  return runtime.store->Read([&](Transaction& db) {
    AgencyTx tx(db, runtime.Context(false));
    return body(tx);
  });
}

absl::StatusOr<bus::v1::Referral> Agency::Ledger(std::string_view referral_id,
                                                 absl::Duration timeout) {
  absl::StatusOr<bus::v1::Referral> ledger = state_->runtime.bus->GetReferral(referral_id, timeout);
  if (ledger.ok()) return ledger;
  if (absl::IsNotFound(ledger.status())) {
    return Refusal(absl::StatusCode::kNotFound, "REFERRAL_UNKNOWN",
                   "referral: the bus does not have it (yet), or we are no party to it");
  }
  return absl::UnavailableError(
      absl::StrCat("referral: the bus cannot be asked: ", ledger.status().message()));
}

absl::StatusOr<Evidence> Agency::GetEvidence(std::string_view referral_id, absl::Duration timeout) {
  absl::StatusOr<Evidence> evidence = state_->runtime.bus->GetEvidence(referral_id, timeout);
  if (evidence.ok()) return evidence;
  if (absl::IsNotFound(evidence.status())) {
    return Refusal(absl::StatusCode::kFailedPrecondition, "NOT_ON_RECORD",
                   Problem("history", "nothing is on the record yet", "a request that is queued",
                           "one that the bus has kept"));
  }
  return Refusal(absl::StatusCode::kUnavailable, "BUS_AWAY",
                 absl::StrCat("history: the bus cannot be asked, so nothing can be verified: ",
                              evidence.status().message()));
}

absl::StatusOr<ReferralView> Agency::RefreshReferral(std::string_view referral_id,
                                                     absl::Duration timeout) {
  ReferralView view;
  absl::StatusOr<bus::v1::Referral> ledger = Ledger(referral_id, timeout);
  if (absl::IsUnavailable(ledger.status())) return ledger.status();
  absl::Status taken = Write([&](Tx& tx) -> absl::Status {
    // A request that still waits in the outbox is not on the bus; what we have
    // queued is all there is.
    if (ledger.ok()) {
      WS_RETURN_IF_ERROR(ApplyLedger(tx.db(), *ledger));
    }
    WS_ASSIGN_OR_RETURN(view, tx.Referral(referral_id));
    return absl::OkStatus();
  });
  if (!taken.ok()) return taken;
  return view;
}

void Agency::RefreshWaiting(absl::Duration timeout) {
  const Clock& clock = *state_->runtime.clock;
  absl::Duration end = clock.Monotonic() + timeout;
  std::vector<std::string> ids;
  absl::Status read = state_->runtime.store->Read([&](Transaction& db) -> absl::Status {
    WS_ASSIGN_OR_RETURN(ids, WaitingReferrals(db));
    return absl::OkStatus();
  });
  if (!read.ok()) log::Error("agency", "referrals_not_read", {{"error", read.ToString()}});
  for (const std::string& id : ids) {
    absl::Duration left = end - clock.Monotonic();
    if (left <= absl::ZeroDuration() || !RefreshReferral(id, left).ok()) return;
  }
}

bool Agency::WaitConnected(absl::Duration timeout) {
  return state_->receiver.WaitConnected(timeout);
}

std::shared_ptr<const evidence::DirectoryView> Agency::Directory() const {
  return state_->runtime.Directory();
}

const Identity& Agency::identity() const { return state_->runtime.identity; }
const Clock& Agency::clock() const { return *state_->runtime.clock; }

}  // namespace waystation::agency
