#include "tools/waystation/profile.h"

#include <cstdlib>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"

namespace waystation::cli {
namespace {

using ::testing::HasSubstr;

constexpr char kGood[] = R"pb(
  trust_domain: "waystation.example"
  roots_path: "pki/root.pem"
  crl_path: "/abs/crl.pem"
  broker { address: "127.0.0.1:1" identity: "spiffe://waystation.example/broker/1" }
  agencies {
    name: "ins"
    endpoint { address: "127.0.0.1:2" identity: "spiffe://waystation.example/agency/ins" }
  }
  staff {
    staff_id: "agent-1"
    agency: "doj"
    credential { identity: "a" certificate_path: "a.pem" key_path: "a-key.pem" }
  }
  staff {
    staff_id: "adjudicator-1"
    agency: "ins"
    credential { identity: "b" certificate_path: "b.pem" key_path: "b-key.pem" }
  }
)pb";

std::string Written(const std::string& text) {
  const std::string path = ::testing::TempDir() + "/profile.textproto";
  WS_CHECK(WriteFile(path, text, FileMode::kPrivate).ok());
  return path;
}

TEST(ProfileTest, PathsBecomeAbsoluteFromItsFolder) {
  auto profile = Profile::Load(Written(kGood));
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_THAT(profile->data().roots_path(), HasSubstr("/pki/root.pem"));
  EXPECT_EQ(profile->data().roots_path()[0], '/');
  EXPECT_EQ(profile->data().crl_path(), "/abs/crl.pem");
  EXPECT_EQ(profile->data().staff(0).credential().key_path()[0], '/');
}

TEST(ProfileTest, OfficerIsTheNamedOneOrTheFirstOfTheAgency) {
  auto profile = *Profile::Load(Written(kGood));
  EXPECT_EQ(profile.StaffOf("ins", "")->staff_id(), "adjudicator-1");
  EXPECT_EQ(profile.StaffOf("", "")->staff_id(), "agent-1");
  EXPECT_EQ(profile.StaffOf("", "adjudicator-1")->agency(), "ins");
}

TEST(ProfileTest, WrongOfficersAreRefused) {
  auto profile = *Profile::Load(Written(kGood));
  EXPECT_EQ(ExitCodeOf(profile.StaffOf("ins", "agent-1").status()), ExitCode::kUsage);
  EXPECT_TRUE(absl::IsNotFound(profile.StaffOf("", "nobody").status()));
  EXPECT_TRUE(absl::IsNotFound(profile.StaffOf("hhs", "").status()));
  EXPECT_TRUE(absl::IsNotFound(profile.AgencyNamed("hhs").status()));
}

TEST(ProfileTest, MissingFieldAndUnknownFieldAreNamed) {
  auto missing = Profile::Load(Written("trust_domain: \"x\""));
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("roots_path"));
  auto unknown = Profile::Load(Written("colour: \"red\""));
  EXPECT_THAT(std::string(unknown.status().message()), HasSubstr("colour"));
}

TEST(ProfileTest, FlagComesBeforeEnvironmentBeforeDefault) {
  setenv("XDG_STATE_HOME", "/state", 1);
  unsetenv("WAYSTATION_PROFILE");
  EXPECT_EQ(FindProfilePath(""), "/state/waystation/dev/profile.textproto");
  setenv("WAYSTATION_PROFILE", "/env", 1);
  EXPECT_EQ(FindProfilePath(""), "/env");
  EXPECT_EQ(FindProfilePath("/flag"), "/flag");
  unsetenv("WAYSTATION_PROFILE");
}

}  // namespace
}  // namespace waystation::cli
