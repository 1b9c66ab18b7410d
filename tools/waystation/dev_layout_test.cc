#include "tools/waystation/dev_layout.h"

#include <sys/stat.h>

#include <set>
#include <string>
#include <vector>

#include "common/agency/config.pb.h"
#include "common/config/file.h"
#include "common/config/text_proto.h"
#include "common/crypto/ed25519.h"
#include "common/evidence/directory.h"
#include "common/status/status.h"
#include "common/tlog/policy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/profile.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::cli {
namespace {

using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr size_t kBytesMax = size_t{1} << 16;

class DevLayoutTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = absl::StrCat(::testing::TempDir(), "/",
                        ::testing::UnitTest::GetInstance()->current_test_info()->name());
  }

  DevLayout Make(const std::vector<v1::DevAgency>& agencies = DevAgencies()) {
    auto layout = DevLayout::Make(dir_, kNow, agencies);
    WS_CHECK(layout.ok());
    return *std::move(layout);
  }

  journal::v1::Genesis Genesis(const DevLayout& layout) {
    journal::v1::Genesis genesis;
    WS_CHECK(config::LoadTextProto(layout.GenesisPath(), &genesis).ok());
    return genesis;
  }

  tlog::Policy LogPolicy(const DevLayout& layout) {
    auto text = config::ReadFile(layout.AuditLogPolicyPath(), kBytesMax);
    WS_CHECK(text.ok());
    auto policy = tlog::Policy::Parse(*text);
    if (!policy.ok()) Fatal(policy.status().ToString());
    return *std::move(policy);
  }

  std::string PublicKeyIn(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << path;
    auto pem = config::ReadFile(path, kBytesMax);
    WS_CHECK(pem.ok());
    auto key = crypto::Ed25519Key::FromPem(*pem);
    WS_CHECK(key.ok());
    return key->public_key();
  }

  std::string dir_;
};

TEST_F(DevLayoutTest, GenesisEnrolsAgenciesWithEveryUse) {
  const auto genesis = Genesis(Make());
  EXPECT_EQ(genesis.bus_id().size(), 16u);
  EXPECT_EQ(genesis.format_level(), 2u);
  EXPECT_EQ(genesis.policy_admins_size(), 2);
  auto view = evidence::DirectoryView::Create(genesis.directory());
  ASSERT_TRUE(view.ok()) << view.status();
  for (const v1::DevAgency& one : DevAgencies()) {
    const std::string& agency = one.identity().identity();
    for (auto use : {bus::v1::CERTIFICATE_USE_SIGN, bus::v1::CERTIFICATE_USE_ENCRYPT,
                     bus::v1::CERTIFICATE_USE_RECOVERY, bus::v1::CERTIFICATE_USE_ARCHIVE}) {
      EXPECT_EQ((*view)->Certificates(DevIdentity(agency), use).size(), 1u) << agency << use;
    }
  }
  EXPECT_EQ((*view)->Certificates(DevIdentity("/auditor"), bus::v1::CERTIFICATE_USE_ENCRYPT).size(),
            1u);
  EXPECT_NE((*view)->Find(DevIdentity("/operator")), nullptr);
  EXPECT_EQ((*view)->FormOf("waystation.case.v1"), evidence::MessageForm::kCase);
}

TEST_F(DevLayoutTest, EveryOfficerIsOfAUnitInTheDirectory) {
  const auto genesis = Genesis(Make());
  std::set<std::string> units;
  for (const auto& identity : genesis.directory().identities()) {
    for (const auto& unit : identity.units()) units.insert(unit.name());
  }
  std::set<std::string> staffed;
  for (const DevOfficer& officer : OfficersOf(DevAgencies())) staffed.insert(officer.unit);
  EXPECT_EQ(staffed, units);
}

TEST_F(DevLayoutTest, AgenciesThatAreNotAskedForAreNotOnTheBus) {
  const DevLayout layout = Make(DevAgenciesNamed({"doj", "ins"}));
  const auto genesis = Genesis(layout);
  for (const auto& identity : genesis.directory().identities()) {
    for (const char* absent : {"hhs", "dol", "dos", "usaid"}) {
      EXPECT_FALSE(identity.identity().ends_with(absent)) << identity.identity();
    }
  }
  EXPECT_EQ(genesis.directory().identities_size(), 7);
  const v1::Profile profile = layout.MakeProfile({});
  EXPECT_EQ(profile.agencies_size(), 2);
  for (const v1::Staff& staff : profile.staff()) {
    EXPECT_TRUE(staff.agency() == "doj" || staff.agency() == "ins") << staff.staff_id();
  }
}

