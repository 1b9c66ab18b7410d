#ifndef WAYSTATION_COMMON_RPC_CHANNEL_H_
#define WAYSTATION_COMMON_RPC_CHANNEL_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/security/credentials.h"

namespace waystation::rpc {

// Keepalive of both ends from one place: a client that pings more often than
// the server allows is sent away ("too_many_pings").
inline constexpr absl::Duration kKeepaliveInterval = absl::Seconds(30);
inline constexpr absl::Duration kKeepaliveTimeout = absl::Seconds(10);

// A channel with the bus's message limit, keepalive and reconnect backoff
// (0.1 s to 5 s). gRPC's own retries are off: what may be sent again is decided
// where the message is known. Each call makes a connection of its own, never
// shared with another channel of the process. Thread-safe.
std::shared_ptr<grpc::Channel> MakeChannel(
    const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& credentials);

}  // namespace waystation::rpc

#endif  // WAYSTATION_COMMON_RPC_CHANNEL_H_
