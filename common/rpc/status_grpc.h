#ifndef WAYSTATION_COMMON_RPC_STATUS_GRPC_H_
#define WAYSTATION_COMMON_RPC_STATUS_GRPC_H_

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

// absl::Status at the border of the process. On the wire each error carries one
// google.rpc.ErrorInfo: domain "waystation", the reason of `Refusal` (or the
// name of the code when there is none) and metadata. Messages are cut at 1,024
// bytes, since gRPC sends them in HTTP headers. The text of INTERNAL and
// UNKNOWN stays in the process: the peer gets a request id that the log also
// has. Thread-safe functions.

namespace waystation::rpc {

inline constexpr std::string_view kErrorDomain = "waystation";
inline constexpr size_t kErrorTextBytesMax = 1024;

// Adds an ErrorInfo metadata entry, e.g. the present version of a referral. A
// prefix drops it, so add it last. OK stays OK.
absl::Status WithErrorMetadata(absl::Status status, std::string_view key, std::string_view value);

// The metadata that `WithErrorMetadata` added or that came over the wire.
std::map<std::string, std::string> ErrorMetadataOf(const absl::Status& status);

// The status of a call.
grpc::Status ToGrpcStatus(const absl::Status& status);
absl::Status FromGrpcStatus(const grpc::Status& status);

// The status of one message or receipt inside a frame.
google::rpc::Status ToRpcStatus(const absl::Status& status);
absl::Status FromRpcStatus(const google::rpc::Status& status);

}  // namespace waystation::rpc

#endif  // WAYSTATION_COMMON_RPC_STATUS_GRPC_H_
