#include "common/tlog/note.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/crypto/signing_key.h"
#include "gtest/gtest.h"

namespace waystation::tlog {
namespace {

// The example of c2sp.org/signed-note.
constexpr char kVkey[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
constexpr char kNote[] =
    "This is an example message.\n"
    "\n"
    "\xe2\x80\x94 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
    "\n";

TEST(NoteTest, VerifiesThePublishedExample) {
  auto key = VerifierKey::Parse(kVkey);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->ToString(), kVkey);
  EXPECT_EQ(key->name(), "example.com/foo");
  EXPECT_EQ(key->id(), 0x530d903au);
  auto note = Note::Parse(kNote);
  ASSERT_TRUE(note.ok()) << note.status();
  EXPECT_EQ(note->text, "This is an example message.\n");
  EXPECT_EQ(note->ToBytes(), kNote);
  EXPECT_TRUE(key->VerifyNote(*note).ok());
  note->text[0] = 't';
  EXPECT_TRUE(absl::IsUnauthenticated(key->VerifyNote(*note)));
}

TEST(NoteTest, PartsTextAndSignaturesAtTheLastBlankLine) {
  const std::string line = std::string(kNote).substr(std::string(kNote).find("\xe2"));
  auto note = Note::Parse("a\n\nb\n\n" + line);
  ASSERT_TRUE(note.ok()) << note.status();
  EXPECT_EQ(note->text, "a\n\nb\n");
  ASSERT_EQ(note->signatures.size(), 1u);
  EXPECT_EQ(note->signatures[0].ToLine(), line);
}

struct BadNote {
  const char* name;
  std::string bytes;
};

class BadNoteTest : public testing::TestWithParam<BadNote> {};

TEST_P(BadNoteTest, IsRefused) {
  auto note = Note::Parse(GetParam().bytes);
  EXPECT_TRUE(absl::IsInvalidArgument(note.status())) << note.status();
}

const std::string kLine = "\xe2\x80\x94 k AAAAAAA=\n";

INSTANTIATE_TEST_SUITE_P(Malformed, BadNoteTest,
                         testing::ValuesIn(std::vector<BadNote>{
                             {"Empty", ""},
                             {"NoSignature", "text\n"},
                             {"NoLineAfterBlank", "text\n\n"},
                             {"NoNewlineAtEnd", "text\n\n" + kLine.substr(0, kLine.size() - 1)},
                             {"Hyphen", "text\n\n- k AAAAAAA=\n"},
                             {"NoName", "text\n\n\xe2\x80\x94  AAAAAAA=\n"},
                             {"PlusInName", "text\n\n\xe2\x80\x94 k+k AAAAAAA=\n"},
                             {"KeyIdAlone", "text\n\n\xe2\x80\x94 k AAAAAA==\n"},
                             {"NotBase64", "text\n\n\xe2\x80\x94 k !AAAAAA=\n"},
                             {"PaddingBitsSet", "text\n\n\xe2\x80\x94 k AAAAAAB=\n"},
                             {"Tab", "te\txt\n\n" + kLine},
                             {"Nul", std::string("te\0xt\n\n", 7) + kLine},
                             {"TooLong", std::string(kNoteBytesMax, 'x') + "\n\n" + kLine},
                         }),
                         [](const auto& tested) { return tested.param.name; });

TEST(NoteTest, TakesAsManySignaturesAsTheLimitAndNoMore) {
  std::string lines;
  for (size_t i = 0; i < kNoteSignaturesMax; ++i) lines += kLine;
  EXPECT_TRUE(Note::Parse("text\n\n" + lines).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(Note::Parse("text\n\n" + lines + kLine).status()));
}

TEST(VerifierKeyTest, RefusesWhatIsNoKey) {
  const std::string vkey = kVkey;
  for (const std::string& bad :
       {std::string(), std::string("name"), std::string("name+00000000"),
        "example.com/foo+530d903b" + vkey.substr(24), "example.com/bar" + vkey.substr(15),
        std::string("example.com/foo+530D903A") + vkey.substr(24), vkey.substr(0, vkey.size() - 4),
        vkey + "A", std::string("a b+530d903a") + vkey.substr(24),
        std::string("k+00000000+CQ==")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(VerifierKey::Parse(bad).status())) << bad;
  }
}

TEST(VerifierKeyTest, VerifiesP256WithTheIdOfItsDer) {
  auto p256 = crypto::SigningKey::Generate();
  ASSERT_TRUE(p256.ok());
  auto key = VerifierKey::Create("example.com/log", KeyType::kEcdsa, p256->public_key_der());
  ASSERT_TRUE(key.ok());
  Note note{.text = "text\n", .signatures = {}};
  note.signatures.push_back({.key_name = key->name(),
                             .key_id = key->id(),
                             .bytes = *p256->SignDigest(crypto::Sha256(note.text))});
  EXPECT_TRUE(key->VerifyNote(note).ok());
  auto again = VerifierKey::Parse(key->ToString());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->VerifyNote(note).ok());
  note.text = "texT\n";
  EXPECT_TRUE(absl::IsUnauthenticated(again->VerifyNote(note)));
}

TEST(CosignatureTest, BindsTextAndTimeAndNothingElseCounts) {
  auto private_key = crypto::Ed25519Key::Generate();
  ASSERT_TRUE(private_key.ok());
  auto key = VerifierKey::Create("example.com/c", KeyType::kCosignature, private_key->public_key());
  auto as_log = VerifierKey::Create("example.com/c", KeyType::kEd25519, private_key->public_key());
  ASSERT_TRUE(key.ok() && as_log.ok());
  EXPECT_NE(key->id(), as_log->id());
  const absl::Time time = absl::FromUnixSeconds(1'679'315'147);
  auto line = Cosign(*key, *private_key, "text\n", time + absl::Milliseconds(900));
  ASSERT_TRUE(line.ok());
  EXPECT_TRUE(key->Verify("text\n", *line));
  EXPECT_EQ(VerifierKey::TimeOf(*line), time);
  EXPECT_FALSE(key->Verify("texT\n", *line));
  EXPECT_FALSE(as_log->Verify("text\n", *line));
  for (size_t at : {size_t{0}, size_t{7}, size_t{8}, size_t{71}}) {
    NoteSignature altered = *line;
    altered.bytes[at] = static_cast<char>(altered.bytes[at] ^ 1);
    EXPECT_FALSE(key->Verify("text\n", altered)) << at;
  }
  // Its log signature is no cosignature, though the key is the same.
  auto log_line = SignNote(*as_log, *private_key, "text\n");
  ASSERT_TRUE(log_line.ok());
  log_line->key_id = key->id();
  EXPECT_FALSE(key->Verify("text\n", *log_line));
}

}  // namespace
}  // namespace waystation::tlog
