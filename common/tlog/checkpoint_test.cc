#include "common/tlog/checkpoint.h"

#include <string>

#include "common/crypto/ed25519.h"
#include "gtest/gtest.h"

namespace waystation::tlog {
namespace {

// The text of the example in c2sp.org/tlog-checkpoint.
constexpr char kText[] =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

TEST(CheckpointTest, ReadsAndWritesThePublishedText) {
  auto checkpoint = Checkpoint::FromText(kText);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(checkpoint->origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint->size, 20'852'163u);
  EXPECT_EQ(checkpoint->ToText(), kText);
}

TEST(CheckpointTest, RefusesOtherFormsOfTheSame) {
  const std::string root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
  for (const std::string& bad :
       {std::string(), std::string("o\n1\n"), "\n1\n" + root, "o\n01\n" + root, "o\n+1\n" + root,
        "o\n 1\n" + root, "o\n-1\n" + root, "o\n18446744073709551616\n" + root,
        "o\n1\n" + root.substr(1), std::string("o\n1\nAAAA\n"), "o\n1\n" + root + "extension\n",
        "o\n1\n" + root.substr(0, root.size() - 1)}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Checkpoint::FromText(bad).status())) << bad;
  }
}

class OpenCheckpointTest : public testing::Test {
 protected:
  static std::string SignedBy(const crypto::Ed25519Key& key, const VerifierKey& name,
                              const std::string& text) {
    Note note{.text = text, .signatures = {*SignNote(name, key, text)}};
    return note.ToBytes();
  }

  crypto::Ed25519Key key_ = *crypto::Ed25519Key::Generate();
  VerifierKey log_ =
      *VerifierKey::Create("example.com/behind-the-sofa", KeyType::kEd25519, key_.public_key());
};

TEST_F(OpenCheckpointTest, TakesWhatTheLogSigned) {
  auto opened = OpenCheckpoint(SignedBy(key_, log_, kText), {log_});
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->checkpoint.size, 20'852'163u);
}

TEST_F(OpenCheckpointTest, RefusesAnotherKeyAlteredTextAndAnotherOrigin) {
  auto other = *crypto::Ed25519Key::Generate();
  // Another key under the same name has another id: its line is nobody's.
  auto other_name = *VerifierKey::Create(log_.name(), KeyType::kEd25519, other.public_key());
  EXPECT_TRUE(
      absl::IsUnauthenticated(OpenCheckpoint(SignedBy(other, other_name, kText), {log_}).status()));
  // A line that claims the log's own key and does not verify spoils the note.
  EXPECT_TRUE(
      absl::IsUnauthenticated(OpenCheckpoint(SignedBy(other, log_, kText), {log_}).status()));
  std::string altered = SignedBy(key_, log_, kText);
  altered[altered.find("20852163")] = '3';
  EXPECT_TRUE(absl::IsUnauthenticated(OpenCheckpoint(altered, {log_}).status()));
  std::string foreign = kText;
  foreign.replace(0, 11, "example.org");
  EXPECT_TRUE(
      absl::IsInvalidArgument(OpenCheckpoint(SignedBy(key_, log_, foreign), {log_}).status()));
}

}  // namespace
}  // namespace waystation::tlog
