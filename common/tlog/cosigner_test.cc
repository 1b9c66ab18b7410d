#include "common/tlog/cosigner.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::tlog {
namespace {

using merkle::Digest;

class MemoryStore : public CosignerStore {
 public:
  absl::StatusOr<std::optional<std::string>> Latest() override { return note; }
  absl::Status Keep(const std::string& kept) override {
    if (broken) return absl::UnavailableError("store: no space left");
    note = kept;
    return absl::OkStatus();
  }

  std::optional<std::string> note;
  bool broken = false;
};

class CosignerTest : public testing::Test {
 protected:
  static std::vector<Digest> Leaves(uint64_t size, const std::string& history = "") {
    std::vector<Digest> leaves;
    for (uint64_t i = 0; i < size; ++i) {
      leaves.push_back(merkle::LeafHash(absl::StrCat(history, i)));
    }
    return leaves;
  }

  std::string CheckpointOf(const std::vector<Digest>& leaves) {
    const std::string text =
        Checkpoint{
            .origin = log_.name(), .size = leaves.size(), .root = merkle::Tree(leaves).root()}
            .ToText();
    Note note{.text = text, .signatures = {*SignNote(log_, log_key_, text)}};
    return note.ToBytes();
  }

  std::string Body(uint64_t old_size, const std::vector<Digest>& leaves) {
    AddCheckpoint request{.old_size = old_size, .proof = {}, .checkpoint = CheckpointOf(leaves)};
    merkle::Tree(leaves).AppendConsistencyProof(old_size, &request.proof);
    return request.ToBody();
  }

  AddCheckpointReply Add(const std::string& body) {
    Cosigner cosigner(
        name_, *crypto::Ed25519Key::FromPem(key_pem_), {log_}, store_, clock_,
        [this](const Cosigner::Conflict& conflict) { conflicts_.push_back(conflict); });
    return cosigner.Add(body);
  }

  FakeClock clock_{absl::FromUnixSeconds(1'000)};
  crypto::Ed25519Key log_key_ = *crypto::Ed25519Key::Generate();
  VerifierKey log_ =
      *VerifierKey::Create("example.com/log/0", KeyType::kEd25519, log_key_.public_key());
  std::string key_pem_ = *crypto::Ed25519Key::Generate()->ToPem();
  VerifierKey name_ = *VerifierKey::Create("example.com/ins", KeyType::kCosignature,
                                           crypto::Ed25519Key::FromPem(key_pem_)->public_key());
  MemoryStore store_;
  std::vector<Cosigner::Conflict> conflicts_;
};

TEST_F(CosignerTest, CosignsWhatExtendsTheLast) {
  uint64_t old_size = 0;
  for (uint64_t size : {1, 3, 3, 8, 300}) {
    AddCheckpointReply reply = Add(Body(old_size, Leaves(size)));
    ASSERT_EQ(reply.code, 200) << reply.body;
    auto lines = ParseSignatureLines(reply.body);
    ASSERT_TRUE(lines.ok()) << lines.status();
    ASSERT_EQ(lines->size(), 1u);
    const std::string text = Note::Parse(CheckpointOf(Leaves(size)))->text;
    EXPECT_TRUE(name_.Verify(text, lines->front()));
    // It kept what it signed before it answered.
    EXPECT_NE(store_.note->find(reply.body), std::string::npos);
    old_size = size;
  }
}

TEST_F(CosignerTest, TellsItsSizeWhenTheOldOneIsAnother) {
  ASSERT_EQ(Add(Body(0, Leaves(3))).code, 200);
  AddCheckpointReply reply = Add(Body(0, Leaves(8)));
  EXPECT_EQ(reply.code, 409);
  EXPECT_EQ(reply.body, "3\n");
  EXPECT_EQ(Add(Body(3, Leaves(8))).code, 200);
  // A rollback has an old size that is not the last one.
  EXPECT_EQ(Add(Body(3, Leaves(5))).code, 409);
}

TEST_F(CosignerTest, RefusesAnotherHistoryAndKeepsBothNotes) {
  ASSERT_EQ(Add(Body(0, Leaves(5))).code, 200);
  const std::string kept = *store_.note;
  for (uint64_t size : {5, 9}) {
    const std::vector<Digest> other = Leaves(size, "other ");
    AddCheckpointReply reply = Add(Body(5, other));
    EXPECT_EQ(reply.code, 422) << reply.body;
    ASSERT_FALSE(conflicts_.empty());
    EXPECT_EQ(conflicts_.back().kept, kept);
    EXPECT_EQ(conflicts_.back().other, CheckpointOf(other));
  }
  EXPECT_EQ(conflicts_.size(), 2u);
  EXPECT_EQ(*store_.note, kept);
}

TEST_F(CosignerTest, RefusesAProofThatIsCutOrSuperfluous) {
  ASSERT_EQ(Add(Body(0, Leaves(5))).code, 200);
  auto request = *AddCheckpoint::FromBody(Body(5, Leaves(9)));
  request.proof.resize(request.proof.size() - merkle::kHashBytes);
  EXPECT_EQ(Add(request.ToBody()).code, 422);
  request = *AddCheckpoint::FromBody(Body(5, Leaves(5)));
  request.proof.assign(merkle::kHashBytes, 'x');
  EXPECT_EQ(Add(request.ToBody()).code, 422);
}

TEST_F(CosignerTest, RefusesForeignAndForgedCheckpoints) {
  auto foreign_key = *crypto::Ed25519Key::Generate();
  std::string body = Body(0, Leaves(3));
  std::string other_origin = body;
  other_origin.replace(other_origin.find("example.com/log/0"), 11, "example.org");
  EXPECT_EQ(Add(other_origin).code, 404);
  log_key_ = std::move(foreign_key);
  EXPECT_EQ(Add(Body(0, Leaves(3))).code, 403);
  EXPECT_FALSE(store_.note.has_value());
  EXPECT_TRUE(conflicts_.empty());
}

TEST_F(CosignerTest, RefusesWhatIsMalformed) {
  const std::string body = Body(0, Leaves(3));
  for (const std::string& bad :
       {std::string(), std::string("old\n"), "old 00" + body.substr(5), body.substr(0, 8),
        body.substr(0, body.size() - 3), "new" + body.substr(3)}) {
    EXPECT_EQ(Add(bad).code, 400) << bad;
  }
  AddCheckpoint above = *AddCheckpoint::FromBody(body);
  above.old_size = 4;
  EXPECT_EQ(Add(above.ToBody()).code, 400);
}

TEST_F(CosignerTest, SaysNothingThatItCouldNotKeep) {
  store_.broken = true;
  AddCheckpointReply reply = Add(Body(0, Leaves(3)));
  EXPECT_EQ(reply.code, 500);
  EXPECT_EQ(reply.body.find("\xe2\x80\x94"), std::string::npos);
  store_.broken = false;
  store_.note = "not what it kept\n";
  EXPECT_EQ(Add(Body(0, Leaves(3))).code, 500);
}

}  // namespace
}  // namespace waystation::tlog