TEST_F(DevLayoutTest, OnlyLawEnforcementUnitsMayPetition) {
  const auto genesis = Genesis(Make());
  auto view = *evidence::DirectoryView::Create(genesis.directory());
  auto may = [&](const char* agency, const char* unit) {
    return view->UnitHas(DevIdentity(agency), unit, "federal_lea");
  };
  EXPECT_TRUE(may("/agency/doj", "doj/fbi"));
  EXPECT_TRUE(may("/agency/doj", "doj/us-attorneys"));
  EXPECT_TRUE(may("/agency/ins", "ins/investigations"));
  EXPECT_TRUE(may("/agency/dos", "dos/diplomatic-security"));
  EXPECT_FALSE(may("/agency/doj", "doj/ovc"));
  EXPECT_FALSE(may("/agency/hhs", "hhs/orr"));
  EXPECT_FALSE(may("/agency/dos", "dos/consular"));
  EXPECT_FALSE(may("/agency/ins", "ins/vermont-service-center"));
}

TEST_F(DevLayoutTest, PolicyHasARoleForEveryRuleAndStaffAreDeniedFirst) {
  const auto policy = Genesis(Make()).policy();
  ASSERT_EQ(policy.deny_size(), 1);
  EXPECT_EQ(policy.deny(0).roles(0), "staff");
  std::set<int> denied(policy.deny(0).actions().begin(), policy.deny(0).actions().end());
  EXPECT_EQ(denied, (std::set<int>{bus::v1::ACTION_PUBLISH, bus::v1::ACTION_PULL,
                                   bus::v1::ACTION_READ, bus::v1::ACTION_OPERATE,
                                   bus::v1::ACTION_AUDIT, bus::v1::ACTION_COSIGN}));
  EXPECT_GE(policy.allow_size(), 4);
}

TEST_F(DevLayoutTest, PolicyOfTheLogNamesItsKeyAndEachCosigners) {
  const DevLayout layout = Make();
  const tlog::Policy policy = LogPolicy(layout);
  EXPECT_EQ(policy.origin(), "waystation.example/log/1");
  ASSERT_EQ(policy.log_keys().size(), 1u);
  EXPECT_EQ(policy.log_keys()[0].key(), PublicKeyIn(layout.AuditLogKeyPath()));
  std::vector<std::string> expected = layout.agencies();
  expected.push_back("auditor");
  std::vector<std::string> named;
  for (const tlog::PolicyCosigner& one : policy.cosigners()) {
    named.push_back(one.name);
    EXPECT_EQ(one.key.name(), "waystation.example/cosigner/" + one.name);
    EXPECT_EQ(one.key.key(), PublicKeyIn(layout.CosignerKeyPath(one.name)));
  }
  EXPECT_EQ(named, expected);
}

TEST_F(DevLayoutTest, QuorumOfTheLogIsTwoThirdsOfTheAgenciesAndTheAuditor) {
  const tlog::Policy policy = LogPolicy(Make());
  std::vector<tlog::Cosigned> agencies = {
      {"usaid", kNow}, {"ins", kNow}, {"doj", kNow}, {"hhs", kNow}};
  EXPECT_FALSE(policy.IsQuorum(agencies));
  std::vector<tlog::Cosigned> with_auditor = agencies;
  with_auditor.push_back({"auditor", kNow});
  EXPECT_TRUE(policy.IsQuorum(with_auditor));
  with_auditor.erase(with_auditor.begin());
  EXPECT_FALSE(policy.IsQuorum(with_auditor));
}

TEST_F(DevLayoutTest, QuorumOfASmallBusIsRoundedUp) {
  const tlog::Policy policy = LogPolicy(Make(DevAgenciesNamed({"doj", "ins"})));
  EXPECT_FALSE(policy.IsQuorum({{"doj", kNow}, {"auditor", kNow}}));
  EXPECT_TRUE(policy.IsQuorum({{"doj", kNow}, {"ins", kNow}, {"auditor", kNow}}));
}

