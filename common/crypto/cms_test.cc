#include "common/crypto/cms.h"

#include "common/crypto/openssl.h"
#include "common/crypto/random.h"
#include "common/crypto/test_authority.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::crypto {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kPlaintext[] = "recognisable plaintext of a petition";
// OBJECT IDENTIFIER elements of RFC 5753 7.1.4 and 7.1.
constexpr char kSha256Kdf[] = "\x06\x06\x2b\x81\x04\x01\x0b\x01";
constexpr char kSha1Kdf[] = "\x06\x09\x2b\x81\x05\x10\x86\x48\x3f\x00\x02";

class CmsTest : public testing::Test {
 protected:
  struct Party {
    Certificate certificate;
    DecryptionKey key;
  };
  Party MakeParty(KeyUse use = KeyUse::kEncrypt) const {
    IssuedCertificate issued = TestIssue(authority_, use);
    return {issued.certificate, *DecryptionKey::FromPem(issued.key_pem, issued.certificate_pem)};
  }
  // What OpenSSL makes when nobody tells it better.
  std::string Weaker(CMS_ContentInfo* raw, const EVP_MD* kdf) const {
    OpenSslPtr<CMS_ContentInfo> cms(raw);
    CMS_RecipientInfo* info = CMS_add1_recipient_cert(cms.get(), ins_.certificate.native(), 0);
    if (kdf != nullptr) {
      EVP_PKEY_CTX_set_ecdh_kdf_md(CMS_RecipientInfo_get0_pkey_ctx(info), kdf);
    }
    OpenSslPtr<BIO> input = ReadBio(kPlaintext);
    CMS_set_detached(cms.get(), 0);
    WS_CHECK(CMS_final(cms.get(), input.get(), nullptr, CMS_BINARY) == 1);
    return DerOf(i2d_CMS_ContentInfo, cms.get());
  }

  const CertificateAuthority authority_ = TestAuthority();
  const Party ins_ = MakeParty();
  const Party doj_ = MakeParty();
};

TEST_F(CmsTest, EveryRecipientReadsThePlaintext) {
  const Party recovery = MakeParty(KeyUse::kRecovery);
  const Party archive = MakeParty(KeyUse::kArchive);
  absl::StatusOr<std::string> der = Encrypt(
      kPlaintext, {ins_.certificate, doj_.certificate, recovery.certificate, archive.certificate});
  ASSERT_TRUE(der.ok()) << der.status();
  EXPECT_THAT(*der, Not(HasSubstr("recognisable")));
  for (const Party* party : {&ins_, &doj_, &recovery, &archive}) {
    absl::StatusOr<std::string> plaintext = Decrypt(*der, party->key);
    ASSERT_TRUE(plaintext.ok()) << plaintext.status();
    EXPECT_EQ(*plaintext, kPlaintext);
  }
}

TEST_F(CmsTest, KeepsBytesOfEverySizeAsTheyAre) {
  for (size_t size : {0, 1, 15, 16, 17, 100, 127, 128, 255, 256, 65536, 1 << 20}) {
    std::string plaintext = RandomString(size);
    if (size > 1) plaintext.replace(0, 2, "\n\r");
    absl::StatusOr<std::string> der = Encrypt(plaintext, {ins_.certificate});
    ASSERT_TRUE(der.ok()) << size << ": " << der.status();
    absl::StatusOr<std::string> back = Decrypt(*der, ins_.key);
    ASSERT_TRUE(back.ok()) << size << ": " << back.status();
    EXPECT_TRUE(*back == plaintext) << size;
  }
}

TEST_F(CmsTest, NamesTheKdfWithSha256AndNotWithSha1) {
  const std::string der = *Encrypt(kPlaintext, {ins_.certificate, doj_.certificate});
  EXPECT_THAT(der, HasSubstr(kSha256Kdf));
  EXPECT_THAT(der, Not(HasSubstr(std::string(kSha1Kdf, sizeof(kSha1Kdf) - 1))));
}

