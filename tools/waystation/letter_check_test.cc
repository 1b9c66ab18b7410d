#include "tools/waystation/letter_check.h"

#include <memory>

#include "common/crypto/signing_key.h"
#include "common/evidence/signer.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"
#include "tools/waystation/pki.h"

namespace waystation::cli {
namespace {

using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const char kHhs[] = "spiffe://waystation.example/agency/hhs";

// A letter as HHS signs it, by a real key.
class LetterCheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string dir = absl::StrCat(
        ::testing::TempDir(), "/", ::testing::UnitTest::GetInstance()->current_test_info()->name());
    pki_ = std::make_unique<PkiFolder>(
        *PkiFolder::Init(dir, "root", absl::Hours(24 * 365), kNow, true));
  }

  hhs::v1::SignedLetter SignAs(const std::string& identity) {
    auto issued = *pki_->Issue({.identity = identity, .use = crypto::KeyUse::kSign}, kNow);
    auto certificate = *crypto::Certificate::FromPem(issued.certificate_pem);
    serial_ = certificate.serial();
    auto key = *crypto::SigningKey::FromPem(*ReadWholeFile(issued.key_path));
    auto signer = *evidence::Signer::Create(identity, std::move(key), certificate);
    hhs::v1::Letter letter;
    letter.set_number("0000000079444");
    letter.set_kind(hhs::v1::LETTER_KIND_CERTIFICATION);
    const absl::CivilDay day = absl::ToCivilDay(kNow, absl::UTCTimeZone());
    letter.mutable_issued_on()->set_year(static_cast<int>(day.year()));
    letter.mutable_issued_on()->set_month(day.month());
    letter.mutable_issued_on()->set_day(day.day());
    letter.set_basis("TVPA 107(b)(1)");
    hhs::v1::SignedLetter out;
    out.set_letter(letter.SerializeAsString());
    *out.mutable_signature() =
        *signer.SignOne("application/vnd.waystation.hhs.letter.v1+protobuf", out.letter());
    out.set_signer(identity);
    out.set_certificate(certificate.der());
    return out;
  }

  crypto::TrustStore Trust() {
    return *crypto::TrustStore::Create(pki_->root_pem(), *ReadWholeFile(pki_->crl_path()),
                                       absl::Hours(24));
  }

  std::unique_ptr<PkiFolder> pki_;
  std::string serial_;
};

TEST_F(LetterCheckTest, BelievesALetterOfHhsByItsRootsOrItsCertificate) {
  auto letter = CheckLetterSignature(SignAs(kHhs).SerializeAsString());
  ASSERT_TRUE(letter.ok()) << letter.status();
  EXPECT_EQ(letter->letter.number(), "0000000079444");
  EXPECT_TRUE(CheckPinned(*letter, letter->certificate).ok());
  EXPECT_TRUE(CheckRooted(*letter, Trust(), "waystation.example", kNow).ok());
  EXPECT_FALSE(CheckRooted(*letter, Trust(), "other.example", kNow).ok());
}

TEST_F(LetterCheckTest, RefusesAFileAlteredInAnyOneByte) {
  const std::string good = SignAs(kHhs).SerializeAsString();
  for (size_t at = 0; at < good.size(); ++at) {
    for (int flip : {0x01, 0x80, 0xff}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      const absl::Status status = CheckLetterSignature(bad).status();
      EXPECT_EQ(ExitCodeOf(status), ExitCode::kUnverified) << at << " " << status;
    }
  }
}

TEST_F(LetterCheckTest, RefusesACutOrLengthenedFile) {
  const std::string good = SignAs(kHhs).SerializeAsString();
  for (const std::string& bad : {std::string(), good.substr(0, good.size() - 1), good + '\0',
                                 good + good, std::string(70'000, '\x0a')}) {
    EXPECT_EQ(ExitCodeOf(CheckLetterSignature(bad).status()), ExitCode::kUnverified);
  }
}

TEST_F(LetterCheckTest, RefusesALetterThatAnotherAgencySigned) {
  const auto file = SignAs("spiffe://waystation.example/agency/ins");
  EXPECT_THAT(CheckLetterSignature(file.SerializeAsString()).status().ToString(),
              HasSubstr("not signed by HHS"));
}

TEST_F(LetterCheckTest, RefusesASignerThatItsCertificateDoesNotName) {
  auto file = SignAs("spiffe://waystation.example/agency/ins");
  file.set_signer(kHhs);
  EXPECT_EQ(ExitCodeOf(CheckLetterSignature(file.SerializeAsString()).status()),
            ExitCode::kUnverified);
}

TEST_F(LetterCheckTest, RefusesAnotherCertificateThanThePinnedOne) {
  auto letter = CheckLetterSignature(SignAs(kHhs).SerializeAsString());
  ASSERT_TRUE(letter.ok());
  auto other = *crypto::Certificate::FromPem(pki_->root_pem());
  EXPECT_EQ(ExitCodeOf(CheckPinned(*letter, other)), ExitCode::kUnverified);
}

TEST_F(LetterCheckTest, RefusesARevokedCertificateAlsoForAnEarlierLetter) {
  auto letter = CheckLetterSignature(SignAs(kHhs).SerializeAsString());
  ASSERT_TRUE(letter.ok());
  const absl::Time later = kNow + absl::Hours(48);
  ASSERT_TRUE(pki_->Revoke(serial_, later).ok());
  EXPECT_EQ(ExitCodeOf(CheckRooted(*letter, Trust(), "waystation.example", later + absl::Hours(1))),
            ExitCode::kUnverified);
}

}  // namespace
}  // namespace waystation::cli
