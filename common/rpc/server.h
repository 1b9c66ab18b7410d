#ifndef WAYSTATION_COMMON_RPC_SERVER_H_
#define WAYSTATION_COMMON_RPC_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/impl/service_type.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"

namespace waystation::rpc {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;  // 0 takes a free one.
  std::shared_ptr<grpc::ServerCredentials> credentials;
  // Connections are closed gently at this age and the client makes a new one,
  // which is a new handshake: the longest that a revoked peer keeps an idle
  // connection. What still runs after the grace is cut.
  absl::Duration connection_age_max = absl::Minutes(10);
  absl::Duration connection_age_grace = absl::Seconds(30);
};

// A running gRPC server with health (grpc.health.v1), reflection, the bus's
// limits and keepalive. A service or method that is not there is UNIMPLEMENTED.
//
//   WS_ASSIGN_OR_RETURN(auto server, Server::Start(options, {&publisher, &health}));
//   std::cout << server->port();
//   server->Shutdown(absl::Seconds(10));
//
// Services are not owned and must outlive the server. Destruction shuts down
// without waiting for calls.
//
// Thread-safe.
class Server {
 public:
  // Errors: UNAVAILABLE the port is taken or the address is not ours.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       const std::vector<grpc::Service*>& services);
  ~Server();

  int port() const { return port_; }
  // "host:port".
  const std::string& address() const { return address_; }

  // What health says for every service. Serving from the start.
  void SetServing(bool serving);

  // Says NOT_SERVING, takes no new calls, lets running ones end until
  // `deadline` from now, cuts the rest, and returns when all are gone. Streams
  // never end by themselves: end them first. Later calls do nothing.
  void Shutdown(absl::Duration deadline);

 private:
  Server() = default;

  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::string address_;
};

}  // namespace waystation::rpc

#endif  // WAYSTATION_COMMON_RPC_SERVER_H_