TEST_F(CmsTest, EncryptsTheSameTextDifferentlyEachTime) {
  EXPECT_NE(*Encrypt(kPlaintext, {ins_.certificate}), *Encrypt(kPlaintext, {ins_.certificate}));
}

TEST_F(CmsTest, RefusesWhoIsNotARecipient) {
  const std::string der = *Encrypt(kPlaintext, {ins_.certificate});
  absl::Status status = Decrypt(der, doj_.key).status();
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_THAT(status.ToString(), Not(HasSubstr("recognisable")));
}

TEST_F(CmsTest, RefusesANewKeyUnderAnOldName) {
  // The recipient is named by issuer and serial, so a certificate of the same
  // name but another key meets a wrapped key that does not open.
  const std::string der = *Encrypt(kPlaintext, {ins_.certificate});
  const std::string other = *Encrypt("other", {doj_.certificate});
  const std::string mine = ins_.certificate.serial();
  auto bytes = [](const std::string& hex) {
    std::string out;
    for (size_t i = 0; i < hex.size(); i += 2) {
      out.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    }
    return out;
  };
  std::string renamed = other;
  size_t at = renamed.find(bytes(doj_.certificate.serial()));
  ASSERT_NE(at, std::string::npos);
  renamed.replace(at, 16, bytes(mine));
  EXPECT_TRUE(absl::IsDataLoss(Decrypt(renamed, ins_.key).status()));
}

TEST_F(CmsTest, NoFlippedBitYieldsPlaintext) {
  const std::string der = *Encrypt(kPlaintext, {ins_.certificate});
  for (size_t bit = 0; bit < der.size() * 8; ++bit) {
    std::string altered = der;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << (bit % 8)));
    absl::Status status = Decrypt(altered, ins_.key).status();
    ASSERT_TRUE(absl::IsDataLoss(status) || absl::IsPermissionDenied(status))
        << "bit " << bit << ": " << status;
    ASSERT_THAT(status.ToString(), Not(HasSubstr("recognisable")));
  }
}

TEST_F(CmsTest, ComparesTheIssuersNameByteForByte) {
  std::string der = *Encrypt(kPlaintext, {ins_.certificate});
  size_t at = der.find("test root");
  ASSERT_NE(at, std::string::npos);
  der[at] = 'T';
  EXPECT_TRUE(absl::IsPermissionDenied(Decrypt(der, ins_.key).status()));
}

TEST_F(CmsTest, RefusesEveryCutAndEveryAddition) {
  const std::string der = *Encrypt(kPlaintext, {ins_.certificate});
  for (size_t size = 0; size < der.size(); ++size) {
    ASSERT_TRUE(absl::IsDataLoss(Decrypt(der.substr(0, size), ins_.key).status())) << size;
  }
  EXPECT_TRUE(absl::IsDataLoss(Decrypt(der + '\0', ins_.key).status()));
  EXPECT_TRUE(absl::IsDataLoss(Decrypt(der + der, ins_.key).status()));
}

TEST_F(CmsTest, RefusesWeakerForms) {
  struct Case {
    const char* name;
    std::string der;
  };
  const Case kCases[] = {
      {"KDF with SHA-1", Weaker(CMS_AuthEnvelopedData_create(EVP_aes_256_gcm()), nullptr)},
      {"KDF with SHA-384", Weaker(CMS_AuthEnvelopedData_create(EVP_aes_256_gcm()), EVP_sha384())},
      {"AES-128", Weaker(CMS_AuthEnvelopedData_create(EVP_aes_128_gcm()), EVP_sha256())},
      {"no authentication", Weaker(CMS_EnvelopedData_create(EVP_aes_256_cbc()), EVP_sha256())},
  };
  for (const Case& c : kCases) {
    ASSERT_FALSE(c.der.empty());
    absl::Status status = Decrypt(c.der, ins_.key).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << c.name << ": " << status;
  }
  // The same way of making one, with nothing weaker in it, is read.
  EXPECT_TRUE(
      Decrypt(Weaker(CMS_AuthEnvelopedData_create(EVP_aes_256_gcm()), EVP_sha256()), ins_.key)
          .ok());
}