TEST_F(DevLayoutTest, BrokerConfigNamesTheAuditLog) {
  const DevLayout layout = Make();
  ASSERT_TRUE(layout.WriteBrokerConfig("127.0.0.1:0").ok());
  const std::string text = *config::ReadFile(layout.ConfigPath("broker"), kBytesMax);
  for (const std::string& line :
       {"audit_log_dir: \"" + layout.dir() + "/broker/audit-log\"",
        "audit_log_key_path: \"" + layout.AuditLogKeyPath() + "\"",
        "audit_log_policy_path: \"" + layout.AuditLogPolicyPath() + "\""}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST_F(DevLayoutTest, AuditConfigNamesThePolicyAndAKeyOfItsOwn) {
  const DevLayout layout = Make();
  ASSERT_TRUE(layout.WriteAuditConfig("127.0.0.1:7", "127.0.0.1:0").ok());
  auto text = config::ReadFile(layout.ConfigPath("audit"), kBytesMax);
  ASSERT_TRUE(text.ok()) << text.status();
  for (const std::string& value :
       {DevIdentity("/auditor"), layout.AuditLogPolicyPath(), layout.CosignerKeyPath("auditor"),
        layout.dir() + "/audit/store.key"}) {
    EXPECT_THAT(*text, HasSubstr("\"" + value + "\""));
  }
  auto key = config::ReadFile(layout.dir() + "/audit/store.key", kBytesMax);
  // Written anew, the configuration keeps the key of the database.
  ASSERT_TRUE(layout.WriteAuditConfig("127.0.0.1:8", "127.0.0.1:0").ok());
  EXPECT_EQ(*config::ReadFile(layout.dir() + "/audit/store.key", kBytesMax), *key);
}

TEST_F(DevLayoutTest, AgencyConfigNamesItsOwnStaffAndFiles) {
  DevLayout layout = Make();
  ASSERT_TRUE(layout.WriteAgencyConfig("ins", "127.0.0.1:7", "127.0.0.1:0").ok());
  agency::v1::AgencyConfig config;
  ASSERT_TRUE(config::LoadTextProto(layout.ConfigPath("ins"), &config).ok());
  EXPECT_EQ(config.identity(), DevIdentity("/agency/ins"));
  EXPECT_EQ(config.broker_address(), "127.0.0.1:7");
  EXPECT_EQ(config.staff_size(), 4);
  EXPECT_EQ(config.cosigner_key_path(), layout.CosignerKeyPath("ins"));
  EXPECT_EQ(config.audit_log_policy_path(), layout.AuditLogPolicyPath());
  struct stat info {};
  ASSERT_EQ(stat(config.store_key_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 32);
  EXPECT_EQ(info.st_mode & 077, 0u);
}

TEST_F(DevLayoutTest, ProfileCanBeLoadedAndNamesEveryOfficer) {
  DevLayout layout = Make();
  const v1::Profile profile = layout.MakeProfile(
      {{"broker", "127.0.0.1:1"}, {"doj", "127.0.0.1:2"}, {"ins", "127.0.0.1:3"}});
  EXPECT_EQ(profile.staff_size(), static_cast<int>(OfficersOf(DevAgencies()).size()));
  EXPECT_EQ(profile.agencies(1).endpoint().address(), "127.0.0.1:3");
  EXPECT_EQ(profile.auditor().identity(), DevIdentity("/auditor"));
  EXPECT_TRUE(profile.synthetic());
  EXPECT_EQ(profile.audit_log_policy_path(), layout.AuditLogPolicyPath());
}

TEST_F(DevLayoutTest, KeptFolderKeepsItsBus) {
  const DevLayout first = Make();
  const std::string before = Genesis(first).SerializeAsString();
  const std::string policy = *config::ReadFile(first.AuditLogPolicyPath(), kBytesMax);
  DevLayout again = Make();
  EXPECT_EQ(Genesis(again).SerializeAsString(), before);
  EXPECT_EQ(*config::ReadFile(again.AuditLogPolicyPath(), kBytesMax), policy);
  // Started with fewer, it is the same log with the same cosigners.
  DevLayout fewer = Make(DevAgenciesNamed({"doj", "ins"}));
  EXPECT_EQ(*config::ReadFile(fewer.AuditLogPolicyPath(), kBytesMax), policy);
}

TEST_F(DevLayoutTest, KeptFolderThatBeganWithoutAnAgencyIsRefusedAndLeftAsItIs) {
  DevLayout first = Make(DevAgenciesNamed({"doj", "ins"}));
  auto later = DevLayout::Make(dir_, kNow, DevAgenciesNamed({"doj", "ins", "hhs"}));
  EXPECT_TRUE(absl::IsFailedPrecondition(later.status()));
  EXPECT_THAT(std::string(later.status().message()), HasSubstr("hhs"));
  struct stat info {};
  EXPECT_NE(stat(first.KeyPath("/agency/hhs", crypto::KeyUse::kSign).c_str(), &info), 0);
  EXPECT_TRUE(DevLayout::Make(dir_, kNow, DevAgenciesNamed({"doj"})).ok());
}

TEST_F(DevLayoutTest, FolderWhoseCertificatesRanOutIsRefused) {
  Make();
  auto later = DevLayout::Make(dir_, kNow + absl::Hours(24 * 40));
  EXPECT_TRUE(absl::IsFailedPrecondition(later.status()));
  EXPECT_THAT(std::string(later.status().message()), HasSubstr("run out"));
}

}  // namespace
}  // namespace waystation::cli
