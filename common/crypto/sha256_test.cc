#include "common/crypto/sha256.h"

#include "common/crypto/random.h"
#include "gtest/gtest.h"

namespace waystation::crypto {
namespace {

TEST(Sha256Test, MatchesFips180Vectors) {
  struct Case {
    std::string input;
    std::string hex;
  };
  const Case kCases[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1'000'000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const Case& c : kCases) EXPECT_EQ(Hex(AsBytes(Sha256(c.input))), c.hex);
}

TEST(Sha256Test, PiecesHashLikeTheWhole) {
  const std::string bytes = RandomString(200);
  Sha256Hasher hasher;  // One hasher throughout: Finish leaves it as new.
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    hasher.Update(std::string_view(bytes).substr(0, cut));
    hasher.Update(std::string_view(bytes).substr(cut));
    ASSERT_EQ(hasher.Finish(), Sha256(bytes)) << "cut at " << cut;
  }
}

TEST(Sha256Test, CopiedHasherGoesOnAlone) {
  Sha256Hasher first;
  first.Update("ab");
  Sha256Hasher second = first;
  first.Update("c");
  EXPECT_EQ(first.Finish(), Sha256("abc"));
  EXPECT_EQ(second.Finish(), Sha256("ab"));
}

TEST(Sha256Test, DigestFromTakesExactly32Bytes) {
  const Digest digest = Sha256("abc");
  EXPECT_EQ(DigestFrom(AsBytes(digest)), digest);
  EXPECT_EQ(DigestFrom(""), std::nullopt);
  EXPECT_EQ(DigestFrom(std::string(31, 'x')), std::nullopt);
  EXPECT_EQ(DigestFrom(std::string(33, 'x')), std::nullopt);
}

TEST(RandomTest, FillsEveryByteAndNeverRepeats) {
  // A byte that is never written stays equal in all rounds; by chance that
  // happens to any of the 64 with probability 64 * 2^-56.
  std::string first = RandomString(64);
  std::string changed(64, '\0');
  for (int round = 0; round < 7; ++round) {
    std::string next = RandomString(64);
    EXPECT_NE(next, first);
    for (size_t i = 0; i < next.size(); ++i)
      changed[i] = static_cast<char>(changed[i] | (next[i] ^ first[i]));
  }
  EXPECT_EQ(changed.find('\0'), std::string::npos);
  EXPECT_EQ(RandomString(0), "");
}

}  // namespace
}  // namespace waystation::crypto