// Takes `count` bytes off the end and off the lengths of the elements that hold
// the end: ContentInfo, [0], AuthEnvelopedData and the tag.
std::string WithShorterTag(std::string der, size_t count) {
  auto shrink = [&](size_t at) {
    size_t length = static_cast<uint8_t>(der[at]) << 8 | static_cast<uint8_t>(der[at + 1]);
    length -= count;
    der[at] = static_cast<char>(length >> 8);
    der[at + 1] = static_cast<char>(length);
  };
  // Each outer length is 0x82 and two bytes; 13 bytes of type come in between.
  for (size_t at : {2, 4 + 13 + 2, 4 + 13 + 4 + 2}) shrink(at);
  der[der.size() - 17] = static_cast<char>(16 - count);
  der.resize(der.size() - count);
  return der;
}

TEST_F(CmsTest, RefusesAShorterTag) {
  const std::string der = *Encrypt(std::string(300, 'x'), {ins_.certificate});
  ASSERT_TRUE(Decrypt(WithShorterTag(der, 0), ins_.key).ok());
  for (size_t count : {1, 4, 12, 15, 16}) {
    const std::string shorter = WithShorterTag(der, count);
    const unsigned char* next = Bytes(shorter);
    OpenSslPtr<CMS_ContentInfo> parsed(
        d2i_CMS_ContentInfo(nullptr, &next, static_cast<long>(shorter.size())));
    ASSERT_NE(parsed, nullptr) << "well-formed, so that the rule itself is tested";
    EXPECT_TRUE(absl::IsDataLoss(Decrypt(shorter, ins_.key).status())) << count;
  }
}

TEST_F(CmsTest, RefusesBadRecipients) {
  const Certificate sign = TestIssue(authority_, KeyUse::kSign).certificate;
  const Certificate tls = TestIssue(authority_, KeyUse::kTls).certificate;
  const Certificate& good = ins_.certificate;
  EXPECT_TRUE(absl::IsInvalidArgument(Encrypt("x", {}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Encrypt("x", {good, good}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Encrypt("x", {good, sign}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Encrypt("x", {tls}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Encrypt("x", {authority_.certificate()}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Encrypt("x", std::vector<Certificate>(65, good)).status()));
}

TEST_F(CmsTest, SixtyFourRecipientsFit) {
  std::vector<Certificate> recipients = {ins_.certificate};
  while (recipients.size() < kCmsRecipientsMax) {
    recipients.push_back(TestIssue(authority_, KeyUse::kEncrypt).certificate);
  }
  absl::StatusOr<std::string> der = Encrypt(kPlaintext, recipients);
  ASSERT_TRUE(der.ok()) << der.status();
  EXPECT_EQ(*Decrypt(*der, ins_.key), kPlaintext);
}

TEST_F(CmsTest, DecryptionKeyNeedsItsOwnEncryptionCertificate) {
  const IssuedCertificate encrypt = TestIssue(authority_, KeyUse::kEncrypt);
  const IssuedCertificate sign = TestIssue(authority_, KeyUse::kSign);
  auto from = [](const std::string& key, const std::string& certificate) {
    return DecryptionKey::FromPem(key, certificate).status();
  };
  EXPECT_TRUE(from(encrypt.key_pem, encrypt.certificate_pem).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(from(sign.key_pem, encrypt.certificate_pem)));
  EXPECT_TRUE(absl::IsInvalidArgument(from(sign.key_pem, sign.certificate_pem)));
  EXPECT_TRUE(absl::IsInvalidArgument(from("", encrypt.certificate_pem)));
  EXPECT_TRUE(absl::IsInvalidArgument(from(encrypt.key_pem, "")));
}

}  // namespace
}  // namespace waystation::crypto
