#include "common/crypto/trust.h"

#include <set>

#include "common/crypto/test_authority.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::crypto {
namespace {

using testing::HasSubstr;

constexpr absl::Duration kDay = absl::Hours(24);
constexpr absl::Duration kGrace = absl::Hours(6);

class TrustTest : public testing::Test {
 protected:
  // A CRL of one day from TestTime().
  std::string Crl(const std::vector<Revocation>& revoked = {}, uint64_t number = 7) const {
    return *authority_.IssueCrl(revoked, number, TestTime(), TestTime() + kDay);
  }
  TrustStore Store(const std::string& crl) const {
    auto store = TrustStore::Create(authority_.cert_pem(), crl, kGrace);
    WS_CHECK(store.ok());
    return *store;
  }
  TrustProblem At(const TrustStore& store, absl::Time at, KeyUse use = KeyUse::kSign) const {
    TrustVerdict verdict = store.Check(leaf_, {}, use, at);
    EXPECT_EQ(verdict.ok(), verdict.problem == TrustProblem::kNone);
    if (!verdict.ok()) {
      EXPECT_THAT(verdict.text, HasSubstr(Hex(AsBytes(leaf_.sha256()))));
    }
    return verdict.problem;
  }

  const CertificateAuthority authority_ = TestAuthority();
  const Certificate leaf_ = TestIssue(authority_, KeyUse::kSign).certificate;
};

TEST_F(TrustTest, TrustsAGoodCertificateInSilence) {
  TrustVerdict verdict = Store(Crl()).Check(leaf_, {}, KeyUse::kSign, TestTime());
  EXPECT_TRUE(verdict.ok()) << verdict.text;
  EXPECT_EQ(verdict.text, "");
}

TEST_F(TrustTest, RefusesOtherUses) {
  const TrustStore store = Store(Crl());
  EXPECT_EQ(At(store, TestTime(), KeyUse::kTls), TrustProblem::kWrongUse);
  EXPECT_EQ(At(store, TestTime(), KeyUse::kEncrypt), TrustProblem::kWrongUse);
  EXPECT_EQ(store.Check(authority_.certificate(), {}, KeyUse::kSign, TestTime()).problem,
            TrustProblem::kWrongUse);
}

TEST_F(TrustTest, RefusesAnotherAuthorityAlsoOfTheSameName) {
  for (const char* name : {"another root", "test root"}) {
    const CertificateAuthority other = TestAuthority(name);
    const Certificate leaf = TestIssue(other, KeyUse::kSign).certificate;
    EXPECT_EQ(Store(Crl()).Check(leaf, {}, KeyUse::kSign, TestTime()).problem,
              TrustProblem::kUntrustedIssuer);
    // Sending the other root along does not help.
    EXPECT_EQ(Store(Crl()).Check(leaf, {other.certificate()}, KeyUse::kSign, TestTime()).problem,
              TrustProblem::kUntrustedIssuer);
  }
}

TEST_F(TrustTest, RefusesOutsideTheValidityToTheSecond) {
  // A CRL wide enough that only the certificate's own times decide.
  const std::string crl = *authority_.IssueCrl({}, 1, TestTime() - kDay, TestTime() + 60 * kDay);
  const TrustStore store = Store(crl);
  EXPECT_EQ(At(store, leaf_.not_before() - absl::Seconds(1)), TrustProblem::kNotYetValid);
  EXPECT_EQ(At(store, leaf_.not_before()), TrustProblem::kNone);
  // OpenSSL ends validity with the second notAfter itself.
  EXPECT_EQ(At(store, leaf_.not_after() - absl::Seconds(1)), TrustProblem::kNone);
  EXPECT_EQ(At(store, leaf_.not_after() + absl::Seconds(1)), TrustProblem::kExpired);
}

TEST_F(TrustTest, RefusesARevokedCertificate) {
  const TrustStore store = Store(Crl({{leaf_.serial(), TestTime() - absl::Minutes(1)}}));
  EXPECT_EQ(At(store, TestTime() + absl::Hours(1)), TrustProblem::kRevoked);
  // Another certificate of the same authority stays good.
  EXPECT_TRUE(store
                  .Check(TestIssue(authority_, KeyUse::kSign).certificate, {}, KeyUse::kSign,
                         TestTime() + absl::Hours(1))
                  .ok());
}

TEST_F(TrustTest, LaterRevocationLeavesTheTimeBeforeItGood) {
  const absl::Time revoked_at = TestTime() + absl::Hours(2);
  const std::string crl = *authority_.IssueCrl({{leaf_.serial(), revoked_at}}, 8,
                                               TestTime() + absl::Hours(3), TestTime() + kDay);
  const TrustStore store = Store(crl);
  EXPECT_EQ(At(store, revoked_at - absl::Seconds(1)), TrustProblem::kNone);
  EXPECT_EQ(At(store, revoked_at), TrustProblem::kRevoked);
  EXPECT_EQ(At(store, TestTime() + absl::Hours(4)), TrustProblem::kRevoked);
}

TEST_F(TrustTest, WithoutACrlNothingIsTrusted) {
  const TrustStore store = Store("");
  EXPECT_EQ(At(store, TestTime()), TrustProblem::kCrlMissing);
  EXPECT_EQ(store.crl_number(), 0u);
  EXPECT_EQ(store.next_crl_update(), absl::InfiniteFuture());
}

TEST_F(TrustTest, ACrlOfAnotherAuthorityDoesNotCount) {
  const CertificateAuthority other = TestAuthority("another root");
  const std::string crl = *other.IssueCrl({}, 7, TestTime(), TestTime() + kDay);
  EXPECT_EQ(At(Store(crl), TestTime()), TrustProblem::kCrlMissing);
}

TEST_F(TrustTest, AForgedCrlOfTheSameNameIsRefused) {
  const CertificateAuthority forger = TestAuthority("test root");
  const std::string crl = *forger.IssueCrl({}, 7, TestTime(), TestTime() + kDay);
  EXPECT_FALSE(Store(crl).Check(leaf_, {}, KeyUse::kSign, TestTime()).ok());
}

TEST_F(TrustTest, AStaleCrlCountsWithinItsGraceAndSaysSo) {
  const TrustStore store = Store(Crl());
  const absl::Time next_update = TestTime() + kDay;
  EXPECT_EQ(store.next_crl_update(), next_update);
  TrustVerdict verdict =
      store.Check(leaf_, {}, KeyUse::kSign, next_update + kGrace - absl::Seconds(1));
  EXPECT_TRUE(verdict.ok()) << verdict.text;
  EXPECT_THAT(verdict.text, HasSubstr("past its next update"));
  EXPECT_EQ(At(store, next_update + kGrace), TrustProblem::kNone);
  EXPECT_EQ(At(store, next_update + kGrace + absl::Seconds(1)), TrustProblem::kCrlExpired);
}

TEST_F(TrustTest, AStaleCrlStillRevokes) {
  const TrustStore store = Store(Crl({{leaf_.serial(), TestTime()}}));
  EXPECT_EQ(At(store, TestTime() + kDay + absl::Hours(1)), TrustProblem::kRevoked);
}

TEST_F(TrustTest, TheNewestOfManyCrlsDecides) {
  const std::string newer = *authority_.IssueCrl({{leaf_.serial(), TestTime() + absl::Hours(1)}}, 9,
                                                 TestTime() + absl::Hours(1), TestTime() + kDay);
  for (const std::string& crls : {Crl() + newer, newer + Crl()}) {
    const TrustStore store = Store(crls);
    EXPECT_EQ(store.crl_number(), 9u);
    EXPECT_EQ(At(store, TestTime() + absl::Hours(2)), TrustProblem::kRevoked);
    EXPECT_EQ(At(store, TestTime() + absl::Minutes(1)), TrustProblem::kNone);
  }
}

TEST_F(TrustTest, IntermediatesNeedTheirOwnCrl) {
  const CertificateAuthority below =
      *authority_.IssueIntermediate("test issuer", TestTime() - kDay, 60 * kDay);
  const Certificate leaf = TestIssue(below, KeyUse::kSign).certificate;
  const std::string crl_below = *below.IssueCrl({}, 1, TestTime(), TestTime() + kDay);
  const std::vector<Certificate> chain = {below.certificate()};
  auto check = [&](const std::string& crls, const std::vector<Certificate>& others) {
    return Store(crls).Check(leaf, others, KeyUse::kSign, TestTime()).problem;
  };
  EXPECT_EQ(check(Crl() + crl_below, chain), TrustProblem::kNone);
  EXPECT_EQ(check(Crl() + crl_below, {}), TrustProblem::kUntrustedIssuer);
  EXPECT_EQ(check(Crl(), chain), TrustProblem::kCrlMissing);
  EXPECT_EQ(check(crl_below, chain), TrustProblem::kCrlMissing);
  EXPECT_EQ(check(Crl({{below.certificate().serial(), TestTime()}}) + crl_below, chain),
            TrustProblem::kRevoked);
}

TEST_F(TrustTest, ALeafCannotIssue) {
  const IssuedCertificate tls = TestIssue(authority_, KeyUse::kTls);
  // FromPem refuses such an authority, so the chain is made through a false one.
  EXPECT_FALSE(CertificateAuthority::FromPem(tls.certificate_pem, tls.key_pem).ok());
  const CertificateAuthority below =
      *authority_.IssueIntermediate("test issuer", TestTime() - kDay, 60 * kDay);
  const CertificateAuthority too_deep =
      *below.IssueIntermediate("too deep", TestTime() - kDay, 60 * kDay);
  const Certificate leaf = TestIssue(too_deep, KeyUse::kSign).certificate;
  const std::string crls = Crl() + *below.IssueCrl({}, 1, TestTime(), TestTime() + kDay) +
                           *too_deep.IssueCrl({}, 1, TestTime(), TestTime() + kDay);
  EXPECT_EQ(
      Store(crls)
          .Check(leaf, {below.certificate(), too_deep.certificate()}, KeyUse::kSign, TestTime())
          .problem,
      TrustProblem::kUntrustedIssuer);
}

TEST_F(TrustTest, RefusesAnAlteredCertificate) {
  const TrustStore store = Store(Crl());
  std::string der = leaf_.der();
  size_t at = der.find("/ins");
  ASSERT_NE(at, std::string::npos);
  der.replace(at, 4, "/doj");
  absl::StatusOr<Certificate> altered = Certificate::FromDer(der);
  ASSERT_TRUE(altered.ok()) << altered.status();
  EXPECT_EQ(store.Check(*altered, {}, KeyUse::kSign, TestTime()).problem,
            TrustProblem::kUntrustedIssuer);
}

TEST_F(TrustTest, RefusesTooManyIntermediates) {
  EXPECT_EQ(Store(Crl())
                .Check(leaf_, std::vector<Certificate>(17, leaf_), KeyUse::kSign, TestTime())
                .problem,
            TrustProblem::kMalformed);
}

TEST_F(TrustTest, CreateRefusesBadRootsAndCrls) {
  const std::string root = authority_.cert_pem();
  const std::string crl = Crl();
  struct Case {
    const char* name;
    std::string roots;
    std::string crls;
    absl::Duration grace;
  };
  const Case kCases[] = {
      {"no root", "", crl, kGrace},
      {"root is no PEM", "root", crl, kGrace},
      {"root is a leaf", leaf_.ToPem(), crl, kGrace},
      {"root is an intermediate",
       authority_.IssueIntermediate("below", TestTime(), kDay)->cert_pem(), crl, kGrace},
      {"crl is no PEM", root, "crl", kGrace},
      {"crl is cut", root, crl.substr(0, crl.size() / 2), kGrace},
      {"second crl is cut", root, crl + crl.substr(0, crl.size() / 2), kGrace},
      {"negative grace", root, crl, -kGrace},
  };
  for (const Case& c : kCases) {
    absl::Status status = TrustStore::Create(c.roots, c.crls, c.grace).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << c.name << ": " << status;
  }
}

TEST_F(TrustTest, EveryProblemHasItsOwnName) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(TrustProblem::kWrongUse); ++i) {
    names.insert(TrustProblemName(static_cast<TrustProblem>(i)));
  }
  EXPECT_EQ(names.size(), 9u);
  EXPECT_EQ(names.count("UNKNOWN"), 0u);
}

}  // namespace
}  // namespace waystation::crypto
