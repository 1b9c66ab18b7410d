#include "common/rpc/grpc_log.h"

#include <string_view>

#include "common/log/log.h"
#include "grpc/support/log.h"

namespace waystation::rpc {
namespace {

// gRPC logs an error when a server's certificate lacks the host name that the
// client dialled. Identities are SPIFFE IDs here, so it would be every one.
constexpr std::string_view kHostNameNoise = "No match found for server name";

void Forward(gpr_log_func_args* args) {
  if (std::string_view(args->message).starts_with(kHostNameNoise)) return;
  const log::Level level =
      args->severity == GPR_LOG_SEVERITY_ERROR ? log::Level::kError : log::Level::kDebug;
  log::Write(level, "grpc", "message",
             {{"text", args->message}, {"file", args->file}, {"line", args->line}});
}

}  // namespace

void RouteGrpcLog() {
  gpr_set_log_function(Forward);
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
}

}  // namespace waystation::rpc
