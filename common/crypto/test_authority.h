#ifndef WAYSTATION_COMMON_CRYPTO_TEST_AUTHORITY_H_
#define WAYSTATION_COMMON_CRYPTO_TEST_AUTHORITY_H_

#include <string>
#include <utility>

#include "absl/time/time.h"
#include "common/crypto/authority.h"
#include "common/status/status.h"

// Certificates for the tests of this folder: one fixed day, no clock.

namespace waystation::crypto {

// 2001-01-10 00:00:00 UTC.
inline absl::Time TestTime() { return absl::FromUnixSeconds(979084800); }

inline CertificateAuthority TestAuthority(std::string_view name = "test root") {
  auto authority =
      CertificateAuthority::Create(name, TestTime() - absl::Hours(24), absl::Hours(24 * 365));
  WS_CHECK(authority.ok());
  return *std::move(authority);
}

inline IssueRequest TestRequest(KeyUse use) {
  IssueRequest request;
  request.common_name = absl::StrCat("ins ", Absl(KeyUseName(use)));
  request.uri_sans = {"spiffe://bus.example/agency/ins"};
  request.use = use;
  request.not_before = TestTime() - absl::Hours(1);
  request.not_after = TestTime() + absl::Hours(24 * 30);
  return request;
}

inline IssuedCertificate TestIssue(const CertificateAuthority& authority, KeyUse use) {
  auto issued = authority.Issue(TestRequest(use));
  WS_CHECK(issued.ok());
  return *std::move(issued);
}

}  // namespace waystation::crypto

#endif  // WAYSTATION_COMMON_CRYPTO_TEST_AUTHORITY_H_
