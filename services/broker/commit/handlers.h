#ifndef WAYSTATION_SERVICES_BROKER_COMMIT_HANDLERS_H_
#define WAYSTATION_SERVICES_BROKER_COMMIT_HANDLERS_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "services/broker/block.h"
#include "services/broker/commands.h"
#include "services/broker/commit/leasing.h"
#include "services/broker/commit/recent_ids.h"
#include "services/broker/core/state.h"
#include "services/broker/refusal_log.h"
#include "services/broker/store/projection.h"

namespace waystation::broker {

// Turns commands into records of a block: fetches what the core asks to know,
// lets it decide, lets the state follow, and notes in the block who is told what.
//
//   Handlers handlers(std::move(state), projection, refusals);
//   handlers.Handle(std::move(command), block);
//
// Does not own projection and refusals.
// Single-threaded: the sequencer.
class Handlers {
 public:
  Handlers(State state, const Projection& projection, RefusalLog& refusals);

  void Handle(Command command, Block& block);
  // What time alone brings.
  void Tick(Block& block);
  // False when the block was full before all leases were in it.
  bool LeaseAll(Block& block) { return leasing_.LeaseAll(state_, block); }
  // Puts the refusals of past seconds on the record, with `all` those of this one.
  void RecordRefusals(bool all, Block& block);
  // Signs the custody receipts and notes the referrals as they now stand. Errors:
  // INTERNAL OpenSSL failed.
  absl::Status Finish(const evidence::Signer& signer, absl::Time now, Block& block);
  // Lets go of what the projection has, which has followed up to `projected`.
  void Forget(uint64_t projected);

  const State& state() const { return state_; }
  // For the records that are no command's.
  State& mutable_state() { return state_; }

 private:
  void Do(PublishGroup group, Block& block);
  void Do(OpenPull open, Block& block);
  void Do(ClosePull close, Block& block);
  void Do(ChangeLimit change, Block& block);
  void Do(ReceiptGroup group, Block& block);
  void Do(NackOne nack, Block& block);
  void Do(ExtendOne extend, Block& block);
  void Do(Redrive redrive, Block& block);
  void Do(LogSigned signed_log, Block& block);
  void Do(Inspect inspect, Block& block);

  PublishOutcome Publish(std::shared_ptr<AdmittedMessage> message, Block& block);
  absl::Status WithPresentVersion(const bus::v1::Header& header, const absl::Status& status) const;
  void LoadReferrals(const AdmittedMessage& message);
  // What is told of one receipt; `judged` is what the core says of it.
  Ack AckFor(const ReceiptView& receipt, const absl::StatusOr<uint64_t>& judged) const;

  State state_;
  const Projection& projection_;
  RefusalLog& refusals_;
  RecentIds ids_;
  Leasing leasing_;
  std::deque<std::pair<uint64_t, ReferralId>> final_referrals_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_COMMIT_HANDLERS_H_
