#ifndef WAYSTATION_SERVICES_BROKER_COMMIT_RECENT_IDS_H_
#define WAYSTATION_SERVICES_BROKER_COMMIT_RECENT_IDS_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "services/broker/core/decide.h"
#include "services/broker/store/projection.h"

namespace waystation::broker {

// Which message ids the bus has, of any age: those of late from memory, older ones
// from the projection. What is remembered is all that the projection may not have
// yet, and every id whose time is at or after a floor; so a fresh id, which most
// are, is known to be new without asking the projection.
//
// Does not own the projection.
// Single-threaded: the sequencer.
class RecentIds {
 public:
  // `latest_id_ms` is the latest time that any accepted id bears.
  RecentIds(const Projection& projection, uint64_t latest_id_ms)
      : projection_(projection), floor_ms_(latest_id_ms + 1) {}

  // Nothing when the bus never took a message of this id.
  std::optional<KnownMessage> Find(const MessageId& id) const;

  void Add(const MessageId& id, const KnownMessage& message);

  // Lets go of the oldest above 200,000 that the projection has; it has followed
  // up to `projected`.
  void Forget(uint64_t projected);

 private:
  const Projection& projection_;
  absl::flat_hash_map<MessageId, KnownMessage> recent_;
  std::deque<std::pair<uint64_t, MessageId>> order_;  // By sequence.
  uint64_t floor_ms_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_COMMIT_RECENT_IDS_H_
