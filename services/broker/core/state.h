#ifndef WAYSTATION_SERVICES_BROKER_CORE_STATE_H_
#define WAYSTATION_SERVICES_BROKER_CORE_STATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/broker/core/delivery_queue.h"
#include "services/broker/core/ledger.h"
#include "services/broker/core/snapshot.pb.h"
#include "waystation/bus/v1/directory.pb.h"
#include "waystation/bus/v1/policy.pb.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::broker {

// Level 2: records have a salt and a leaf in the audit log, checkpoints are kinds
// of record.
inline constexpr uint32_t kFormatLevel = 2;

// What records changed beside the state itself: what a projection of history
// must note. A fold over the same records gives the same changes.
struct Changes {
  struct ReferralChange {
    ReferralId id{};
    uint64_t record_sequence = 0;
  };
  // A delivery receipt for a case message: receipt `index` of the record.
  struct CaseDelivery {
    uint64_t message_sequence = 0;
    uint64_t record_sequence = 0;
    uint32_t index = 0;
  };
  std::vector<ReferralChange> referrals;
  std::vector<CaseDelivery> case_deliveries;
};

// The state of the bus as a fold over its records: directory, policy, queues,
// open referrals. Everything that the broker decides, it decides on this.
//
//   State state;
//   for (const Record& record : journal) WS_RETURN_IF_ERROR(state.Apply(record));
//
// The same records give the same state, byte for byte of its snapshot, on any
// machine at any time: no clock, disk, network or randomness is asked.
// Memory grows with what is undelivered and open, not with history: a snapshot
// holds no final referral, so who follows records after it first restores the
// final referrals that they name (mutable_ledger().Restore).
//
// Single-threaded: the sequencer.
class State {
 public:
  // Follows one record. `header` may hold the parsed header of an accepted
  // record, to spare parsing it again; `changes`, when given, is added to.
  // Errors: DATA_LOSS the record does not follow from this state: wrong
  // sequence, unknown queue, malformed content. The state is then not to be used.
  absl::Status Apply(const journal::v1::Record& record, const bus::v1::Header* header = nullptr,
                     Changes* changes = nullptr);

  static absl::StatusOr<State> FromSnapshot(const v1::Snapshot& snapshot);
  v1::Snapshot ToSnapshot() const;

  bool has_genesis() const { return !bus_id_.empty(); }
  uint64_t next_sequence() const { return last_sequence_ + 1; }
  int64_t last_time_us() const { return last_time_us_; }
  uint64_t epoch() const { return epoch_; }
  // The latest time that any accepted message id bears: an id of a later time
  // was never seen.
  uint64_t latest_id_ms() const { return latest_id_ms_; }
  const std::string& bus_id() const { return bus_id_; }
  // Leaves of the audit log so far, and those that its last checkpoint covers.
  uint64_t log_leaves() const { return log_leaves_; }
  uint64_t log_signed_size() const { return log_signed_size_; }
  const std::shared_ptr<const bus::v1::Directory>& directory() const { return directory_; }
  const std::shared_ptr<const bus::v1::Policy>& policy() const { return policy_; }

  const Ledger& ledger() const { return ledger_; }
  // Facts from the projection: referrals that were evicted and are asked for.
  Ledger& mutable_ledger() { return ledger_; }

  // Null when the identity has no queue.
  const DeliveryQueue* FindQueue(const std::string& identity) const;
  const std::map<std::string, DeliveryQueue>& queues() const { return queues_; }
  // When something happens by time alone, journal time; INT64_MAX for never. At
  // or before `now_us` exactly when DecideTick has something to decide. `now_us`
  // is the time of the last look for leases, not the clock's: what became due
  // between the two would be slept past.
  int64_t NextDueUs(int64_t now_us) const;

 private:
  absl::Status ApplyKind(const journal::v1::Record& record, const bus::v1::Header* header,
                         Changes& changes);
  absl::Status ApplyGenesis(const journal::v1::Genesis& genesis);
  absl::Status ApplyAccepted(const journal::v1::Record& record, const bus::v1::Header& header,
                             Changes& changes);
  absl::Status ApplyLeased(const journal::v1::Leased& leased);
  absl::Status ApplyDelivered(const journal::v1::Record& record, Changes& changes);
  absl::Status ApplyGivenBack(const journal::v1::GivenBack& given_back, int64_t now_us);
  absl::Status ApplyExpired(const journal::v1::Record& record, Changes& changes);
  absl::Status ApplyRedriven(const journal::v1::Record& record);
  absl::Status ApplyCheckpoint(const journal::v1::Record& record);
  absl::Status ApplyLeaf(const journal::v1::Record& record);
  absl::StatusOr<DeliveryQueue*> QueueOf(const std::string& identity, uint64_t sequence);

  std::string bus_id_;
  uint64_t last_sequence_ = 0;
  int64_t last_time_us_ = 0;
  uint64_t epoch_ = 0;
  uint64_t latest_id_ms_ = 0;
  uint64_t log_leaves_ = 0;
  uint64_t log_signed_size_ = 0;
  std::shared_ptr<const bus::v1::Directory> directory_;
  std::shared_ptr<const bus::v1::Policy> policy_;
  Ledger ledger_;
  std::map<std::string, DeliveryQueue> queues_;
};

v1::ReferralSnapshot ToSnapshot(const Referral& referral);
absl::StatusOr<Referral> FromSnapshot(const v1::ReferralSnapshot& snapshot);

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_CORE_STATE_H_
