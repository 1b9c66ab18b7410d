#include "common/crypto/certificate.h"

#include <atomic>
#include <thread>
#include <vector>

#include "common/crypto/dsse.h"
#include "common/crypto/signing_key.h"
#include "common/crypto/test_authority.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::crypto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CertificateTest : public testing::Test {
 protected:
  const CertificateAuthority authority_ = TestAuthority();
  const IssuedCertificate issued_ = TestIssue(authority_, KeyUse::kSign);
  const Certificate& certificate_ = issued_.certificate;
  const SigningKey key_ = *SigningKey::FromPem(issued_.key_pem);
  const Digest digest_ = PreAuthDigest("type", "header");
};

TEST_F(CertificateTest, ShowsItsFields) {
  EXPECT_EQ(certificate_.subject_common_name(), "ins sign");
  EXPECT_EQ(certificate_.issuer_common_name(), "test root");
  EXPECT_THAT(certificate_.uri_sans(), ElementsAre("spiffe://bus.example/agency/ins"));
  EXPECT_EQ(certificate_.not_before(), TestTime() - absl::Hours(1));
  EXPECT_EQ(certificate_.not_after(), TestTime() + absl::Hours(24 * 30));
  EXPECT_EQ(certificate_.sha256(), Sha256(certificate_.der()));
  EXPECT_EQ(certificate_.public_key_der(), key_.public_key_der());
  EXPECT_EQ(certificate_.serial().size(), 32u);
  EXPECT_TRUE(certificate_.is_p256());
}

TEST_F(CertificateTest, DerAndPemGiveTheSameCertificateBack) {
  EXPECT_EQ(*Certificate::FromDer(certificate_.der()), certificate_);
  EXPECT_EQ(*Certificate::FromPem(certificate_.ToPem()), certificate_);
  EXPECT_EQ(certificate_.ToPem(), issued_.certificate_pem);
}

TEST_F(CertificateTest, ShowsTwoUriSansAndNone) {
  IssueRequest request = TestRequest(KeyUse::kTls);
  request.dns_names = {"localhost"};
  request.uri_sans = {"spiffe://bus.example/agency/ins", "spiffe://bus.example/agency/doj"};
  EXPECT_THAT(authority_.Issue(request)->certificate.uri_sans(),
              ElementsAre("spiffe://bus.example/agency/ins", "spiffe://bus.example/agency/doj"));
  request.uri_sans.clear();
  EXPECT_THAT(authority_.Issue(request)->certificate.uri_sans(), IsEmpty());
  EXPECT_THAT(authority_.certificate().uri_sans(), IsEmpty());
}

TEST_F(CertificateTest, KeyUseFollowsTheX509Bits) {
  struct Case {
    KeyUse asked;
    KeyUse shown;
  };
  const Case kCases[] = {{KeyUse::kTls, KeyUse::kTls},
                         {KeyUse::kSign, KeyUse::kSign},
                         {KeyUse::kEncrypt, KeyUse::kEncrypt},
                         {KeyUse::kRecovery, KeyUse::kEncrypt},
                         {KeyUse::kArchive, KeyUse::kEncrypt}};
  for (const Case& c : kCases) {
    const Certificate certificate = TestIssue(authority_, c.asked).certificate;
    EXPECT_EQ(certificate.key_use(), c.shown) << KeyUseName(c.asked);
    for (const Case& other : kCases) {
      EXPECT_EQ(certificate.Allows(other.asked), other.shown == c.shown)
          << KeyUseName(c.asked) << " as " << KeyUseName(other.asked);
    }
  }
  EXPECT_EQ(authority_.certificate().key_use(), std::nullopt);
}

