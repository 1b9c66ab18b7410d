#ifndef WAYSTATION_SERVICES_BROKER_COMMIT_LEASING_H_
#define WAYSTATION_SERVICES_BROKER_COMMIT_LEASING_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "services/broker/block.h"
#include "services/broker/commands.h"
#include "services/broker/core/state.h"

namespace waystation::broker {

// Who pulls from which queue, what each holds, and who gets what next: the streams
// of a queue in turn, each as far as its credit goes.
//
// Single-threaded: the sequencer.
class Leasing {
 public:
  using Sequences = google::protobuf::RepeatedField<uint64_t>;

  void Open(std::shared_ptr<PullSession> session);

  // What the stream still had leased comes back at once, on the record.
  void Close(const std::shared_ptr<PullSession>& session, State& state, Block& block);

  // Leases what is ready to who has room. False when the block was full before all
  // leases were in it.
  bool LeaseAll(State& state, Block& block);

  // These are leased no more: who held them gets its credit back.
  void Release(const std::string& queue, const Sequences& sequences);

 private:
  struct Service {
    std::vector<std::shared_ptr<PullSession>> sessions;
    size_t next = 0;  // Round robin.
    // Of each lease, one of `sessions`.
    absl::flat_hash_map<uint64_t, PullSession*> owners;
  };

  static bool LeaseTo(const std::shared_ptr<PullSession>& session, Service& service, State& state,
                      Block& block);
  static void ReleaseOne(Service& service, uint64_t sequence);
  static void Grant(const journal::v1::Leased& leased, const DeliveryQueue& queue,
                    const std::shared_ptr<PullSession>& session, Service& service, Block& block);

  std::map<std::string, Service> services_;  // By queue.
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_COMMIT_LEASING_H_
