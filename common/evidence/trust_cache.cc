#include "common/evidence/trust_cache.h"

#include <algorithm>
#include <string_view>

#include "common/status/status.h"

namespace waystation::evidence {
namespace {

constexpr size_t kCertificatesMax = 10'000;

std::string_view ReasonFor(crypto::TrustProblem problem) {
  switch (problem) {
    case crypto::TrustProblem::kRevoked:
      return "CERTIFICATE_REVOKED";
    case crypto::TrustProblem::kExpired:
    case crypto::TrustProblem::kNotYetValid:
      return "CERTIFICATE_EXPIRED";
    default:
      return "CERTIFICATE_UNTRUSTED";
  }
}

}  // namespace

absl::Status TrustCache::Check(const crypto::Certificate& certificate, absl::Time at) {
  auto known = good_.find(certificate.sha256());
  if (known != good_.end() && known->second.from <= at && at <= known->second.until) {
    return absl::OkStatus();
  }
  const crypto::TrustVerdict verdict = store_.Check(certificate, {}, crypto::KeyUse::kSign, at);
  if (!verdict.ok()) {
    return Refusal(absl::StatusCode::kUnauthenticated, ReasonFor(verdict.problem), verdict.text);
  }
  if (known != good_.end()) {
    known->second = {std::min(known->second.from, at), std::max(known->second.until, at)};
    return absl::OkStatus();
  }
  if (good_.size() >= kCertificatesMax) good_.clear();
  good_.emplace(certificate.sha256(), Span{at, at});
  return absl::OkStatus();
}

}  // namespace waystation::evidence
