#include "tools/waystation/genesis.h"

#include <string>

#include "common/config/text_proto.h"
#include "common/evidence/directory.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/dev_agencies.h"
#include "tools/waystation/dev_genesis.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/pki.h"

namespace waystation::cli {
namespace {

using crypto::KeyUse;
using journal::v1::Genesis;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr char kTrustDomain[] = "waystation.example";

class GenesisTest : public ::testing::Test {
 protected:
  GenesisTest()
      : dir_(absl::StrCat(::testing::TempDir(), "/",
                          ::testing::UnitTest::GetInstance()->current_test_info()->name())),
        pki_(Made(PkiFolder::Init(dir_, "test root", absl::Hours(24), kNow, false))) {}

  static PkiFolder Made(absl::StatusOr<PkiFolder> pki) {
    WS_CHECK(pki.ok());
    return *std::move(pki);
  }

  void Issue(const std::string& path, std::initializer_list<KeyUse> uses) {
    for (KeyUse use : uses) {
      const std::string identity = absl::StrCat("spiffe://", kTrustDomain, path);
      ASSERT_TRUE(pki_.Issue({.identity = identity, .use = use}, kNow).ok()) << path;
    }
  }

  // What the draft of two agencies asks for.
  void IssueAll() {
    for (const char* path : {"/agency/doj", "/agency/ins", "/auditor"}) {
      Issue(path, {KeyUse::kSign, KeyUse::kEncrypt, KeyUse::kRecovery, KeyUse::kArchive});
    }
    for (const char* path : {"/broker/1", "/policy-admin/doj", "/policy-admin/ins"}) {
      Issue(path, {KeyUse::kSign});
    }
  }

  static Genesis Draft() { return MakeDevGenesis(DevAgenciesNamed({"doj", "ins"}), kTrustDomain); }

  std::string Refusal(Genesis draft) {
    const absl::Status status = CompleteGenesis(pki_, &draft);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  }

  const std::string dir_;
  PkiFolder pki_;
};

TEST_F(GenesisTest, EnrolsEveryCertificateAndNamesEverybodyWhole) {
  IssueAll();
  Genesis genesis = Draft();
  const absl::Status completed = CompleteGenesis(pki_, &genesis);
  ASSERT_TRUE(completed.ok()) << completed;
  EXPECT_EQ(genesis.bus_id().size(), 16u);
  EXPECT_EQ(genesis.directory().roots_pem(), pki_.root_pem());
  EXPECT_EQ(genesis.policy_admins(0), "spiffe://waystation.example/policy-admin/doj");
  auto view = evidence::DirectoryView::Create(genesis.directory());
  ASSERT_TRUE(view.ok()) << view.status();
  auto count = [&](const std::string& path, bus::v1::CertificateUse use) {
    return (*view)->Certificates(absl::StrCat("spiffe://", kTrustDomain, path), use).size();
  };
  for (auto use : {bus::v1::CERTIFICATE_USE_SIGN, bus::v1::CERTIFICATE_USE_ENCRYPT,
                   bus::v1::CERTIFICATE_USE_RECOVERY, bus::v1::CERTIFICATE_USE_ARCHIVE}) {
    EXPECT_EQ(count("/agency/ins", use), 1u) << use;
    EXPECT_EQ(count("/auditor", use), 1u) << use;
  }
  EXPECT_EQ(count("/broker/1", bus::v1::CERTIFICATE_USE_SIGN), 1u);
  EXPECT_EQ(count("/operator", bus::v1::CERTIFICATE_USE_SIGN), 0u);
}

TEST_F(GenesisTest, NoTwoBusesHaveOneId) {
  IssueAll();
  Genesis first = Draft(), second = Draft();
  ASSERT_TRUE(CompleteGenesis(pki_, &first).ok());
  ASSERT_TRUE(CompleteGenesis(pki_, &second).ok());
  EXPECT_NE(first.bus_id(), second.bus_id());
}

TEST_F(GenesisTest, ACertificateThatIsMissingIsNamedWithTheCommandThatMakesIt) {
  Issue("/agency/doj", {KeyUse::kSign, KeyUse::kEncrypt, KeyUse::kArchive});
  Issue("/auditor", {KeyUse::kSign, KeyUse::kEncrypt, KeyUse::kRecovery, KeyUse::kArchive});
  Issue("/broker/1", {KeyUse::kSign});
  Genesis genesis = Draft();
  const absl::Status status = CompleteGenesis(pki_, &genesis);
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("issued/agency/doj/recovery.pem"));
  EXPECT_THAT(NextOf(status), HasSubstr("/agency/doj --use recovery"));
}

TEST_F(GenesisTest, WhatTheAuthorityGivesMayNotStandInADraft) {
  Genesis with_id = Draft(), with_roots = Draft(), with_certificate = Draft();
  with_id.set_bus_id("0123456789abcdef");
  EXPECT_THAT(Refusal(with_id), HasSubstr("bus_id"));
  with_roots.mutable_directory()->set_roots_pem("-----BEGIN CERTIFICATE-----");
  EXPECT_THAT(Refusal(with_roots), HasSubstr("roots_pem"));
  with_certificate.mutable_directory()->mutable_identities(0)->add_certificates();
  EXPECT_THAT(Refusal(with_certificate), HasSubstr("certificates given"));
}

TEST_F(GenesisTest, IdentitiesArePathsBelowATrustDomain) {
  Genesis without_domain = Draft(), whole_admin = Draft(), whole_identity = Draft();
  without_domain.mutable_directory()->clear_trust_domain();
  EXPECT_THAT(Refusal(without_domain), HasSubstr("trust_domain"));
  whole_admin.set_policy_admins(0, "spiffe://waystation.example/policy-admin/doj");
  EXPECT_THAT(Refusal(whole_admin), HasSubstr("not a path"));
  whole_identity.mutable_directory()->mutable_identities(0)->set_identity("spiffe://x/auditor");
  EXPECT_THAT(Refusal(whole_identity), HasSubstr("not a path"));
}

// One policy in two forms: what development buses are tried with is what is deployed.
TEST(GenesisSampleTest, IsTheDraftOfADevelopmentBus) {
  Genesis sample;
  const absl::Status loaded = config::LoadTextProto("deploy/config/genesis.textproto", &sample);
  ASSERT_TRUE(loaded.ok()) << loaded;
  EXPECT_EQ(sample.DebugString(), MakeDevGenesis(DevAgencies(), kTrustDomain).DebugString());
}

}  // namespace
}  // namespace waystation::cli
