#include "common/crypto/authority.h"

#include "common/crypto/test_authority.h"
#include "common/crypto/trust.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::crypto {
namespace {

using testing::HasSubstr;

constexpr absl::Duration kDay = absl::Hours(24);

TEST(AuthorityTest, IsTheSameAfterPem) {
  const CertificateAuthority first = TestAuthority();
  absl::StatusOr<CertificateAuthority> second =
      CertificateAuthority::FromPem(first.cert_pem(), *first.key_pem());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->certificate(), first.certificate());
  auto store =
      TrustStore::Create(first.cert_pem(), *second->IssueCrl({}, 1, TestTime(), TestTime() + kDay),
                         absl::ZeroDuration());
  ASSERT_TRUE(store.ok()) << store.status();
  const Certificate leaf = TestIssue(*second, KeyUse::kTls).certificate;
  TrustVerdict verdict = store->Check(leaf, {}, KeyUse::kTls, TestTime());
  EXPECT_TRUE(verdict.ok()) << verdict.text;
}

TEST(AuthorityTest, FromPemRefusesTheKeyOfAnother) {
  EXPECT_TRUE(absl::IsInvalidArgument(
      CertificateAuthority::FromPem(TestAuthority().cert_pem(), *TestAuthority().key_pem())
          .status()));
}

TEST(AuthorityTest, KeyOfAnIssuedCertificateFitsIt) {
  const IssuedCertificate issued = TestIssue(TestAuthority(), KeyUse::kEncrypt);
  EXPECT_EQ(SigningKey::FromPem(issued.key_pem)->public_key_der(),
            issued.certificate.public_key_der());
}

TEST(AuthorityTest, SerialsDiffer) {
  const CertificateAuthority authority = TestAuthority();
  EXPECT_NE(TestIssue(authority, KeyUse::kSign).certificate.serial(),
            TestIssue(authority, KeyUse::kSign).certificate.serial());
}

TEST(AuthorityTest, WritesServerNamesAndAddresses) {
  IssueRequest request = TestRequest(KeyUse::kTls);
  request.dns_names = {"localhost"};
  request.ip_addresses = {"127.0.0.1", "::1"};
  absl::StatusOr<IssuedCertificate> issued = TestAuthority().Issue(request);
  ASSERT_TRUE(issued.ok()) << issued.status();
  // GeneralName [2] and [7] of RFC 5280 4.2.1.6.
  EXPECT_THAT(issued->certificate.der(), HasSubstr("\x82\x09localhost"));
  EXPECT_THAT(issued->certificate.der(), HasSubstr(std::string("\x87\x04\x7f\x00\x00\x01", 6)));
  EXPECT_THAT(issued->certificate.der(), HasSubstr("\x87\x10" + std::string(15, '\0') + "\x01"));
}

TEST(AuthorityTest, RefusesBadRequests) {
  struct Case {
    const char* name;
    void (*spoil)(IssueRequest&);
  };
  const Case kCases[] = {
      {"no name", [](IssueRequest& r) { r.common_name.clear(); }},
      {"long name", [](IssueRequest& r) { r.common_name.assign(65, 'n'); }},
      {"no URI", [](IssueRequest& r) { r.uri_sans = {""}; }},
      {"URI with NUL", [](IssueRequest& r) { r.uri_sans = {std::string("a\0b", 3)}; }},
      {"URI with space", [](IssueRequest& r) { r.uri_sans = {"spiffe://a b"}; }},
      {"no address", [](IssueRequest& r) { r.ip_addresses = {"localhost"}; }},
      {"ends before it starts", [](IssueRequest& r) { r.not_after = r.not_before; }},
      {"endless", [](IssueRequest& r) { r.not_after = absl::InfiniteFuture(); }},
  };
  const CertificateAuthority authority = TestAuthority();
  for (const Case& c : kCases) {
    IssueRequest request = TestRequest(KeyUse::kTls);
    c.spoil(request);
    absl::Status status = authority.Issue(request).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << c.name << ": " << status;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(
      CertificateAuthority::Create("root", TestTime(), absl::ZeroDuration()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(CertificateAuthority::Create("", TestTime(), kDay).status()));
}

TEST(AuthorityTest, RefusesBadCrls) {
  const CertificateAuthority authority = TestAuthority();
  for (const char* serial :
       {"", "xyz", "0x1", "-1", "00112233445566778899aabbccddeeff0011223344"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(
        authority.IssueCrl({{serial, TestTime()}}, 1, TestTime(), TestTime() + kDay).status()))
        << serial;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(authority.IssueCrl({}, 1, TestTime(), TestTime()).status()));
}

TEST(AuthorityTest, CrlHoldsTheLargestNumber) {
  const CertificateAuthority authority = TestAuthority();
  const std::string crl = *authority.IssueCrl({}, UINT64_MAX, TestTime(), TestTime() + kDay);
  auto store = TrustStore::Create(authority.cert_pem(), crl, absl::ZeroDuration());
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(store->crl_number(), UINT64_MAX);
}

}  // namespace
}  // namespace waystation::crypto
