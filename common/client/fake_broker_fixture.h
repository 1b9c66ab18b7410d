#ifndef WAYSTATION_COMMON_CLIENT_FAKE_BROKER_FIXTURE_H_
#define WAYSTATION_COMMON_CLIENT_FAKE_BROKER_FIXTURE_H_

#include <memory>
#include <string>

#include "common/client/bus_client.h"
#include "common/client/fake_broker.h"
#include "common/clock/clock.h"
#include "common/evidence/test_bus.h"
#include "common/rpc/test_tls.h"
#include "common/rpc/tls.h"
#include "gtest/gtest.h"

namespace waystation::client {

// A fake broker and the client of one agency, for this folder's tests.
//
// Single-threaded: the test.
class FakeBrokerFixture : public testing::Test {
 protected:
  static constexpr char kIns[] = "/agency/ins";
  static constexpr char kDoj[] = "/agency/doj";

  FakeBrokerFixture()
      : ins_(std::make_shared<evidence::Signer>(bus_.Enroll(kIns))),
        doj_(std::make_shared<evidence::Signer>(bus_.Enroll(kDoj))),
        broker_(bus_, tls_, clock_),
        client_(MakeClient(kDoj, doj_)) {}

  std::shared_ptr<BusClient> MakeClient(const std::string& path,
                                        std::shared_ptr<const evidence::Signer> signer) {
    const std::string broker = evidence::TestBus::Identity(kFakeBrokerPath);
    BusClient::Options options;
    options.target = broker_.address();
    options.trust = tls_.Trust(clock_);
    auto credentials = rpc::MakeChannelCredentials(
        tls_.Issue({evidence::TestBus::Identity(path)}).files, options.trust, clock_, broker);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    options.credentials = *credentials;
    options.broker_identity = broker;
    options.signer = std::move(signer);
    options.directory_refresh_min = absl::ZeroDuration();
    return std::make_shared<BusClient>(std::move(options), clock_);
  }

  // A note from one to the other.
  static bus::v1::SignedMessage Note(const evidence::Signer& signer, const char* from,
                                     const char* to, uint64_t number) {
    const std::string payload = "note " + std::to_string(number);
    return evidence::TestMessage(signer, evidence::TestHeader(from, to, number, payload), payload);
  }

  static std::string IdOf(uint64_t number) {
    return evidence::TestHeader(kDoj, kIns, number, "").id();
  }

  FakeClock clock_{evidence::TestBus::Now()};
  evidence::TestBus bus_;
  rpc::TestTls tls_{bus_.authority(), evidence::TestBus::Now()};
  std::shared_ptr<const evidence::Signer> ins_;
  std::shared_ptr<const evidence::Signer> doj_;
  FakeBroker broker_;
  std::shared_ptr<BusClient> client_;
};

}  // namespace waystation::client

#endif  // WAYSTATION_COMMON_CLIENT_FAKE_BROKER_FIXTURE_H_
