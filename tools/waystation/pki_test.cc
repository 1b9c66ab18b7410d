#include "tools/waystation/pki.h"

#include <sys/stat.h>

#include "common/crypto/trust.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/files.h"

namespace waystation::cli {
namespace {

using crypto::KeyUse;
using crypto::TrustProblem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const char kIns[] = "spiffe://waystation.example/agency/ins";

class PkiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = absl::StrCat(::testing::TempDir(), "/",
                        ::testing::UnitTest::GetInstance()->current_test_info()->name());
  }

  PkiFolder Make() {
    auto pki = PkiFolder::Init(dir_, "test root", absl::Hours(24), kNow, false);
    WS_CHECK(pki.ok());
    return *std::move(pki);
  }

  TrustProblem Judge(const PkiFolder& pki, const std::string& pem, KeyUse use, absl::Time at) {
    auto store = crypto::TrustStore::Create(pki.root_pem(), *ReadWholeFile(pki.crl_path()),
                                            absl::ZeroDuration());
    WS_CHECK(store.ok());
    return store->Check(*crypto::Certificate::FromPem(pem), {}, use, at).problem;
  }

  std::string dir_;
};

int ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

TEST_F(PkiTest, IssuesTrustedCertificateOfOneIdentityAndUse) {
  PkiFolder pki = Make();
  auto issued = pki.Issue({.identity = kIns, .use = KeyUse::kSign}, kNow);
  ASSERT_TRUE(issued.ok()) << issued.status();
  EXPECT_EQ(Judge(pki, issued->certificate_pem, KeyUse::kSign, kNow), TrustProblem::kNone);
  EXPECT_EQ(Judge(pki, issued->certificate_pem, KeyUse::kTls, kNow), TrustProblem::kWrongUse);
  auto certificate = *crypto::Certificate::FromPem(issued->certificate_pem);
  EXPECT_THAT(certificate.uri_sans(), ElementsAre(kIns));
  EXPECT_EQ(certificate.serial(), issued->serial);
}

TEST_F(PkiTest, KeysAreForTheOwnerAlone) {
  PkiFolder pki = Make();
  auto issued = *pki.Issue({.identity = kIns}, kNow);
  EXPECT_EQ(ModeOf(dir_ + "/root-key.pem"), 0600);
  EXPECT_EQ(ModeOf(issued.key_path), 0600);
  EXPECT_EQ(ModeOf(dir_ + "/register.textproto"), 0600);
}

TEST_F(PkiTest, NeverOverwritesUnlessForced) {
  PkiFolder pki = Make();
  EXPECT_TRUE(
      absl::IsAlreadyExists(PkiFolder::Init(dir_, "other", absl::Hours(1), kNow, false).status()));
  auto first = *pki.Issue({.identity = kIns}, kNow);
  EXPECT_TRUE(absl::IsAlreadyExists(pki.Issue({.identity = kIns}, kNow).status()));
  EXPECT_EQ(*ReadWholeFile(first.certificate_path), first.certificate_pem);
  auto second = pki.Issue({.identity = kIns, .force = true}, kNow);
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->serial, first.serial);
  EXPECT_EQ(pki.issued().issued_size(), 2);
}

TEST_F(PkiTest, RevokedCertificateIsRefusedAfterwardsAndGoodBefore) {
  PkiFolder pki = Make();
  auto issued = *pki.Issue({.identity = kIns}, kNow);
  const absl::Time revoked = kNow + absl::Hours(1);
  ASSERT_TRUE(pki.Revoke(issued.serial, revoked).ok());
  ASSERT_TRUE(pki.Revoke(issued.serial, revoked + absl::Hours(1)).ok());
  EXPECT_EQ(Judge(pki, issued.certificate_pem, KeyUse::kTls, kNow), TrustProblem::kNone);
  EXPECT_EQ(Judge(pki, issued.certificate_pem, KeyUse::kTls, revoked + absl::Minutes(1)),
            TrustProblem::kRevoked);
  EXPECT_EQ(pki.issued().crl_number(), 3u);
}

TEST_F(PkiTest, RevocationOfUnknownSerialIsNotFound) {
  PkiFolder pki = Make();
  EXPECT_TRUE(absl::IsNotFound(pki.Revoke("00ff", kNow)));
}

TEST_F(PkiTest, OpensWhatItMadeAndGoesOn) {
  std::string serial;
  {
    PkiFolder pki = Make();
    serial = pki.Issue({.identity = kIns}, kNow)->serial;
  }
  auto pki = PkiFolder::Open(dir_);
  ASSERT_TRUE(pki.ok()) << pki.status();
  EXPECT_TRUE(pki->Revoke(serial, kNow).ok());
  EXPECT_TRUE(pki->Issue({.identity = kIns, .use = KeyUse::kEncrypt}, kNow).ok());
}

TEST_F(PkiTest, FolderWithoutAuthorityIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(PkiFolder::Open(dir_ + "/nothing").status()));
}

TEST_F(PkiTest, IdentityMustBeASpiffeId) {
  PkiFolder pki = Make();
  for (const char* bad : {"", "ins", "https://waystation.example/x", "spiffe://x/../y"}) {
    EXPECT_FALSE(pki.Issue({.identity = bad}, kNow).ok()) << bad;
  }
}

TEST_F(PkiTest, ProblemsNameCountOfNamesAndTime) {
  PkiFolder pki = Make();
  auto doubled = *pki.Issue({.identity = kIns,
                             .lifetime = absl::Hours(1),
                             .more_identities = {"spiffe://waystation.example/agency/doj"}},
                            kNow);
  auto certificate = *crypto::Certificate::FromPem(doubled.certificate_pem);
  EXPECT_THAT(CertificateProblems(certificate, kNow), Contains(HasSubstr("URI SANs: 2")));
  EXPECT_THAT(CertificateProblems(certificate, kNow + absl::Hours(2)), Contains("expired"));
  auto good = *pki.Issue({.identity = kIns, .use = KeyUse::kSign}, kNow);
  EXPECT_THAT(CertificateProblems(*crypto::Certificate::FromPem(good.certificate_pem), kNow),
              IsEmpty());
}

TEST(ParseKeyUseTest, KnowsEveryUse) {
  for (const char* name : {"tls", "sign", "encrypt", "recovery", "archive"}) {
    EXPECT_EQ(crypto::KeyUseName(*ParseKeyUse(name)), name);
  }
  EXPECT_FALSE(ParseKeyUse("all").ok());
}

}  // namespace
}  // namespace waystation::cli
