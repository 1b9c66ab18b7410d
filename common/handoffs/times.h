#ifndef WAYSTATION_COMMON_HANDOFFS_TIMES_H_
#define WAYSTATION_COMMON_HANDOFFS_TIMES_H_

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace waystation::handoffs {

// A time of the wire, in microseconds, as the broker and the agencies count.
// Thread-safe.
inline absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixMicros(time.seconds() * 1'000'000 + time.nanos() / 1'000);
}

}  // namespace waystation::handoffs

#endif  // WAYSTATION_COMMON_HANDOFFS_TIMES_H_
