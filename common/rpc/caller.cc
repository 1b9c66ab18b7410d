#include "common/rpc/caller.h"

#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/crypto/certificate.h"
#include "common/rpc/refusals.h"
#include "common/rpc/spiffe.h"
#include "common/status/status.h"
#include "grpc/grpc_security_constants.h"

namespace waystation::rpc {
namespace {

absl::Status Refuse(std::string_view reason, std::string text) {
  return Refusal(absl::StatusCode::kUnauthenticated, reason, std::move(text));
}

// "" when there is none or more than one.
std::string OnlyValue(const grpc::AuthContext& context, const char* name) {
  const auto values = context.FindPropertyValues(name);
  if (values.size() != 1) return "";
  return std::string(values.front().data(), values.front().size());
}

// What a connection's peer presented, read.
struct Presented {
  absl::StatusOr<crypto::Certificate> leaf;
  std::vector<crypto::Certificate> chain;
};

Presented Read(const std::string& leaf_pem, const std::string& chain_pem) {
  Presented presented{crypto::Certificate::FromPem(leaf_pem), {}};
  auto chain = crypto::ParsePemChain(chain_pem);
  if (chain.ok()) presented.chain = *std::move(chain);
  return presented;
}

// Reading PEM costs more than judging it, and a peer presents the same at each
// call: what was read is kept. Whether it is good is asked anew each time.
//
// Thread-safe.
class ReadCertificates {
 public:
  std::shared_ptr<const Presented> Of(const std::string& leaf_pem, const std::string& chain_pem) {
    const std::string key = leaf_pem + "\n" + chain_pem;
    std::lock_guard<std::mutex> lock(mutex_);
    auto found = read_.find(key);
    if (found != read_.end()) return found->second;
    // All at once: peers are few, and only a flood of strangers gets here.
    if (read_.size() >= kKeptMax) read_.clear();
    auto presented = std::make_shared<const Presented>(Read(leaf_pem, chain_pem));
    return read_.emplace(key, std::move(presented)).first->second;
  }

 private:
  static constexpr size_t kKeptMax = 256;

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Presented>, std::less<>> read_
      ABSL_GUARDED_BY(mutex_);
};

std::shared_ptr<const Presented> PresentedBy(const grpc::AuthContext& context) {
  static ReadCertificates& read = *new ReadCertificates;
  return read.Of(OnlyValue(context, GRPC_X509_PEM_CERT_PROPERTY_NAME),
                 OnlyValue(context, GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME));
}

}  // namespace

absl::StatusOr<Caller> CallerOf(const grpc::AuthContext& context, const crypto::TrustStore& trust,
                                absl::Time now) {
  // The certificate itself, not gRPC's reading of it: one parser decides.
  const std::shared_ptr<const Presented> presented = PresentedBy(context);
  const absl::StatusOr<crypto::Certificate>& leaf = presented->leaf;
  if (!leaf.ok()) {
    return Refuse("IDENTITY_MISSING",
                  Problem("caller", "no client certificate", Quoted(Std(leaf.status().message())),
                          "one X.509 certificate in PEM"));
  }
  const std::vector<std::string>& names = leaf->uri_sans();
  if (names.size() > 1) {
    return Refuse("IDENTITY_AMBIGUOUS", Problem("client certificate", "more than one URI SAN",
                                                absl::StrCat(names.size()), "one, a SPIFFE ID"));
  }
  auto id = ParseSpiffeId(names.empty() ? "" : names.front());
  if (!id.ok()) {
    return Refuse("IDENTITY_MISSING",
                  Problem("client certificate", "no SPIFFE ID in its URI SAN",
                          names.empty() ? "none" : Quoted(names.front()), "one, a SPIFFE ID"));
  }
  const crypto::TrustVerdict verdict =
      trust.Check(*leaf, presented->chain, crypto::KeyUse::kTls, now);
  if (!verdict.ok()) return Refuse(ReasonFor(verdict.problem), verdict.text);
  return Caller{names.front(), std::move(id->trust_domain), std::move(id->path), leaf->sha256()};
}

}  // namespace waystation::rpc
