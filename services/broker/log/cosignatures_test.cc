#include "services/broker/log/cosignatures.h"

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/status/status.h"
#include "common/tlog/cosigner.h"
#include "gtest/gtest.h"

namespace waystation::broker {
namespace {

using tlog::KeyType;
using tlog::VerifierKey;

class MemoryStore : public tlog::CosignerStore {
 public:
  absl::StatusOr<std::optional<std::string>> Latest() override { return note; }
  absl::Status Keep(const std::string& kept) override {
    note = kept;
    return absl::OkStatus();
  }
  std::optional<std::string> note;
};

// A cosigner that answers what it is asked when the test says so.
struct Party {
  Party(const VerifierKey& name, std::string pem, const VerifierKey& log, const Clock& clock)
      : cosigner(name, *crypto::Ed25519Key::FromPem(pem), {log}, store, clock), key_pem(pem) {}
  MemoryStore store;
  tlog::Cosigner cosigner;
  std::string key_pem;
  std::vector<std::string> asked;
  std::shared_ptr<Cosignatures::Session> session;
};

class CosignaturesTest : public ::testing::Test {
 protected:
  CosignaturesTest() {
    const std::string directory = testing::TempDir() + "/cosignatures";
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    store_ = std::make_unique<TileStore>(directory);
    tree_ = std::make_unique<LogTree>(*store_);
    std::string policy = absl::StrCat("log ", log_.ToString(), "\n");
    for (const char* name : {"doj", "ins", "auditor"}) {
      std::string pem = *crypto::Ed25519Key::Generate()->ToPem();
      VerifierKey key =
          *VerifierKey::Create(absl::StrCat("example.com/", name), KeyType::kCosignature,
                               crypto::Ed25519Key::FromPem(pem)->public_key());
      absl::StrAppend(&policy, "witness ", name, " ", key.ToString(), "\n");
      parties_.emplace(name, std::make_unique<Party>(key, pem, log_, clock_));
    }
    absl::StrAppend(&policy, "group agencies any doj ins\ngroup both all agencies auditor\n",
                    "quorum both\n");
    cosignatures_ = std::make_unique<Cosignatures>(
        *tlog::Policy::Parse(policy), *tree_,
        [this](const std::string& note) { cosigned_.push_back(note); });
  }

  // Grows the log to `size` leaves and publishes its checkpoint.
  void Publish(uint64_t size) {
    std::vector<std::string> leaves;
    for (uint64_t i = tree_->size(); i < size; ++i) leaves.push_back(absl::StrCat("leaf ", i));
    ASSERT_TRUE(tree_->Append(leaves).ok());
    ASSERT_TRUE(cosignatures_->Publish(NoteOf(size, tree_->Root())).ok());
  }

  std::string NoteOf(uint64_t size, const merkle::Digest& root) {
    const std::string text =
        tlog::Checkpoint{.origin = log_.name(), .size = size, .root = root}.ToText();
    return tlog::Note{.text = text, .signatures = {*tlog::SignNote(log_, log_key_, text)}}
        .ToBytes();
  }

  Party& Open(const std::string& name, uint64_t size = 0) {
    Party& party = *parties_.at(name);
    auto session =
        cosignatures_->Open(party.cosigner.name().ToString(), size,
                            [&party](std::string body) { party.asked.push_back(std::move(body)); });
    EXPECT_TRUE(session.ok()) << session.status();
    party.session = *session;
    return party;
  }

  // The party answers its last question.
  absl::Status Answer(Party& party) {
    tlog::AddCheckpointReply reply = party.cosigner.Add(party.asked.back());
    return cosignatures_->Answer(*party.session, static_cast<uint32_t>(reply.code), reply.body);
  }

  static uint64_t SizeOf(const std::string& note) {
    return tlog::Checkpoint::FromText(tlog::Note::Parse(note)->text)->size;
  }

