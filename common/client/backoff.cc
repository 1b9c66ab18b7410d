#include "common/client/backoff.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace waystation::client {

absl::Duration Backoff::Next() {
  uint32_t draw = 0;
  random_(&draw, sizeof(draw));
  const double share = static_cast<double>(draw) / std::numeric_limits<uint32_t>::max();
  const absl::Duration wait = next_ * (1.0 - share / 2);
  next_ = std::min(next_ * 2, longest_);
  return wait;
}

}  // namespace waystation::client
