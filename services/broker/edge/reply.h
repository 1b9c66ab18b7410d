#ifndef WAYSTATION_SERVICES_BROKER_EDGE_REPLY_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_REPLY_H_

#include "common/rpc/status_grpc.h"
#include "grpcpp/support/server_callback.h"

namespace waystation::broker {

// Runs a unary handler, which returns an absl::Status, and ends the call with
// what it says. Thread-safe.
template <typename Answer>
grpc::ServerUnaryReactor* Reply(grpc::CallbackServerContext* call, Answer answer) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  reactor->Finish(rpc::ToGrpcStatus(answer()));
  return reactor;
}

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_EDGE_REPLY_H_
