#include "common/tlog/policy.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/crypto/ed25519.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::tlog {
namespace {

// Six agencies and an auditor, 4 of 6 and the auditor.
class PolicyTest : public testing::Test {
 protected:
  PolicyTest() {
    text_ = absl::StrCat("# SYNTHETIC\nlog ", log_.ToString(), "\n");
    for (const char* name : {"dos", "doj", "dol", "hhs", "ins", "usaid", "auditor"}) {
      auto key = *crypto::Ed25519Key::Generate();
      auto vkey = *VerifierKey::Create(absl::StrCat("example.com/", name), KeyType::kCosignature,
                                       key.public_key());
      absl::StrAppend(&text_, "witness ", name, "  \t", vkey.ToString(), "\n");
      keys_.emplace(name, std::make_pair(vkey, std::move(key)));
    }
    absl::StrAppend(&text_, "group agencies 4 dos doj dol hhs ins usaid\n",
                    "group both all agencies auditor\nquorum both\n");
  }

  std::string CosignedBy(const std::vector<std::string>& names) {
    const std::string text =
        Checkpoint{.origin = log_.name(), .size = 1, .root = merkle::LeafHash("a")}.ToText();
    Note note{.text = text, .signatures = {*SignNote(log_, log_key_, text)}};
    for (const std::string& name : names) {
      const auto& [vkey, key] = keys_.at(name);
      note.signatures.push_back(*Cosign(vkey, key, text, absl::FromUnixSeconds(1'000)));
    }
    return note.ToBytes();
  }

  crypto::Ed25519Key log_key_ = *crypto::Ed25519Key::Generate();
  VerifierKey log_ =
      *VerifierKey::Create("example.com/log/0", KeyType::kEd25519, log_key_.public_key());
  std::map<std::string, std::pair<VerifierKey, crypto::Ed25519Key>> keys_;
  std::string text_;
};

TEST_F(PolicyTest, FourOfSixAndTheAuditorAreAQuorum) {
  auto policy = Policy::Parse(text_);
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->origin(), "example.com/log/0");
  EXPECT_EQ(policy->cosigners().size(), 7u);
  auto opened = policy->OpenCosigned(CosignedBy({"dos", "doj", "dol", "hhs", "auditor"}));
  ASSERT_TRUE(opened.ok()) << opened.status();
  auto times = policy->CosignersOf(opened->note);
  ASSERT_EQ(times.size(), 5u);
  EXPECT_EQ(times[0].time, absl::FromUnixSeconds(1'000));
  for (const std::vector<std::string>& too_few : {std::vector<std::string>{},
                                                  {"dos", "doj", "dol", "hhs"},
                                                  {"dos", "doj", "dol", "auditor"},
                                                  {"dos", "dos", "dos", "dos", "auditor"}}) {
    absl::Status refused = policy->OpenCosigned(CosignedBy(too_few)).status();
    EXPECT_EQ(ReasonOf(refused), "NO_QUORUM") << refused;
    EXPECT_TRUE(policy->Open(CosignedBy(too_few)).ok());
  }
}

TEST_F(PolicyTest, AnAlteredCosignatureDoesNotCount) {
  auto policy = Policy::Parse(text_);
  ASSERT_TRUE(policy.ok()) << policy.status();
  auto note = Note::Parse(CosignedBy({"dos", "doj", "dol", "hhs", "auditor"}));
  ASSERT_TRUE(note.ok());
  note->signatures.back().bytes[20] = static_cast<char>(note->signatures.back().bytes[20] ^ 1);
  EXPECT_EQ(ReasonOf(policy->OpenCosigned(note->ToBytes()).status()), "NO_QUORUM");
}

TEST_F(PolicyTest, RefusesWhatHasNoMeaning) {
  const std::string dos = keys_.at("dos").first.ToString();
  const std::string doj = keys_.at("doj").first.ToString();
  const std::string log = log_.ToString();
  for (const std::string& bad :
       {std::string(), absl::StrCat("log ", log, "\n"), std::string("quorum a\n"),
        std::string("quorum none\nquorum none\n"), absl::StrCat("log ", dos, "\nquorum none\n"),
        absl::StrCat("witness a ", log, "\nquorum a\n"),
        absl::StrCat("witness a ", dos, "\nwitness a ", doj, "\nquorum a\n"),
        absl::StrCat("witness a ", dos, "\nwitness b ", dos, "\nquorum a\n"),
        absl::StrCat("witness none ", dos, "\nquorum none\n"),
        absl::StrCat("witness a ", dos, "\ngroup g 2 a\nquorum g\n"),
        absl::StrCat("witness a ", dos, "\ngroup g 0 a\nquorum g\n"),
        absl::StrCat("witness a ", dos, "\ngroup g all a a\nquorum g\n"),
        absl::StrCat("witness a ", dos, "\ngroup g all b\nquorum g\n"),
        absl::StrCat("witness a ", dos, "\ngroup g some a\nquorum g\n"),
        absl::StrCat("witness a ", dos, "\ngroup g all a\ngroup h all a\nquorum g\n"),
        absl::StrCat("log ", log, "\nmember a\nquorum none\n"),
        absl::StrCat("witness a ", dos.substr(1), "\nquorum a\n"),
        std::string(70'000, '#') + "\nquorum none\n"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Policy::Parse(bad).status())) << bad.substr(0, 200);
  }
  EXPECT_TRUE(Policy::Parse("quorum none").ok());
}

}  // namespace
}  // namespace waystation::tlog
