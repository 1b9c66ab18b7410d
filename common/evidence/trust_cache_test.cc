#include "common/evidence/trust_cache.h"

#include "common/evidence/test_bus.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::evidence {
namespace {

// A certificate that is good from an hour before Now() to a day after it.
class TrustCacheTest : public testing::Test {
 protected:
  crypto::TrustStore StoreThatRevokedAt(absl::Time at) {
    auto crl = bus_.authority().IssueCrl({{certificate_.serial(), at}}, 2, TestBus::Now(),
                                         TestBus::Now() + absl::Hours(48));
    EXPECT_TRUE(crl.ok()) << crl.status();
    return *crypto::TrustStore::Create(bus_.roots_pem(), *crl, absl::ZeroDuration());
  }

  TestBus bus_;
  crypto::Certificate certificate_ = bus_.Enroll("/agency/ins").certificate();
};

TEST_F(TrustCacheTest, GoodAtTwoTimesDoesNotStretchBeyondThem) {
  TrustCache cache(bus_.Trust());
  EXPECT_TRUE(cache.Check(certificate_, TestBus::Now()).ok());
  EXPECT_TRUE(cache.Check(certificate_, TestBus::Now() + absl::Hours(20)).ok());
  EXPECT_TRUE(cache.Check(certificate_, TestBus::Now() + absl::Hours(10)).ok());
  EXPECT_EQ(ReasonOf(cache.Check(certificate_, TestBus::Now() + absl::Hours(25))),
            "CERTIFICATE_EXPIRED");
  EXPECT_EQ(ReasonOf(cache.Check(certificate_, TestBus::Now() - absl::Hours(2))),
            "CERTIFICATE_EXPIRED");
}

TEST_F(TrustCacheTest, RevocationCountsFromItsDate) {
  TrustCache cache(StoreThatRevokedAt(TestBus::Now()));
  EXPECT_TRUE(cache.Check(certificate_, TestBus::Now() - absl::Minutes(30)).ok());
  EXPECT_TRUE(cache.Check(certificate_, TestBus::Now() - absl::Minutes(1)).ok());
  EXPECT_EQ(ReasonOf(cache.Check(certificate_, TestBus::Now() + absl::Minutes(1))),
            "CERTIFICATE_REVOKED");
}

TEST_F(TrustCacheTest, RefusesAnotherAuthoritysCertificate) {
  TestBus other;
  TrustCache cache(bus_.Trust());
  EXPECT_EQ(ReasonOf(cache.Check(other.Enroll("/agency/ins").certificate(), TestBus::Now())),
            "CERTIFICATE_UNTRUSTED");
}

TEST_F(TrustCacheTest, RefusesACertificateThatIsNotForSigning) {
  TrustCache cache(bus_.Trust());
  EXPECT_EQ(ReasonOf(cache.Check(bus_.Issue("/agency/ins", crypto::KeyUse::kTls).certificate,
                                 TestBus::Now())),
            "CERTIFICATE_UNTRUSTED");
}

}  // namespace
}  // namespace waystation::evidence
