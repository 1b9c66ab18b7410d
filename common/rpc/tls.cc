#include "common/rpc/tls.h"

#include <functional>
#include <utility>
#include <vector>

#include "common/config/file.h"
#include "common/crypto/certificate.h"
#include "common/crypto/signing_key.h"
#include "common/limits/limits.h"
#include "common/rpc/refusals.h"
#include "common/status/status.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_certificate_verifier.h"
#include "grpcpp/security/tls_credentials_options.h"

namespace waystation::rpc {
namespace {

namespace tls = grpc::experimental;

constexpr size_t kPemBytesMax = 1024 * 1024;
constexpr unsigned int kWatchSeconds = 1;

std::string_view Std(grpc::string_ref text) { return {text.data(), text.size()}; }

// What the peer claims to be; quoted, since nobody has vouched for it.
std::string ClaimOf(const crypto::Certificate& leaf) {
  if (leaf.uri_sans().size() != 1)
    return "certificate " + crypto::Hex(crypto::AsBytes(leaf.sha256()));
  std::string claim = leaf.uri_sans().front().substr(0, kIdentityBytesMax);
  for (char& c : claim) {
    if (c <= 0x20 || c > 0x7e) c = '?';
  }
  return claim;
}

// Judges the peer's chain in the handshake. gRPC and OpenSSL are told not to:
// they would refuse without saying why, and they hold old revocation lists.
class PeerVerifier : public tls::ExternalCertificateVerifier {
 public:
  // An empty `expected` takes any identity.
  PeerVerifier(std::shared_ptr<TrustSource> trust, const Clock& clock, std::string expected,
               std::shared_ptr<RefusalSink> sink)
      : trust_(std::move(trust)),
        clock_(clock),
        expected_(std::move(expected)),
        sink_(std::move(sink)) {}

  bool Verify(tls::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    *sync_status = Judge(Std(request->peer_cert()), Std(request->peer_cert_full_chain()));
    return true;
  }

  // Verify answers at once, so there is nothing to cancel.
  void Cancel(tls::TlsCustomVerificationCheckRequest*) override {}

 private:
  grpc::Status Judge(std::string_view leaf_pem, std::string_view chain_pem) {
    auto leaf = crypto::Certificate::FromPem(leaf_pem);
    if (!leaf.ok()) {
      return Refuse("certificate unreadable", "CERTIFICATE_UNTRUSTED",
                    Problem("peer's certificate", "unreadable",
                            Quoted(waystation::Std(leaf.status().message())),
                            "one X.509 certificate in PEM"));
    }
    // The chain holds the leaf on the client's side and not on the server's;
    // either way it does no harm among the intermediates.
    std::vector<crypto::Certificate> chain;
    if (auto parsed = crypto::ParsePemChain(chain_pem); parsed.ok()) chain = *std::move(parsed);
    const crypto::TrustVerdict verdict =
        trust_->Current().Check(*leaf, chain, crypto::KeyUse::kTls, clock_.Now());
    if (!verdict.ok()) return Refuse(ClaimOf(*leaf), ReasonFor(verdict.problem), verdict.text);
    if (expected_.empty() || leaf->uri_sans() == std::vector<std::string>{expected_}) {
      return grpc::Status::OK;
    }
    return Refuse(
        ClaimOf(*leaf), "IDENTITY_UNKNOWN",
        Problem("server", "not the expected one", Quoted(ClaimOf(*leaf)), Quoted(expected_)));
  }

  grpc::Status Refuse(std::string_view peer, std::string_view reason, std::string_view text) {
    if (sink_ != nullptr) sink_->OnRefusal(peer, "handshake", reason, text);
    return grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                        absl::StrCat(Absl(reason), ": ", Absl(text)));
  }

  const std::shared_ptr<TrustSource> trust_;
  const Clock& clock_;
  const std::string expected_;
  const std::shared_ptr<RefusalSink> sink_;
};

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  auto pem = config::ReadFile(path, kPemBytesMax);
  if (!pem.ok()) return absl::FailedPreconditionError(pem.status().message());
  return pem;
}

// gRPC's watcher says nothing about files that it cannot use, so they are
// judged here while somebody is there to read the error.
absl::Status CheckFiles(const TlsFiles& files) {
  WS_ASSIGN_OR_RETURN(std::string certificate_pem, ReadPem(files.certificate_path));
  WS_ASSIGN_OR_RETURN(std::string key_pem, ReadPem(files.key_path));
  auto chain = crypto::ParsePemChain(certificate_pem);
  if (!chain.ok()) {
    return absl::FailedPreconditionError(
        Problem(files.certificate_path, std::string(chain.status().message())));
  }
  auto key = crypto::SigningKey::FromPem(key_pem);
  if (!key.ok()) {
    return absl::FailedPreconditionError(
        Problem(files.key_path, std::string(key.status().message())));
  }
  if (key->public_key_der() != chain->front().public_key_der()) {
    return absl::FailedPreconditionError(
        Problem(files.key_path, "not the key of " + files.certificate_path));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const TlsFiles& files, std::shared_ptr<TrustSource> trust, const Clock& clock,
    std::shared_ptr<RefusalSink> sink) {
  WS_RETURN_IF_ERROR(CheckFiles(files));
  tls::TlsServerCredentialsOptions options(std::make_shared<tls::FileWatcherCertificateProvider>(
      files.key_path, files.certificate_path, kWatchSeconds));
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  options.set_certificate_verifier(tls::ExternalCertificateVerifier::Create<PeerVerifier>(
      std::move(trust), clock, std::string(), std::move(sink)));
  return tls::TlsServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const TlsFiles& files, std::shared_ptr<TrustSource> trust, const Clock& clock,
    std::string server_identity, std::shared_ptr<RefusalSink> sink) {
  WS_RETURN_IF_ERROR(CheckFiles(files));
  if (server_identity.empty()) {
    return absl::FailedPreconditionError(Problem("server identity", "missing"));
  }
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<tls::FileWatcherCertificateProvider>(
      files.key_path, files.certificate_path, trust->roots_path(), kWatchSeconds));
  options.watch_identity_key_cert_pairs();
  options.watch_root_certs();
  options.set_verify_server_certs(false);
  options.set_check_call_host(false);
  options.set_certificate_verifier(tls::ExternalCertificateVerifier::Create<PeerVerifier>(
      std::move(trust), clock, std::move(server_identity), std::move(sink)));
  return tls::TlsCredentials(options);
}

}  // namespace waystation::rpc
