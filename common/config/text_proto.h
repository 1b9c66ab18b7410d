#ifndef WAYSTATION_COMMON_CONFIG_TEXT_PROTO_H_
#define WAYSTATION_COMMON_CONFIG_TEXT_PROTO_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace waystation::config {

inline constexpr size_t kConfigBytesMax = size_t{4} * 1024 * 1024;

// Reads a text-proto into `message`, which is empty after an error. An unknown
// field, a field given twice and a value out of its type's range are errors;
// the text names `origin` and for each of the first five problems line, column
// and what is wrong:
//   broker.textproto:12:3: Message type "..." has no field named "prot"
// Thread-safe. Errors: INVALID_ARGUMENT.
absl::Status ParseTextProto(std::string_view text, std::string_view origin,
                            google::protobuf::Message* message);

// The same from a file of at most 4 MiB. Errors: as `ReadFile` and above.
absl::Status LoadTextProto(const std::string& path, google::protobuf::Message* message);

}  // namespace waystation::config

#endif  // WAYSTATION_COMMON_CONFIG_TEXT_PROTO_H_