  FakeClock clock_{absl::FromUnixSeconds(1'000)};
  crypto::Ed25519Key log_key_ = *crypto::Ed25519Key::Generate();
  VerifierKey log_ =
      *VerifierKey::Create("example.com/log/1", KeyType::kEd25519, log_key_.public_key());
  std::unique_ptr<TileStore> store_;
  std::unique_ptr<LogTree> tree_;
  std::map<std::string, std::unique_ptr<Party>> parties_;
  std::vector<std::string> cosigned_;
  std::unique_ptr<Cosignatures> cosignatures_;
};

TEST_F(CosignaturesTest, QuorumMakesACosignedCheckpoint) {
  Party& doj = Open("doj");
  Party& auditor = Open("auditor");
  EXPECT_TRUE(doj.asked.empty());
  Publish(3);
  ASSERT_TRUE(Answer(doj).ok());
  EXPECT_EQ(cosignatures_->Cosigned(), "");
  ASSERT_TRUE(Answer(auditor).ok());
  ASSERT_EQ(cosigned_.size(), 1u);
  EXPECT_EQ(cosignatures_->Cosigned(), cosigned_[0]);
  EXPECT_EQ(SizeOf(cosigned_[0]), 3u);
  // One more than the quorum is in the note, and is told to nobody anew.
  Party& ins = Open("ins");
  ASSERT_TRUE(Answer(ins).ok());
  EXPECT_EQ(tlog::Note::Parse(cosignatures_->Cosigned())->signatures.size(), 4u);
  EXPECT_EQ(cosigned_.size(), 1u);
}

TEST_F(CosignaturesTest, OneIsAskedAtATimeAndThenTheNewest) {
  Party& doj = Open("doj");
  Publish(3);
  Publish(300);
  Publish(301);
  EXPECT_EQ(doj.asked.size(), 1u);
  ASSERT_TRUE(Answer(doj).ok());
  ASSERT_EQ(doj.asked.size(), 2u);
  ASSERT_TRUE(Answer(doj).ok());
  EXPECT_EQ(doj.asked.size(), 2u);
  EXPECT_EQ(SizeOf(*doj.store.note), 301u);
}

TEST_F(CosignaturesTest, LateCosignatureStillMakesTheQuorumOfAnOlderCheckpoint) {
  Party& doj = Open("doj");
  Party& auditor = Open("auditor");
  Publish(3);
  ASSERT_TRUE(Answer(doj).ok());
  Publish(5);
  ASSERT_TRUE(Answer(auditor).ok());
  EXPECT_EQ(SizeOf(cosignatures_->Cosigned()), 3u);
}

TEST_F(CosignaturesTest, CosignerThatKnowsAnotherSizeIsAskedFromThere) {
  Party& doj = Open("doj");
  Publish(3);
  ASSERT_TRUE(Answer(doj).ok());
  cosignatures_->Close(doj.session);
  Publish(9);
  // It says nothing of what it cosigned, and answers with a conflict.
  Open("doj", /*size=*/0);
  ASSERT_TRUE(Answer(doj).ok());
  ASSERT_TRUE(Answer(doj).ok());
  EXPECT_EQ(SizeOf(*doj.store.note), 9u);
}

TEST_F(CosignaturesTest, CosignerAheadOfTheLogIsNotAskedAgainAndAgain) {
  Party& doj = Open("doj");
  Publish(3);
  ASSERT_TRUE(cosignatures_->Answer(*doj.session, 409, "7\n").ok());
  EXPECT_EQ(doj.asked.size(), 1u);
  Publish(8);
  EXPECT_EQ(doj.asked.size(), 2u);
}

TEST_F(CosignaturesTest, RefusalWaitsForTheNextCheckpoint) {
  Party& doj = Open("doj");
  Publish(3);
  for (uint32_t code : {400, 403, 404, 422, 500, 0}) {
    ASSERT_TRUE(cosignatures_->Answer(*doj.session, code, "").ok());
    const size_t asked = doj.asked.size();
    Publish(tree_->size() + 1);
    EXPECT_EQ(doj.asked.size(), asked + 1) << code;
  }
  ASSERT_TRUE(cosignatures_->Answer(*doj.session, 409, "no size").ok());
}

TEST_F(CosignaturesTest, ForgedForeignOrUnreadableAnswersAreRefused) {
  struct Case {
    const char* name;
    std::function<std::string(const std::string& text)> lines;
    const char* reason;
  };
  auto line_by = [this](const char* name, const std::string& text) {
    Party& party = *parties_.at(name);
    return tlog::Cosign(party.cosigner.name(), *crypto::Ed25519Key::FromPem(party.key_pem), text,
                        clock_.Now())
        ->ToLine();
  };
  const Case cases[] = {
      {"another cosigner's", [&](const std::string& text) { return line_by("ins", text); },
       "SIGNATURE_INVALID"},
      {"over another text", [&](const std::string&) { return line_by("doj", "else\n"); },
       "SIGNATURE_INVALID"},
      {"no line", [](const std::string&) { return std::string(); }, "COSIGN_PROTOCOL"},
      {"rubbish", [](const std::string&) { return std::string("rubbish\n"); }, "COSIGN_PROTOCOL"},
  };
  for (const Case& one : cases) {
    Party& doj = Open("doj");
    Publish(tree_->size() + 1);
    const std::string text = tlog::Note::Parse(cosignatures_->Newest())->text;
    absl::Status status = cosignatures_->Answer(*doj.session, 200, one.lines(text));
    EXPECT_EQ(ReasonOf(status), one.reason) << one.name << ": " << status;
    cosignatures_->Close(doj.session);
  }
  EXPECT_EQ(cosigned_.size(), 0u);
  Party& doj = Open("doj");
  ASSERT_TRUE(Answer(doj).ok());
  EXPECT_EQ(ReasonOf(cosignatures_->Answer(*doj.session, 200, "")), "COSIGN_PROTOCOL");
}

TEST_F(CosignaturesTest, UnknownCosignerIsRefused) {
  const std::string stranger = VerifierKey::Create("example.com/doj", KeyType::kCosignature,
                                                   crypto::Ed25519Key::Generate()->public_key())
                                   ->ToString();
  for (const std::string& key : {stranger, std::string("doj"), std::string()}) {
    EXPECT_EQ(ReasonOf(cosignatures_->Open(key, 0, [](std::string) {}).status()),
              "UNKNOWN_COSIGNER");
  }
}

}  // namespace
}  // namespace waystation::broker