TEST_F(CertificateTest, RefusesBadDer) {
  const std::string& der = certificate_.der();
  EXPECT_TRUE(absl::IsInvalidArgument(Certificate::FromDer("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Certificate::FromDer(der + '\0').status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Certificate::FromDer(der + der).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Certificate::FromDer(std::string(20'000, '0')).status()));
  for (size_t size = 0; size < der.size(); ++size) {
    ASSERT_TRUE(absl::IsInvalidArgument(Certificate::FromDer(der.substr(0, size)).status()))
        << size;
  }
}

TEST_F(CertificateTest, AlteredDerIsRefusedOrAnotherCertificate) {
  for (size_t bit = 0; bit < certificate_.der().size() * 8; ++bit) {
    std::string der = certificate_.der();
    der[bit / 8] = static_cast<char>(der[bit / 8] ^ (1 << (bit % 8)));
    absl::StatusOr<Certificate> altered = Certificate::FromDer(der);
    if (altered.ok()) {
      ASSERT_NE(altered->sha256(), certificate_.sha256());
    }
  }
}

TEST_F(CertificateTest, RefusesControlCharactersInAUriSan) {
  std::string der = certificate_.der();
  size_t at = der.find("spiffe://bus");
  ASSERT_NE(at, std::string::npos);
  for (char bad : {'\0', '\n', ' ', '\x7f', '\x80'}) {
    der[at + 9] = bad;
    absl::Status status = Certificate::FromDer(der).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("URI SAN malformed"));
  }
}

TEST_F(CertificateTest, ReadsPemChainsInOrder) {
  const std::string chain =
      "leaf:\n" + certificate_.ToPem() + "issuer:\n" + authority_.cert_pem() + "end\n";
  absl::StatusOr<std::vector<Certificate>> certificates = ParsePemChain(chain);
  ASSERT_TRUE(certificates.ok()) << certificates.status();
  EXPECT_THAT(*certificates, ElementsAre(certificate_, authority_.certificate()));
}

TEST_F(CertificateTest, RefusesBadPem) {
  const std::string pem = certificate_.ToPem();
  std::string many;
  for (int i = 0; i < 17; ++i) many += pem;
  EXPECT_TRUE(absl::IsInvalidArgument(ParsePemChain("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ParsePemChain("nothing here").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ParsePemChain(many).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ParsePemChain(std::string(600'000, '\n')).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ParsePemChain(pem + pem.substr(0, 200)).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Certificate::FromPem(pem + pem).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Certificate::FromPem(issued_.key_pem).status()));
}

TEST_F(CertificateTest, VerifiesItsKeysSignature) {
  const std::string signature = *key_.SignDigest(digest_);
  EXPECT_TRUE(certificate_.VerifySignature(digest_, signature).ok());
  Certificate copy = certificate_;
  EXPECT_TRUE(copy.VerifySignature(digest_, signature).ok());
}

TEST_F(CertificateTest, RefusesEveryFlippedBitOfSignatureAndDigest) {
  const std::string signature = *key_.SignDigest(digest_);
  for (size_t bit = 0; bit < signature.size() * 8; ++bit) {
    std::string altered = signature;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_TRUE(absl::IsUnauthenticated(certificate_.VerifySignature(digest_, altered))) << bit;
  }
  for (size_t bit = 0; bit < digest_.size() * 8; ++bit) {
    Digest altered = digest_;
    altered[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    ASSERT_TRUE(absl::IsUnauthenticated(certificate_.VerifySignature(altered, signature))) << bit;
  }
  EXPECT_TRUE(certificate_.VerifySignature(digest_, signature).ok());
}

TEST_F(CertificateTest, RefusesSignaturesOfTheWrongLengthOrKey) {
  const std::string signature = *key_.SignDigest(digest_);
  const std::string foreign = *SigningKey::Generate()->SignDigest(digest_);
  for (const std::string& bad :
       {std::string(), foreign, signature + '\0', std::string(73, '0'), signature.substr(0, 10)}) {
    absl::Status status = certificate_.VerifySignature(digest_, bad);
    EXPECT_TRUE(absl::IsUnauthenticated(status)) << status;
  }
}

TEST_F(CertificateTest, VerifiesOnManyThreadsAtOnce) {
  const std::string good = *key_.SignDigest(digest_);
  const std::string bad = *key_.SignDigest(Sha256("another"));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, copy = certificate_] {
      for (int i = 0; i < 200; ++i) {
        if (!copy.VerifySignature(digest_, good).ok()) ++wrong;
        if (copy.VerifySignature(digest_, bad).ok()) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace waystation::crypto
