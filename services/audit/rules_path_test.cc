#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "common/config/file.h"
#include "common/config/text_proto.h"
#include "google/protobuf/text_format.h"
#include "services/audit/config.h"
#include "services/audit/follower_fixture.h"

namespace waystation::audit {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// An auditor with a rule table of its operator's, from the file to the findings.
class RulesPathTest : public FollowerTest {
 protected:
  void SetUp() override {
    FollowerTest::SetUp();
    const auto sign = bus_.Issue("/auditor", crypto::KeyUse::kSign);
    const auto encrypt = bus_.Issue("/auditor", crypto::KeyUse::kEncrypt);
    AuditConfig config;
    config.set_identity(evidence::TestBus::Identity("/auditor"));
    config.set_broker_address("127.0.0.1:7443");
    config.set_broker_identity(evidence::TestBus::Identity("/broker/1"));
    config.set_listen_address("127.0.0.1:0");
    config.set_tls_certificate_path(folder_ + "/tls.pem");
    config.set_tls_key_path(folder_ + "/tls-key.pem");
    config.set_roots_path(folder_ + "/roots.pem");
    config.set_crl_path(folder_ + "/crl.pem");
    config.set_store_path(folder_ + "/audit.db");
    config.set_store_key_path(Write("store.key", std::string(32, 'k')));
    config.set_audit_log_policy_path(
        Write("policy", "log " + log_name_.ToString() + "\nquorum none\n"));
    config.set_sign_certificate_path(Write("sign.pem", sign.certificate_pem));
    config.set_sign_key_path(Write("sign-key.pem", sign.key_pem));
    config.set_encrypt_certificate_path(Write("encrypt.pem", encrypt.certificate_pem));
    config.set_encrypt_key_path(Write("encrypt-key.pem", encrypt.key_pem));
    config.set_rules_path(RulesPath());
    std::string text;
    ASSERT_TRUE(google::protobuf::TextFormat::PrintToString(config, &text));
    Write("audit.textproto", text);
  }

  std::string RulesPath() const { return folder_ + "/rules.textproto"; }
  // Returns its path.
  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = folder_ + "/" + name;
    const absl::Status written = config::WriteFileDurably(path, bytes);
    EXPECT_TRUE(written.ok()) << written;
    return path;
  }

  // The rules of an auditor that starts now.
  absl::StatusOr<Rules> Load() {
    absl::StatusOr<LoadedConfig> loaded = LoadConfig(folder_ + "/audit.textproto", clock_);
    if (!loaded.ok()) return loaded.status();
    return loaded->rules;
  }
  // The default table with one row changed, as text.
  static std::string TableWith(Rule rule, const std::function<void(v1::RuleRow&)>& change) {
    v1::RuleTable table;
    EXPECT_TRUE(config::ParseTextProto(DefaultRulesText(), "default", &table).ok());
    change(*table.mutable_rules(static_cast<int>(rule)));
    std::string text;
    EXPECT_TRUE(google::protobuf::TextFormat::PrintToString(table, &text));
    return text;
  }
  void Use(const std::string& table) {
    Write("rules.textproto", table);
    absl::StatusOr<Rules> rules = Load();
    ASSERT_TRUE(rules.ok()) << rules.status();
    rules_ = *std::move(rules);
    Restart();
  }
};

TEST_F(RulesPathTest, ATimeOfTheOperatorsTableActs) {
  ASSERT_NO_FATAL_FAILURE(Use(TableWith(Rule::kLogMissing, [](v1::RuleRow& row) {
    row.set_after_s(5);
    row.set_act_within_s(120);
    row.set_title("no log, says the operator");
    row.set_severity(v1::SEVERITY_LOW);
    row.set_citation("POLICY-OP-1 (SYNTHETIC)");
  })));
  const absl::Status none = absl::UnimplementedError("none");
  ASSERT_TRUE(follower_->TakeLog(none).ok());
  clock_.Advance(absl::Seconds(5) - absl::Microseconds(1));
  ASSERT_TRUE(follower_->TakeLog(none).ok());
  EXPECT_EQ(OpenCount(), 0u);
  clock_.Advance(absl::Microseconds(1));
  ASSERT_TRUE(follower_->TakeLog(none).ok());
  ASSERT_EQ(Open(Rule::kLogMissing).size(), 1u);
  const v1::Finding finding = Open(Rule::kLogMissing)[0];
  EXPECT_EQ(finding.title(), "no log, says the operator");
  EXPECT_EQ(finding.severity(), v1::SEVERITY_LOW);
  EXPECT_EQ(finding.citation(), "POLICY-OP-1 (SYNTHETIC)");
  EXPECT_EQ(finding.act_by_time().seconds() - finding.opened_time().seconds(), 120);
}

TEST_F(RulesPathTest, ACountOfTheOperatorsTableActs) {
  ASSERT_NO_FATAL_FAILURE(
      Use(TableWith(Rule::kRefusedAttempts, [](v1::RuleRow& row) { row.set_count(2); })));
  AddRefusal("POLICY_DENIED", "");
  EXPECT_TRUE(Follow());
  EXPECT_EQ(OpenCount(), 0u);
  AddRefusal("POLICY_DENIED", "");
  EXPECT_TRUE(Follow());
  EXPECT_EQ(Open(Rule::kRefusedAttempts).size(), 1u);
}

TEST_F(RulesPathTest, ATableThatIsMalformedIsRefusedByFileAndPlace) {
  struct Case {
    const char* name;
    std::string table;
    std::vector<std::string> words;
  };
  const std::vector<Case> kCases = {
      {"UnknownField",
       "rules {\n  id: \"overdue\"\n  after: 1\n}\n",
       {RulesPath() + ":3:", "no field named \"after\""}},
      {"NotText", "rules {", {RulesPath() + ":1:"}},
      {"WrongType", "rules { after_s: \"soon\" }", {RulesPath() + ":1:", "integer"}},
      {"Empty", "", {"rules: one is missing", "overdue", "every rule once"}},
      {"UnknownRule",
       TableWith(Rule::kOverdue, [](v1::RuleRow& row) { row.set_id("overdo"); }),
       {"rule \"overdo\": unknown"}},
      {"OutOfRange",
       TableWith(Rule::kCosignerBehind, [](v1::RuleRow& row) { row.set_after_s(-1); }),
       {"rule \"cosigner-behind\": after_s out of range, got -1, want 1 to 31536000"}},
      {"NumberOfAnotherRule",
       TableWith(Rule::kLogSplit, [](v1::RuleRow& row) { row.set_percent(50); }),
       {"rule \"log-split\": has no such number, got percent 50"}},
  };
  for (const Case& each : kCases) {
    Write("rules.textproto", each.table);
    const absl::Status loaded = Load().status();
    EXPECT_TRUE(absl::IsFailedPrecondition(loaded)) << each.name << ": " << loaded;
    const std::string message(Std(loaded.message()));
    EXPECT_THAT(message, StartsWith("config.rules_path: ")) << each.name;
    for (const std::string& word : each.words) EXPECT_THAT(message, HasSubstr(word)) << each.name;
  }
}

TEST_F(RulesPathTest, ATableThatIsNotThereIsNoDefaultTable) {
  std::filesystem::remove(RulesPath());
  const absl::Status loaded = Load().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(loaded)) << loaded;
  EXPECT_THAT(std::string(Std(loaded.message())), StartsWith("config.rules_path: "));
}

}  // namespace
}  // namespace waystation::audit
