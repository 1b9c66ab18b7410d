#include "tools/waystation/dev_layout.h"

#include <sys/stat.h>

#include <set>
#include <string>
#include <vector>

#include "common/agency/config.pb.h"
#include "common/config/text_proto.h"
#include "common/evidence/directory.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/profile.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::cli {
namespace {

using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

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

  std::string dir_;
};

TEST_F(DevLayoutTest, GenesisEnrolsAgenciesWithEveryUse) {
  const auto genesis = Genesis(Make());
  EXPECT_EQ(genesis.bus_id().size(), 16u);
  EXPECT_EQ(genesis.format_level(), 1u);
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
  EXPECT_NE((*view)->Find(DevIdentity("/operator")), nullptr);
  EXPECT_EQ((*view)->IsCase("waystation.case.v1"), true);
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
  EXPECT_EQ(policy.deny(0).actions_size(), 5);
  EXPECT_GE(policy.allow_size(), 4);
}

TEST_F(DevLayoutTest, AgencyConfigNamesItsOwnStaffAndFiles) {
  DevLayout layout = Make();
  ASSERT_TRUE(layout.WriteAgencyConfig("ins", "127.0.0.1:7", "127.0.0.1:0").ok());
  agency::v1::AgencyConfig config;
  ASSERT_TRUE(config::LoadTextProto(layout.ConfigPath("ins"), &config).ok());
  EXPECT_EQ(config.identity(), DevIdentity("/agency/ins"));
  EXPECT_EQ(config.broker_address(), "127.0.0.1:7");
  EXPECT_EQ(config.staff_size(), 4);
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
}

TEST_F(DevLayoutTest, KeptFolderKeepsItsBus) {
  const std::string before = Genesis(Make()).SerializeAsString();
  DevLayout again = Make();
  EXPECT_EQ(Genesis(again).SerializeAsString(), before);
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
