#include "tools/waystation/dev_agencies.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"

namespace waystation::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr char kGood[] = R"pb(
  identity {
    identity: "/agency/syn"
    display_name: "SYNTHETIC agency"
    units { name: "syn/desk" display_name: "Desk" }
  }
  staff { office: "Desk" title: "Officer" staff_id: "desk-9101" unit: "syn/desk" }
  program: "bin/syn"
)pb";

class DevAgenciesTest : public ::testing::Test {
 protected:
  std::string Folder() {
    return absl::StrCat(::testing::TempDir(), "/",
                        ::testing::UnitTest::GetInstance()->current_test_info()->name());
  }

  absl::StatusOr<v1::DevAgency> Load(const std::string& text) {
    const std::string path = Folder() + "/agency.textproto";
    EXPECT_TRUE(WriteFile(path, text, FileMode::kPublic).ok());
    return LoadDevAgency(path);
  }

  // kGood with `from` once replaced.
  static std::string Spoilt(const std::string& from, const std::string& to) {
    std::string text = kGood;
    EXPECT_NE(text.find(from), std::string::npos) << from;
    return text.replace(text.find(from), from.size(), to);
  }
};

TEST_F(DevAgenciesTest, SixAgenciesHaveNamesAndStaff) {
  ASSERT_EQ(DevAgencies().size(), 6u);
  EXPECT_EQ(NameOf(DevAgencies()[0]), "doj");
  EXPECT_EQ(OfficersOf(DevAgencies()).size(), 20u);
  EXPECT_EQ(DevAgenciesNamed({"usaid"})[0].identity().units(0).name(), "usaid/missions");
}

TEST_F(DevAgenciesTest, ReadsAnotherOneWithItsProgramBesideTheFile) {
  auto agency = Load(kGood);
  ASSERT_TRUE(agency.ok()) << agency.status();
  EXPECT_EQ(NameOf(*agency), "syn");
  EXPECT_THAT(agency->program(), EndsWith("/ReadsAnotherOneWithItsProgramBesideTheFile/bin/syn"));
  std::vector<v1::DevAgency> all = DevAgencies();
  ASSERT_TRUE(AddDevAgency(*agency, &all).ok());
  EXPECT_EQ(all.size(), 7u);
}

TEST_F(DevAgenciesTest, SpoiltFileIsWrongUsageAndNamesItself) {
  const std::pair<std::string, std::string> rows[] = {
      {"/agency/syn", "/agency/"},
      {"/agency/syn", "/agency/../doj"},
      {"/agency/syn", "/operator"},
      {"/agency/syn", "/agency/broker"},
      {"/agency/syn", "/agency/pki"},
      {"\"syn/desk\" display_name", "\"doj/fbi\" display_name"},
      {"units {", "certificates { der: \"x\" } units {"},
      {"unit: \"syn/desk\"", "unit: \"syn/other\""},
      {"desk-9101", "Desk 9101"},
      {"title: \"Officer\"", ""},
      {"staff {", "stuff {"},
  };
  for (const auto& [from, to] : rows) {
    auto agency = Load(Spoilt(from, to));
    EXPECT_EQ(ExitCodeOf(agency.status()), ExitCode::kUsage) << from << " -> " << to;
    EXPECT_THAT(std::string(agency.status().message()), HasSubstr("agency.textproto")) << to;
  }
  EXPECT_EQ(ExitCodeOf(Load("").status()), ExitCode::kUsage);
  EXPECT_EQ(ExitCodeOf(LoadDevAgency(Folder() + "/none").status()), ExitCode::kUsage);
}

TEST_F(DevAgenciesTest, NameAndStaffAreEachOnce) {
  std::vector<v1::DevAgency> all = DevAgencies();
  absl::Status twice = AddDevAgency(DevAgencies()[2], &all);
  EXPECT_EQ(ExitCodeOf(twice), ExitCode::kUsage);
  EXPECT_THAT(std::string(twice.message()), HasSubstr("hhs"));
  auto same_number = Load(Spoilt("desk-9101", "orr-3101"));
  ASSERT_TRUE(same_number.ok()) << same_number.status();
  absl::Status taken = AddDevAgency(*same_number, &all);
  EXPECT_EQ(ExitCodeOf(taken), ExitCode::kUsage);
  EXPECT_THAT(std::string(taken.message()), HasSubstr("orr-3101"));
  EXPECT_EQ(all.size(), 6u);
}

}  // namespace
}  // namespace waystation::cli
