#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/audit/follower_fixture.h"

namespace waystation::audit {
namespace {

using evidence::TestBus;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A follower whose policy names two agencies' cosigners and the auditor's own.
class CosignersTest : public FollowerTest {
 protected:
  CosignersTest() {
    for (const char* name : {"doj", "ins", "auditor"}) {
      crypto::Ed25519Key key = *crypto::Ed25519Key::Generate();
      const tlog::VerifierKey name_of_key =
          *tlog::VerifierKey::Create(absl::StrCat("waystation.example/cosigner/", name),
                                     tlog::KeyType::kCosignature, key.public_key());
      absl::StrAppend(&cosigner_lines_, "witness ", name, " ", name_of_key.ToString(), "\n");
      cosigners_.emplace(name, Cosigner{name_of_key, std::move(key)});
    }
  }

  // The record grows and its log is signed.
  void Grow() {
    AddRequest(++requests_, absl::Hours(24 * 30));
    AddCheckpoint(Head());
    ASSERT_TRUE(Follow());
  }
  // The newest checkpoint, cosigned by these.
  std::string Cosigned(const std::vector<std::string>& names) const {
    tlog::Note note = *tlog::Note::Parse(Note(Head()));
    for (const std::string& name : names) note.signatures.push_back(Line(name, name, note.text));
    return note.ToBytes();
  }
  // A line by the name of one with the key of another.
  tlog::NoteSignature Line(const std::string& name, const std::string& key,
                           const std::string& text) const {
    return *tlog::Cosign(cosigners_.at(name).name, cosigners_.at(key).key, text, clock_.Now());
  }
  // The follower looks at the log, which shows these.
  void Look(const std::string& checkpoint, const std::string& cosigned) {
    v1::GetCheckpointResponse shown;
    shown.set_checkpoint(checkpoint);
    shown.set_cosigned(cosigned);
    ASSERT_TRUE(follower_->TakeLog(shown).ok());
  }
  void Look(const std::vector<std::string>& cosigners) { Look(Note(Head()), Cosigned(cosigners)); }
  // Who is found behind.
  std::vector<std::string> Behind() {
    std::vector<std::string> parties;
    for (const v1::Finding& finding : Open(Rule::kCosignerBehind)) {
      EXPECT_EQ(finding.parties_size(), 1);
      parties.push_back(finding.parties(0));
    }
    return parties;
  }

  struct Cosigner {
    tlog::VerifierKey name;
    crypto::Ed25519Key key;
  };
  std::map<std::string, Cosigner> cosigners_;
  uint64_t requests_ = 0;
};

TEST_F(CosignersTest, WhoIsAbsentForAMinuteIsFoundAndItEndsWhenHeIsBack) {
  Grow();
  Look({"doj", "ins", "auditor"});
  const uint64_t cosigned = leaves_.size();
  Grow();
  Look({"doj", "auditor"});
  clock_.Advance(absl::Seconds(60) - absl::Microseconds(1));
  Look({"doj", "auditor"});
  EXPECT_EQ(OpenCount(), 0u);
  clock_.Advance(absl::Microseconds(1));
  Look({"doj", "auditor"});
  ASSERT_THAT(Behind(), ElementsAre(TestBus::Identity("/agency/ins")));
  const v1::Finding finding = Open(Rule::kCosignerBehind)[0];
  EXPECT_THAT(finding.detail(),
              HasSubstr(absl::StrCat("up to size ", cosigned, ", the log has ", leaves_.size())));
  Look({"doj", "auditor"});
  EXPECT_EQ(Open(Rule::kCosignerBehind)[0].revision(), finding.revision()) << "found once";

  Look({"doj", "ins", "auditor"});
  EXPECT_EQ(OpenCount(), 0u);
  auto all =
      store_->ListFindings({.rule = std::string(RuleName(Rule::kCosignerBehind)), .limit = 100});
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ((*all)[0].second.closing().reason(),
            absl::StrCat("ended by the log: it cosigned size ", leaves_.size()));
}

TEST_F(CosignersTest, TheAuditorsOwnCosignerIsJudgedAsOthersAre) {
  Grow();
  Look({"doj", "ins"});
  clock_.Advance(absl::Seconds(60));
  Look({"doj", "ins"});
  EXPECT_THAT(Behind(), ElementsAre(TestBus::Identity("/auditor")));
}

TEST_F(CosignersTest, EachThatIsAbsentIsAFindingOfItsOwnAlsoAfterARestart) {
  Grow();
  Look(std::vector<std::string>{});
  Restart();
  clock_.Advance(absl::Seconds(60));
  Look({"doj"});
  EXPECT_THAT(Behind(), testing::UnorderedElementsAre(TestBus::Identity("/agency/ins"),
                                                      TestBus::Identity("/auditor")));
  Restart();
  Look({"doj", "ins"});
  EXPECT_THAT(Behind(), ElementsAre(TestBus::Identity("/auditor")));
}

// Under load the newest checkpoint is never the one that all have cosigned.
TEST_F(CosignersTest, WhoIsOneCheckpointLateIsNotBehind) {
  for (int i = 0; i < 5; ++i) {
    Grow();
    const std::string before = Cosigned({"doj", "ins", "auditor"});
    Grow();
    Look(Note(Head()), before);
    clock_.Advance(absl::Seconds(50));
  }
  EXPECT_THAT(Behind(), IsEmpty());
}

TEST_F(CosignersTest, ALineByAnotherKeyIsNoCosignature) {
  Grow();
  for (int i = 0; i < 2; ++i) {
    tlog::Note note = *tlog::Note::Parse(Cosigned({"doj", "auditor"}));
    note.signatures.push_back(Line("ins", "doj", note.text));
    Look(Note(Head()), note.ToBytes());
    clock_.Advance(absl::Seconds(60));
  }
  EXPECT_THAT(Behind(), ElementsAre(TestBus::Identity("/agency/ins")));
}

TEST_F(CosignersTest, NobodyIsBehindALogThatStandsStill) {
  Grow();
  for (int i = 0; i < 3; ++i) {
    Look({"doj", "ins", "auditor"});
    clock_.Advance(absl::Hours(1));
  }
  EXPECT_THAT(Behind(), IsEmpty());
}

}  // namespace
}  // namespace waystation::audit
