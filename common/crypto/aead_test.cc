#include "common/crypto/aead.h"

#include "gtest/gtest.h"

namespace waystation::crypto {
namespace {

// Test case 16 of the GCM specification (McGrew and Viega): AES-256, with
// associated data.
constexpr char kVectorKey[] = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
constexpr char kVectorNonce[] = "cafebabefacedbaddecaf888";
constexpr char kVectorPlaintext[] =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
constexpr char kVectorAssociated[] = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
constexpr char kVectorCiphertext[] =
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662";
constexpr char kVectorTag[] = "76fc6ece0f4e1768cddf8853bb2d551b";

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

TEST(AeadTest, OpensTheVectorOfTheSpecification) {
  absl::StatusOr<AeadKey> key = AeadKey::FromBytes(FromHex(kVectorKey));
  ASSERT_TRUE(key.ok()) << key.status();
  const std::string sealed =
      FromHex(kVectorNonce) + FromHex(kVectorCiphertext) + FromHex(kVectorTag);
  absl::StatusOr<std::string> opened = Open(*key, FromHex(kVectorAssociated), sealed);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(*opened, FromHex(kVectorPlaintext));
}

TEST(AeadTest, OpensWhatItSealed) {
  const AeadKey key = AeadKey::Generate();
  for (size_t size : {0, 1, 15, 16, 17, 1000}) {
    for (const char* place : {"", "cases.notes.7"}) {
      const std::string plaintext(size, 'p');
      absl::StatusOr<std::string> sealed = Seal(key, place, plaintext);
      ASSERT_TRUE(sealed.ok()) << sealed.status();
      EXPECT_EQ(sealed->size(), size + kSealOverheadBytes);
      absl::StatusOr<std::string> opened = Open(key, place, *sealed);
      ASSERT_TRUE(opened.ok()) << opened.status();
      EXPECT_EQ(*opened, plaintext);
    }
  }
}

TEST(AeadTest, SealsTheSameValueDifferentlyEachTime) {
  const AeadKey key = AeadKey::Generate();
  EXPECT_NE(*Seal(key, "", "value"), *Seal(key, "", "value"));
}

TEST(AeadTest, RefusesEveryFlippedBitAndEveryCut) {
  const AeadKey key = AeadKey::Generate();
  const std::string sealed = *Seal(key, "place", "plaintext");
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string altered = sealed;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_TRUE(absl::IsDataLoss(Open(key, "place", altered).status())) << "bit " << bit;
  }
  for (size_t size = 0; size < sealed.size(); ++size) {
    ASSERT_TRUE(absl::IsDataLoss(Open(key, "place", sealed.substr(0, size)).status())) << size;
  }
  EXPECT_TRUE(absl::IsDataLoss(Open(key, "place", sealed + '\0').status()));
}

TEST(AeadTest, RefusesAnotherKeyOrPlace) {
  const AeadKey key = AeadKey::Generate();
  const std::string sealed = *Seal(key, "cases.notes.7", "plaintext");
  EXPECT_TRUE(absl::IsDataLoss(Open(AeadKey::Generate(), "cases.notes.7", sealed).status()));
  EXPECT_TRUE(absl::IsDataLoss(Open(key, "cases.notes.8", sealed).status()));
  EXPECT_TRUE(absl::IsDataLoss(Open(key, "", sealed).status()));
}

TEST(AeadTest, KeyIsExactly32Bytes) {
  for (size_t size : {0, 16, 31, 33}) {
    EXPECT_TRUE(absl::IsInvalidArgument(AeadKey::FromBytes(std::string(size, 'k')).status()));
  }
  const AeadKey key = AeadKey::Generate();
  EXPECT_EQ(AeadKey::FromBytes(key.bytes())->bytes(), key.bytes());
}

}  // namespace
}  // namespace waystation::crypto
