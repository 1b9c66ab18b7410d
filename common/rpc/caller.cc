#include "common/rpc/caller.h"

#include <string_view>
#include <utility>
#include <vector>

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

}  // namespace

absl::StatusOr<Caller> CallerOf(const grpc::AuthContext& context, const crypto::TrustStore& trust,
                                absl::Time now) {
  // The certificate itself, not gRPC's reading of it: one parser decides.
  auto leaf = crypto::Certificate::FromPem(OnlyValue(context, GRPC_X509_PEM_CERT_PROPERTY_NAME));
  if (!leaf.ok()) return Refuse("IDENTITY_MISSING", Problem("caller", "no client certificate"));
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
  std::vector<crypto::Certificate> chain;
  if (auto parsed =
          crypto::ParsePemChain(OnlyValue(context, GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME));
      parsed.ok()) {
    chain = *std::move(parsed);
  }
  const crypto::TrustVerdict verdict = trust.Check(*leaf, chain, crypto::KeyUse::kTls, now);
  if (!verdict.ok()) return Refuse(ReasonFor(verdict.problem), verdict.text);
  return Caller{names.front(), std::move(id->trust_domain), std::move(id->path), leaf->sha256()};
}

}  // namespace waystation::rpc
