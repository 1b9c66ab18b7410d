#include "common/agency/config.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "common/crypto/ed25519.h"
#include "common/status/status.h"
#include "common/tlog/note.h"
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
      {"config.audit_log_policy_path", [](auto& c) { c.set_cosigner_key_path("cosigner.key"); }},
      {"config.cosigner_key_path", [](auto& c) { c.set_audit_log_policy_path("policy"); }},
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

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path().string() + "/key.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& bytes, mode_t mode) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }

  std::string folder_;
};

class StoreKeyTest : public FilesTest {
 protected:
  absl::Status Load(const std::string& bytes, mode_t mode) {
    return LoadStoreKey(Write("key", bytes, mode)).status();
  }
};

TEST_F(StoreKeyTest, TakesThirtyTwoBytesThatOnlyTheOwnerReads) {
  EXPECT_TRUE(Load(std::string(32, 'k'), 0600).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(Load(std::string(32, 'k'), 0640)));
  EXPECT_TRUE(absl::IsFailedPrecondition(Load(std::string(31, 'k'), 0600)));
  EXPECT_TRUE(absl::IsFailedPrecondition(Load(std::string(33, 'k'), 0600)));
  EXPECT_TRUE(absl::IsFailedPrecondition(LoadStoreKey(folder_ + "/none").status()));
}

class LoadCosignerTest : public FilesTest {
 protected:
  static std::string Vkey(const std::string& name, tlog::KeyType type,
                          const crypto::Ed25519Key& key) {
    return tlog::VerifierKey::Create(name, type, key.public_key())->ToString();
  }
  std::string LogLine() const {
    return "log " + Vkey("waystation.example/log/1", tlog::KeyType::kEd25519, log_key_) + "\n";
  }
  std::string CosignerLine(const crypto::Ed25519Key& key) const {
    return "witness ins " +
           Vkey("waystation.example/cosigner/ins", tlog::KeyType::kCosignature, key) + "\n";
  }

  absl::StatusOr<std::optional<client::CosignerKey>> Load(const std::string& pem, mode_t mode,
                                                          const std::string& policy) {
    AgencyConfig config = Good();
    config.set_cosigner_key_path(Write("cosigner.key", pem, mode));
    config.set_audit_log_policy_path(Write("policy", policy, 0644));
    return LoadCosigner(config);
  }

  const crypto::Ed25519Key log_key_ = *crypto::Ed25519Key::Generate();
  const crypto::Ed25519Key key_ = *crypto::Ed25519Key::Generate();
  const std::string pem_ = *key_.ToPem();
};

TEST_F(LoadCosignerTest, TakesTheNameOfItsKeyFromThePolicy) {
  auto loaded = Load(pem_, 0600, LogLine() + CosignerLine(key_) + "quorum ins\n");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  ASSERT_TRUE(loaded->has_value());
  EXPECT_EQ((*loaded)->name.name(), "waystation.example/cosigner/ins");
  EXPECT_EQ((*loaded)->key.public_key(), key_.public_key());
  ASSERT_EQ((*loaded)->policy.log_keys().size(), 1u);
  EXPECT_EQ((*loaded)->policy.log_keys()[0].key(), log_key_.public_key());
}

TEST_F(LoadCosignerTest, IsNothingWhereNoneIsConfigured) {
  auto loaded = LoadCosigner(Good());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_FALSE(loaded->has_value());
}

TEST_F(LoadCosignerTest, NamesTheFieldOfAFileThatCannotBeUsed) {
  const std::string good = LogLine() + CosignerLine(key_) + "quorum ins\n";
  const std::string key_field = "config.cosigner_key_path:";
  const std::string policy_field = "config.audit_log_policy_path:";
  auto expect = [&](const absl::Status& status, const std::string& field) {
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_THAT(std::string(status.message()), testing::StartsWith(field));
  };
  expect(Load(pem_, 0640, good).status(), key_field);
  expect(Load("no key", 0600, good).status(), key_field);
  expect(Load(pem_, 0600, "no policy").status(), policy_field);
  expect(Load(pem_, 0600, CosignerLine(key_) + "quorum ins\n").status(), policy_field);
  const auto other = *crypto::Ed25519Key::Generate();
  expect(Load(pem_, 0600, LogLine() + CosignerLine(other) + "quorum ins\n").status(), policy_field);
  AgencyConfig config = Good();
  config.set_cosigner_key_path(folder_ + "/none");
  config.set_audit_log_policy_path(folder_ + "/none");
  expect(LoadCosigner(config).status(), key_field);
  config.set_cosigner_key_path(Write("cosigner.key", pem_, 0600));
  expect(LoadCosigner(config).status(), policy_field);
}

}  // namespace
}  // namespace waystation::agency
