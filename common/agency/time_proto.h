#ifndef WAYSTATION_COMMON_AGENCY_TIME_PROTO_H_
#define WAYSTATION_COMMON_AGENCY_TIME_PROTO_H_

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace waystation::agency {

// Times on the wire, cut to microseconds: what the database keeps. Thread-safe.
inline google::protobuf::Timestamp ToProtoTime(absl::Time time) {
  google::protobuf::Timestamp proto;
  int64_t micros = absl::ToUnixMicros(time);
  int64_t fraction = ((micros % 1'000'000) + 1'000'000) % 1'000'000;
  proto.set_seconds((micros - fraction) / 1'000'000);
  proto.set_nanos(static_cast<int32_t>(fraction * 1000));
  return proto;
}

inline absl::Time FromProtoTime(const google::protobuf::Timestamp& proto) {
  return absl::FromUnixSeconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_TIME_PROTO_H_
