#include "common/crypto/ed25519.h"

#include <string>

#include "absl/strings/escaping.h"
#include "common/crypto/signing_key.h"
#include "gtest/gtest.h"

namespace waystation::crypto {
namespace {

std::string FromHex(const char* hex) { return absl::HexStringToBytes(hex); }

struct Vector {
  const char* name;
  const char* seed;
  const char* public_key;
  const char* message;
  const char* signature;
};

// RFC 8032 section 7.1.
constexpr Vector kVectors[] = {
    {"Test1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
     "b46bd25bf5f0595bbe24655141438e7a100b"},
    {"Test2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
     "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"Test3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
     "c6594a7c15e9716ed28dc027beceea1ec40a"},
};

class Ed25519VectorTest : public testing::TestWithParam<Vector> {};

TEST_P(Ed25519VectorTest, SignsAndVerifiesAsPublished) {
  auto key = Ed25519Key::FromSeed(FromHex(GetParam().seed));
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->public_key(), FromHex(GetParam().public_key));
  const std::string message = FromHex(GetParam().message);
  auto signature = key->Sign(message);
  ASSERT_TRUE(signature.ok()) << signature.status();
  EXPECT_EQ(*signature, FromHex(GetParam().signature));
  EXPECT_TRUE(VerifyEd25519(key->public_key(), message, *signature));
}

INSTANTIATE_TEST_SUITE_P(Rfc8032, Ed25519VectorTest, testing::ValuesIn(kVectors),
                         [](const auto& tested) { return tested.param.name; });

TEST(Ed25519Test, RefusesEveryFlippedBitOfTheSignature) {
  auto key = Ed25519Key::Generate();
  ASSERT_TRUE(key.ok());
  const std::string signature = *key->Sign("text");
  for (size_t bit = 0; bit < signature.size() * 8; ++bit) {
    std::string flipped = signature;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(VerifyEd25519(key->public_key(), "text", flipped)) << bit;
  }
  EXPECT_FALSE(VerifyEd25519(key->public_key(), "texT", signature));
  EXPECT_FALSE(VerifyEd25519(key->public_key(), "text", signature.substr(1)));
  EXPECT_FALSE(VerifyEd25519(key->public_key().substr(1), "text", signature));
  EXPECT_FALSE(VerifyEd25519("", "text", ""));
}

TEST(Ed25519Test, ReadsItsOwnPemAndNoOtherKindOfKey) {
  auto key = Ed25519Key::Generate();
  ASSERT_TRUE(key.ok());
  auto again = Ed25519Key::FromPem(*key->ToPem());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->public_key(), key->public_key());
  auto p256 = SigningKey::Generate();
  ASSERT_TRUE(p256.ok());
  EXPECT_TRUE(absl::IsInvalidArgument(Ed25519Key::FromPem(*p256->ToPem()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Ed25519Key::FromPem("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Ed25519Key::FromPem(std::string(20'000, 'x')).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Ed25519Key::FromSeed("short").status()));
}

TEST(VerifyP256Test, TakesTheKeysOwnSignatureAlone) {
  auto key = SigningKey::Generate();
  ASSERT_TRUE(key.ok());
  const std::string signature = *key->SignDigest(Sha256("text"));
  const std::string& der = key->public_key_der();
  EXPECT_TRUE(VerifyP256(der, "text", signature));
  EXPECT_FALSE(VerifyP256(der, "texT", signature));
  EXPECT_FALSE(VerifyP256(der + "x", "text", signature));
  EXPECT_FALSE(VerifyP256(der.substr(1), "text", signature));
  EXPECT_FALSE(VerifyP256("", "text", signature));
  EXPECT_FALSE(VerifyP256(der, "text", ""));
}

}  // namespace
}  // namespace waystation::crypto
