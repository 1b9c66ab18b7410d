#ifndef WAYSTATION_COMMON_CLIENT_BACKOFF_H_
#define WAYSTATION_COMMON_CLIENT_BACKOFF_H_

#include <utility>

#include "absl/time/time.h"
#include "common/ids/random.h"

namespace waystation::client {

// Waits between attempts to connect: each twice the last one up to a limit,
// shortened at random by up to half, so that agencies do not come back to a
// restarted broker all at once.
//
// Thread-compatible.
class Backoff {
 public:
  Backoff(absl::Duration shortest, absl::Duration longest, RandomSource random)
      : shortest_(shortest), longest_(longest), next_(shortest), random_(std::move(random)) {}

  // Returns the next wait.
  absl::Duration Next();
  // Starts from the shortest wait again.
  void Reset() { next_ = shortest_; }

 private:
  absl::Duration shortest_;
  absl::Duration longest_;
  absl::Duration next_;
  RandomSource random_;
};

}  // namespace waystation::client

#endif  // WAYSTATION_COMMON_CLIENT_BACKOFF_H_
