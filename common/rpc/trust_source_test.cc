#include "common/rpc/trust_source.h"

#include <filesystem>
#include <string>

#include "common/clock/clock.h"
#include "common/rpc/test_tls.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::rpc {
namespace {

absl::Time Now() { return absl::FromUnixSeconds(1'795'000'000); }

class TrustSourceTest : public testing::Test {
 protected:
  FakeClock clock_{Now()};
  TestTls tls_{Now()};
};

TEST_F(TrustSourceTest, TakesUpANewRevocationList) {
  auto trust = tls_.Trust(clock_);
  EXPECT_EQ(trust->Current().crl_number(), 1u);
  EXPECT_EQ(trust->generation(), 1u);
  tls_.Revoke({"0a"});
  EXPECT_EQ(trust->Current().crl_number(), 2u);
  EXPECT_EQ(trust->generation(), 2u);
  EXPECT_THAT(trust->crl_pem(), testing::StartsWith("-----BEGIN X509 CRL-----"));
}

TEST_F(TrustSourceTest, KeepsTheLastGoodListWhenTheNewOneIsBroken) {
  auto trust = tls_.Trust(clock_);
  tls_.Revoke({"0a"});
  ASSERT_EQ(trust->Current().crl_number(), 2u);
  for (const char* bad : {"", "garbage", "-----BEGIN X509 CRL-----\nAAAA\n"}) {
    tls_.WriteCrl(bad);
    EXPECT_EQ(trust->Current().crl_number(), 2u) << bad;
  }
  std::filesystem::remove(tls_.crl_path());
  EXPECT_EQ(trust->Current().crl_number(), 2u);
  tls_.Revoke({"0a"});
  EXPECT_EQ(trust->Current().crl_number(), 3u);
}

TEST_F(TrustSourceTest, DoesNotUnrevokeByAnOlderList) {
  const std::string old = tls_.CrlPem(1, {});
  auto trust = tls_.Trust(clock_);
  tls_.Revoke({"0a"});
  ASSERT_EQ(trust->Current().crl_number(), 2u);
  tls_.WriteCrl(old);
  EXPECT_EQ(trust->Current().crl_number(), 2u);
}

TEST_F(TrustSourceTest, LooksNoMoreOftenThanAsked) {
  TrustSource::Options options{tls_.roots_path(), tls_.crl_path()};
  options.poll = absl::Seconds(1);
  auto trust = TrustSource::Create(options, clock_);
  ASSERT_TRUE(trust.ok()) << trust.status();
  tls_.Revoke({"0a"});
  EXPECT_EQ((*trust)->Current().crl_number(), 1u);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ((*trust)->Current().crl_number(), 2u);
}

TEST_F(TrustSourceTest, DoesNotStartWithoutGoodFiles) {
  TrustSource::Options options{tls_.roots_path(), tls_.crl_path() + ".none"};
  EXPECT_TRUE(absl::IsFailedPrecondition(TrustSource::Create(options, clock_).status()));
  tls_.WriteCrl("");
  options.crl_path = tls_.crl_path();
  EXPECT_TRUE(absl::IsFailedPrecondition(TrustSource::Create(options, clock_).status()));
  tls_.WriteCrl("garbage");
  EXPECT_FALSE(TrustSource::Create(options, clock_).ok());
}

}  // namespace
}  // namespace waystation::rpc
