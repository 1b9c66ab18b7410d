#ifndef WAYSTATION_COMMON_AGENCY_AGENCY_H_
#define WAYSTATION_COMMON_AGENCY_AGENCY_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/agency/bus.h"
#include "common/agency/case.h"
#include "common/agency/config.h"
#include "common/agency/outbox.h"
#include "common/agency/schema.h"
#include "common/agency/store.h"
#include "common/clock/clock.h"
#include "common/evidence/directory.h"
#include "common/ids/random.h"

namespace waystation::agency {

// An agency on the bus: receives, acts, acknowledges, sends; and keeps all of it
// in one database, so that effect, receipt and outgoing messages are committed
// together or not at all.
//
//   WS_ASSIGN_OR_RETURN(auto agency, Agency::Create(std::move(parts), handler));
//   agency->Start();
//   WS_RETURN_IF_ERROR(agency->Write([&](Tx& tx) { return Act(tx); }));
//
// A message's effect is applied once however often it comes; its receipt is made
// in the same transaction and resent verbatim. What `Write` queued is sent at
// least once, in order within a referral, as the same bytes.
//
// Does not own handler and clock, which outlive it.
// Thread-safe.
class Agency {
 public:
  struct Parts {
    Identity identity;             // Keys and certificates; see config.h.
    std::shared_ptr<Store> store;  // Not of another agency.
    std::unique_ptr<Bus> bus;
    const Clock* clock = nullptr;
    RandomSource random;
  };

  // Errors: of the store, when its tables cannot be read.
  static absl::StatusOr<std::unique_ptr<Agency>> Create(Parts parts, Handler& handler);
  ~Agency();

  // Begins to receive and send. Receipts that were not confirmed go out again.
  void Start();
  // Stops receiving and sending; what is queued stays queued. Idempotent.
  void Shutdown();

  // Runs `body` in one transaction; when it returns OK its effect and its
  // messages are on disk, and on their way. Errors: those of `body` and Store.
  absl::Status Write(const std::function<absl::Status(Tx&)>& body);

  // Runs `body` on one snapshot. Sending from it is FAILED_PRECONDITION.
  absl::Status Read(const std::function<absl::Status(Tx&)>& body);

  // Asks the bus where a referral stands and takes that over, then returns it:
  // before a requester's step, since only the bus knows whether the target has
  // received. Not inside `Write` or `Read`. When the bus cannot be reached
  // within `timeout`, the error is UNAVAILABLE and nothing changes.
  // Errors: NOT_FOUND (REFERRAL_UNKNOWN); UNAVAILABLE.
  absl::StatusOr<ReferralView> RefreshReferral(std::string_view referral_id,
                                               absl::Duration timeout = absl::Seconds(1));

  // The bus's own word, without touching the store. Errors: as above.
  absl::StatusOr<bus::v1::Referral> Ledger(std::string_view referral_id,
                                           absl::Duration timeout = absl::Seconds(1));

  // The record's evidence of a referral of ours, from the bus, unverified. Errors:
  // FAILED_PRECONDITION (NOT_ON_RECORD) our request still waits to be sent;
  // UNAVAILABLE (BUS_AWAY) the bus cannot be asked within `timeout`.
  absl::StatusOr<Evidence> GetEvidence(std::string_view referral_id,
                                       absl::Duration timeout = absl::Seconds(2));

  // Refreshes the referrals that this agency asked for and whose target's
  // receipt it has not seen; as many as fit in `timeout`. Best effort.
  void RefreshWaiting(absl::Duration timeout = absl::Seconds(1));

  // Waits until the queue is open. False when `timeout` passed first.
  bool WaitConnected(absl::Duration timeout);

  // The directory as last learned; null before the bus was ever reached.
  std::shared_ptr<const evidence::DirectoryView> Directory() const;

  const Identity& identity() const;
  const Clock& clock() const;

 private:
  struct State;
  explicit Agency(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_AGENCY_H_
