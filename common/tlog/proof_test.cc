#include "common/tlog/proof.h"

#include <string>

#include "gtest/gtest.h"

namespace waystation::tlog {
namespace {

constexpr char kCheckpoint[] =
    "example.com/log\n2\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
    "\xe2\x80\x94 k AAAAAAA=\n";

std::string Text(const std::string& extra, const std::string& index, const std::string& hashes) {
  return "c2sp.org/tlog-proof@v1\n" + extra + index + hashes + "\n" + kCheckpoint;
}

const std::string kHash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

TEST(ProofTest, ReadsAndWritesOneForm) {
  const std::string text = Text("extra AQI=\n", "index 73894\n", kHash + kHash);
  auto proof = Proof::Parse(text);
  ASSERT_TRUE(proof.ok()) << proof.status();
  EXPECT_EQ(proof->index, 73'894u);
  EXPECT_EQ(proof->extra, "\x01\x02");
  EXPECT_EQ(proof->path, std::string(64, '\0'));
  EXPECT_EQ(proof->checkpoint, kCheckpoint);
  EXPECT_EQ(proof->ToBytes(), text);
}

TEST(ProofTest, ATreeOfOneLeafHasNoPath) {
  auto proof = Proof::Parse(Text("", "index 0\n", ""));
  ASSERT_TRUE(proof.ok()) << proof.status();
  EXPECT_TRUE(proof->path.empty());
  EXPECT_EQ(proof->checkpoint, kCheckpoint);
}

TEST(ProofTest, RefusesOtherForms) {
  std::string many;
  for (int i = 0; i < 63; ++i) many += kHash;
  EXPECT_TRUE(Proof::Parse(Text("", "index 1\n", many)).ok());
  for (const std::string& bad :
       {std::string(), Text("", "index 1\n", many + kHash), Text("", "index 01\n", ""),
        Text("", "index -1\n", ""), Text("", "", ""), Text("", "index\n", ""),
        Text("extra A\n", "index 1\n", ""), Text("", "index 1\n", "AAAA\n"),
        std::string("c2sp.org/tlog-proof@v2\nindex 1\n\n"),
        std::string("c2sp.org/tlog-proof@v1\nindex 1\n")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Proof::Parse(bad).status())) << bad;
  }
}

}  // namespace
}  // namespace waystation::tlog
