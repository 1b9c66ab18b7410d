#include "services/audit/config.h"

#include <functional>
#include <string>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::audit {
namespace {

AuditConfig Good() {
  AuditConfig config;
  config.set_identity("spiffe://waystation.example/auditor");
  config.set_broker_address("127.0.0.1:7443");
  config.set_broker_identity("spiffe://waystation.example/broker/1");
  config.set_listen_address("127.0.0.1:0");
  config.set_tls_certificate_path("tls.pem");
  config.set_tls_key_path("tls-key.pem");
  config.set_roots_path("roots.pem");
  config.set_crl_path("crl.pem");
  config.set_store_path("store.db");
  config.set_store_key_path("store.key");
  config.set_audit_log_policy_path("audit-log-policy");
  config.set_sign_certificate_path("sign.pem");
  config.set_sign_key_path("sign-key.pem");
  config.set_encrypt_certificate_path("encrypt.pem");
  config.set_encrypt_key_path("encrypt-key.pem");
  return config;
}

TEST(AuditConfigTest, AGoodOneIsTaken) {
  EXPECT_TRUE(CheckConfig(Good()).ok()) << CheckConfig(Good());
  AuditConfig full = Good();
  full.set_crl_grace_s(2'592'000);
  full.set_cosigner_key_path("cosigner.pem");
  EXPECT_TRUE(CheckConfig(full).ok());
}

TEST(AuditConfigTest, EachRuleNamesItsField) {
  struct Case {
    std::string field;
    std::function<void(AuditConfig&)> spoil;
  };
  const Case kCases[] = {
      {"config.identity", [](auto& c) { c.clear_identity(); }},
      {"config.identity", [](auto& c) { c.set_identity("auditor"); }},
      {"config.broker_address", [](auto& c) { c.clear_broker_address(); }},
      {"config.broker_address", [](auto& c) { c.set_broker_address("7443"); }},
      {"config.broker_identity", [](auto& c) { c.clear_broker_identity(); }},
      {"config.broker_identity",
       [](auto& c) { c.set_broker_identity("spiffe://other.example/broker/1"); }},
      {"config.listen_address", [](auto& c) { c.clear_listen_address(); }},
      {"config.listen_address", [](auto& c) { c.set_listen_address("h:65536"); }},
      {"config.listen_address", [](auto& c) { c.set_listen_address(":1"); }},
      {"config.tls_certificate_path", [](auto& c) { c.clear_tls_certificate_path(); }},
      {"config.tls_key_path", [](auto& c) { c.clear_tls_key_path(); }},
      {"config.roots_path", [](auto& c) { c.clear_roots_path(); }},
      {"config.crl_path", [](auto& c) { c.clear_crl_path(); }},
      {"config.store_path", [](auto& c) { c.clear_store_path(); }},
      {"config.store_key_path", [](auto& c) { c.clear_store_key_path(); }},
      {"config.crl_grace_s", [](auto& c) { c.set_crl_grace_s(2'592'001); }},
      {"config.audit_log_policy_path", [](auto& c) { c.clear_audit_log_policy_path(); }},
      {"config.sign_certificate_path", [](auto& c) { c.clear_sign_certificate_path(); }},
      {"config.sign_key_path", [](auto& c) { c.clear_sign_key_path(); }},
      {"config.encrypt_certificate_path", [](auto& c) { c.clear_encrypt_certificate_path(); }},
      {"config.encrypt_key_path", [](auto& c) { c.clear_encrypt_key_path(); }},
  };
  for (const Case& each : kCases) {
    AuditConfig config = Good();
    each.spoil(config);
    const absl::Status checked = CheckConfig(config);
    EXPECT_TRUE(absl::IsInvalidArgument(checked)) << each.field << ": " << checked;
    EXPECT_THAT(std::string(Std(checked.message())), testing::StartsWith(each.field + ":"));
  }
}

}  // namespace
}  // namespace waystation::audit
