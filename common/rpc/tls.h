#ifndef WAYSTATION_COMMON_RPC_TLS_H_
#define WAYSTATION_COMMON_RPC_TLS_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/rpc/trust_source.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"

namespace waystation::rpc {

// Files of one end of a connection, PEM. Certificate (leaf first, then
// intermediates) and key are watched and taken up within a second or two, also
// on a running server; replace them by rename.
struct TlsFiles {
  std::string certificate_path;
  std::string key_path;
};

// Learns of connections that were refused, for the refusal feed.
//
// Thread-safe.
class RefusalSink {
 public:
  virtual ~RefusalSink() = default;

  // `peer` is what the certificate claims to be (its URI SAN, else the SHA-256
  // of the certificate), believed by nobody, at most 256 printable bytes.
  // `stage` is "handshake" or "call". Called from gRPC's threads; must not
  // block.
  virtual void OnRefusal(std::string_view peer, std::string_view stage, std::string_view reason,
                         std::string_view text) = 0;
};

// Server credentials: TLS 1.2 or 1.3, a client certificate is required, and our
// own verifier judges its chain by `trust`, so that an untrusted, expired or
// revoked certificate is refused in the handshake with its reason in `sink`
// (which may be null). Which identity it is, is asked per call: see `CallerOf`.
// `clock` must outlive the credentials.
// Errors: FAILED_PRECONDITION certificate or key cannot be read or do not
// belong together.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const TlsFiles& files, std::shared_ptr<TrustSource> trust, const Clock& clock,
    std::shared_ptr<RefusalSink> sink);

// Channel credentials: presents the client's certificate and takes the server
// only when its chain is good by `trust` and its single URI SAN is
// `server_identity`. Host names are not looked at. Errors: as above.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const TlsFiles& files, std::shared_ptr<TrustSource> trust, const Clock& clock,
    std::string server_identity, std::shared_ptr<RefusalSink> sink = nullptr);

}  // namespace waystation::rpc

#endif  // WAYSTATION_COMMON_RPC_TLS_H_
