#ifndef WAYSTATION_TOOLS_WAYSTATION_CONNECT_H_
#define WAYSTATION_TOOLS_WAYSTATION_CONNECT_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/rpc/status_grpc.h"
#include "common/rpc/tls.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "tools/waystation/profile.h"
#include "tools/waystation/session.h"

namespace waystation::cli {

// A server as one identity reaches it. Copies share the connection.
struct Remote {
  std::string name;  // "broker at 127.0.0.1:7443", for errors.
  std::shared_ptr<grpc::Channel> channel;
  absl::Duration timeout;
};

// Opens a connection lazily: nothing travels before the first call. `sink` may
// be null; it learns when we refuse the server. `session.clock` must outlive the
// result. Errors: FAILED_PRECONDITION certificate, key, roots or revocation
// list cannot be used.
absl::StatusOr<Remote> Connect(const Session& session, const Profile& profile,
                               const std::string& name, const v1::Endpoint& endpoint,
                               const v1::Credential& credential,
                               std::shared_ptr<rpc::RefusalSink> sink = nullptr);

// The broker, as the profile's operator or auditor.
// Errors: as Connect; FAILED_PRECONDITION the profile has no such credentials.
absl::StatusOr<Remote> ConnectAsOperator(const Session& session, const Profile& profile);
absl::StatusOr<Remote> ConnectAsAuditor(const Session& session, const Profile& profile);

// The auditor's service, as the profile's auditor, or as `credential` when it is not
// null. Errors: as above; FAILED_PRECONDITION the profile has no such service.
absl::StatusOr<Remote> ConnectToAudit(const Session& session, const Profile& profile,
                                      const v1::Credential* credential = nullptr);

// Turns a failed call into the command's error, which names the server.
absl::Status CallError(const Remote& remote, const grpc::Status& status);

// One unary call.
//
//   auto status = Call(remote, *stub, &OperationsService::Stub::GetStatus, GetStatusRequest());
//
// Errors: those of the server; UNAVAILABLE or DEADLINE_EXCEEDED naming it.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Call(const Remote& remote, Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                              const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       absl::ToChronoMilliseconds(remote.timeout));
  Response response;
  grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return CallError(remote, status);
  return response;
}

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_CONNECT_H_
