#ifndef WAYSTATION_TESTS_BENCH_NULL_SERVER_H_
#define WAYSTATION_TESTS_BENCH_NULL_SERVER_H_

#include <memory>
#include <string>

#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"

namespace waystation::bench {

// The least that a server could do: takes publish frames, answers each as a
// group, and hands it to a pull stream from memory. Nothing is checked, signed
// or kept. What a bus costs is measured against it.
class NullServer {
 public:
  explicit NullServer(const std::shared_ptr<grpc::ServerCredentials>& credentials);
  ~NullServer();

  int port() const { return port_; }

 private:
  struct Services;

  std::unique_ptr<Services> services_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace waystation::bench

#endif  // WAYSTATION_TESTS_BENCH_NULL_SERVER_H_
