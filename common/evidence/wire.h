#ifndef WAYSTATION_COMMON_EVIDENCE_WIRE_H_
#define WAYSTATION_COMMON_EVIDENCE_WIRE_H_

#include <string_view>

#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"

// What signed bytes have in common. Private to this folder. Thread-safe
// functions.

namespace waystation::evidence {

// What to do with fields that this program does not know.
enum class UnknownFields { kRefuse, kKeep };

// Reads `bytes` into `out` when every protobuf reader would read the same from
// it: no field given twice, no default written out, no padded number. Signed
// content that two programs can read differently proves nothing.
bool ParseStrictly(std::string_view bytes, UnknownFields unknown, google::protobuf::Message* out);

// Within years 1 to 9999, nanoseconds 0 to 999,999,999 (timestamp.proto).
bool IsValidTime(const google::protobuf::Timestamp& time);

google::protobuf::Timestamp ToProtoTime(absl::Time time);

}  // namespace waystation::evidence

#endif  // WAYSTATION_COMMON_EVIDENCE_WIRE_H_
