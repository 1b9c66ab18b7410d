#ifndef WAYSTATION_COMMON_RPC_GRPC_LOG_H_
#define WAYSTATION_COMMON_RPC_GRPC_LOG_H_

namespace waystation::rpc {

// Sends what gRPC itself logs (errors only) to common/log, component "grpc".
// Call it once at the start of the process, before anything of gRPC.
void RouteGrpcLog();

}  // namespace waystation::rpc

#endif  // WAYSTATION_COMMON_RPC_GRPC_LOG_H_
