#include "common/agency/config.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::agency {
namespace {

AgencyConfig Good() {
  AgencyConfig config;
  config.set_identity("spiffe://waystation.example/agency/ins");
  config.set_broker_address("127.0.0.1:7443");
  config.set_broker_identity("spiffe://waystation.example/broker/1");
  config.set_listen_address("127.0.0.1:0");
  config.set_tls_certificate_path("tls.pem");
  config.set_tls_key_path("tls.key");
  config.set_sign_certificate_path("sign.pem");
  config.set_sign_key_path("sign.key");
  config.set_encrypt_certificate_path("encrypt.pem");
  config.set_encrypt_key_path("encrypt.key");
  config.set_roots_path("roots.pem");
  config.set_crl_path("crl.pem");
  config.set_store_path("ins.db");
  config.set_store_key_path("ins.key");
  types::v1::ActingOfficial& official = *config.add_staff();
  official.set_staff_id("officer-1");
  official.set_title("Adjudications Officer");
  official.set_office("Vermont Service Center");
  official.set_unit("ins/vermont-service-center");
  return config;
}

TEST(CheckConfigTest, TakesAGoodOne) { EXPECT_TRUE(CheckConfig(Good()).ok()); }

struct Case {
  std::string field;
  std::function<void(AgencyConfig&)> spoil;
};

TEST(CheckConfigTest, NamesTheFieldThatIsWrong) {
  const Case kCases[] = {
      {"config.identity", [](auto& c) { c.clear_identity(); }},
      {"config.identity", [](auto& c) { c.set_identity("spiffe://x/broker/1"); }},
      {"config.identity", [](auto& c) { c.set_identity("spiffe://x/agency/ins/staff/a"); }},
      {"config.broker_identity", [](auto& c) { c.set_broker_identity("spiffe://other/broker/1"); }},
      {"config.broker_address", [](auto& c) { c.set_broker_address("localhost"); }},
      {"config.broker_address", [](auto& c) { c.set_broker_address(":80"); }},
      {"config.listen_address", [](auto& c) { c.set_listen_address("localhost:65536"); }},
      {"config.listen_address", [](auto& c) { c.set_listen_address("localhost:8o"); }},
      {"config.tls_certificate_path", [](auto& c) { c.clear_tls_certificate_path(); }},
      {"config.encrypt_key_path", [](auto& c) { c.clear_encrypt_key_path(); }},
      {"config.store_key_path", [](auto& c) { c.clear_store_key_path(); }},
      {"config.crl_grace_s", [](auto& c) { c.set_crl_grace_s(2'592'001); }},
      {"config.staff", [](auto& c) { c.clear_staff(); }},
      {"config.staff[0].staff_id", [](auto& c) { c.mutable_staff(0)->set_staff_id("A b"); }},
      {"config.staff[0].staff_id", [](auto& c) { c.mutable_staff(0)->set_staff_id("automatic"); }},
      {"config.staff[0].title", [](auto& c) { c.mutable_staff(0)->clear_title(); }},
      {"config.staff[0].office", [](auto& c) { c.mutable_staff(0)->clear_office(); }},
      {"config.staff[0].unit", [](auto& c) { c.mutable_staff(0)->set_unit("doj/fbi"); }},
      {"config.staff[0].unit", [](auto& c) { c.mutable_staff(0)->set_unit("ins/"); }},
      {"config.staff[1].staff_id", [](auto& c) { *c.add_staff() = c.staff(0); }},
  };
  for (const Case& each : kCases) {
    AgencyConfig config = Good();
    each.spoil(config);
    absl::Status checked = CheckConfig(config);
    EXPECT_TRUE(absl::IsInvalidArgument(checked)) << each.field << ": " << checked;
    EXPECT_THAT(std::string(checked.message()), testing::StartsWith(each.field + ":"));
  }
}

class StoreKeyTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path().string() + "/key.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  absl::Status Load(const std::string& bytes, mode_t mode) {
    const std::string path = folder_ + "/key";
    std::ofstream(path, std::ios::binary) << bytes;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return LoadStoreKey(path).status();
  }

  std::string folder_;
};

TEST_F(StoreKeyTest, TakesThirtyTwoBytesThatOnlyTheOwnerReads) {
  EXPECT_TRUE(Load(std::string(32, 'k'), 0600).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(Load(std::string(32, 'k'), 0640)));
  EXPECT_TRUE(absl::IsFailedPrecondition(Load(std::string(31, 'k'), 0600)));
  EXPECT_TRUE(absl::IsFailedPrecondition(Load(std::string(33, 'k'), 0600)));
  EXPECT_TRUE(absl::IsFailedPrecondition(LoadStoreKey(folder_ + "/none").status()));
}

}  // namespace
}  // namespace waystation::agency
