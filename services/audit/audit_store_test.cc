#include "services/audit/audit_store.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kDoj[] = "spiffe://waystation.example/agency/doj";
constexpr char kIns[] = "spiffe://waystation.example/agency/ins";

class AuditStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path().string() + "/audit.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    Reopen();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string path() const { return folder_ + "/audit.db"; }
  void Reopen() {
    store_.reset();
    auto store = AuditStore::Open({path(), key_}, Rules::Default());
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  FindingChange Raise(const std::string& subject, std::vector<std::string> parties,
                      Rule rule = Rule::kOverdue) {
    return {.rule = rule,
            .subject = subject,
            .time_us = 1'000'000,
            .parties = std::move(parties),
            .sequences = {++sequence_},
            .detail = "secret detail"};
  }
  FindingChange End(const std::string& subject) {
    FindingChange change = Raise(subject, {});
    change.kind = FindingChange::Kind::kEnd;
    return change;
  }
  void Keep(std::vector<FindingChange> findings) {
    Block block;
    block.fold.findings = std::move(findings);
    ASSERT_TRUE(store_->Keep(block).ok());
  }
  std::vector<std::string> List(FindingQuery query) {
    if (query.limit == 0) query.limit = 100;
    std::vector<std::string> ids;
    auto found = store_->ListFindings(query);
    EXPECT_TRUE(found.ok()) << found.status();
    for (const auto& [position, finding] : *found) ids.push_back(finding.finding_id());
    return ids;
  }
  static std::string Id(const std::string& subject, Rule rule = Rule::kOverdue) {
    return FindingId(rule, subject);
  }

  const crypto::AeadKey key_ = *crypto::AeadKey::FromBytes(std::string(32, 'k'));
  std::string folder_;
  uint64_t sequence_ = 0;
  std::unique_ptr<AuditStore> store_;
};

TEST_F(AuditStoreTest, WhatWasKeptIsThereAfterAReopening) {
  Block block;
  block.followed = Followed{.sequence = 7, .time_us = 9, .record_sha256 = "h", .genesis = "g"};
  block.messages = {{"id-1", {.sequence = 3, .source = kDoj, .recipients = {kIns, kDoj}}}};
  block.signatures = {{"cert", 3}, {"cert", 5}};
  block.fold.rows = {{RowKind::kBroker, "", "row"}};
  block.fold.rows[0].bytes = [] {
    v1::BrokerRow row;
    row.set_broker("b");
    return row.SerializeAsString();
  }();
  block.fold.findings = {Raise("s", {kDoj})};
  ASSERT_TRUE(store_->Keep(block).ok());
  Reopen();
  auto followed = store_->LoadFollowed();
  ASSERT_TRUE(followed.ok());
  EXPECT_EQ(followed->sequence, 7u);
  EXPECT_EQ(followed->genesis, "g");
  auto message = store_->FindMessage("id-1");
  ASSERT_TRUE(message.ok() && message->has_value());
  EXPECT_THAT((*message)->recipients, ElementsAre(kIns, kDoj));
  EXPECT_FALSE(store_->FindMessage("id-2")->has_value());
  auto signatures = store_->SignedBy("cert");
  ASSERT_TRUE(signatures.ok());
  EXPECT_THAT(signatures->first, ElementsAre(3, 5));
  EXPECT_EQ(signatures->second, 2u);
  AuditFold fold(Rules::Default());
  EXPECT_TRUE(store_->LoadFold(&fold).ok());
  EXPECT_EQ(*store_->CountOpen(), 1u);
}

TEST_F(AuditStoreTest, ARowThatDoesNotParseIsDataLoss) {
  Block block;
  block.fold.rows = {{RowKind::kReferral, "k", std::string("\xff")}};
  ASSERT_TRUE(store_->Keep(block).ok());
  AuditFold fold(Rules::Default());
  EXPECT_TRUE(absl::IsDataLoss(store_->LoadFold(&fold)));
}

TEST_F(AuditStoreTest, ThePlaceInTheLogIsKeptLeafByLeafAndByItsEdge) {
  const std::string hash(32, 'h');
  Block block;
  block.log = LogChange{.next_sequence = 4,
                        .time_us = 9,
                        .first_leaf = 0,
                        .leaves = std::vector<crypto::Digest>(3, *crypto::DigestFrom(hash))};
  ASSERT_TRUE(store_->Keep(block).ok());
  EXPECT_EQ(store_->LoadLog()->unsigned_leaves.size(), 3 * hash.size());
  block.log = LogChange{.next_sequence = 6,
                        .time_us = 10,
                        .signed_size = 2,
                        .edge = std::vector<std::string>{hash + hash},
                        .first_leaf = 3,
                        .leaves = {*crypto::DigestFrom(hash)}};
  ASSERT_TRUE(store_->Keep(block).ok());
  Reopen();
  auto place = store_->LoadLog();
  ASSERT_TRUE(place.ok()) << place.status();
  EXPECT_EQ(place->next_sequence, 6u);
  EXPECT_EQ(place->signed_size, 2u);
  EXPECT_EQ(place->edge[0], hash + hash);
  EXPECT_EQ(place->unsigned_leaves, hash + hash);
}

TEST_F(AuditStoreTest, FindingsAreListedNewestFirstAndByWhatIsAsked) {
  Keep({Raise("a", {kDoj}), Raise("b", {kIns}, Rule::kDeadLetter), Raise("c", {kDoj, kIns})});
  Keep({End("a")});
  EXPECT_THAT(List({}), ElementsAre(Id("c"), Id("b", Rule::kDeadLetter), Id("a")));
  EXPECT_THAT(List({.open_only = true}), ElementsAre(Id("c"), Id("b", Rule::kDeadLetter)));
  EXPECT_THAT(List({.rule = "overdue"}), ElementsAre(Id("c"), Id("a")));
  EXPECT_THAT(List({.party = kIns}), ElementsAre(Id("c"), Id("b", Rule::kDeadLetter)));
  EXPECT_THAT(List({.seen_by = kDoj, .party = kIns}), ElementsAre(Id("c")));
  EXPECT_THAT(List({.seen_by = "spiffe://waystation.example/agency/hhs"}), ElementsAre());
  // The fourth change of all was the end of "a".
  EXPECT_THAT(List({.changed_after = 3}), ElementsAre(Id("a")));
  EXPECT_THAT(List({.before = 3}), ElementsAre(Id("b", Rule::kDeadLetter), Id("a")));
  EXPECT_THAT(List({.limit = 1}), ElementsAre(Id("c")));
}

TEST_F(AuditStoreTest, AFindingThatIsOpenedAgainIsTheNewest) {
  Keep({Raise("a", {kDoj}), Raise("b", {kDoj})});
  Keep({Raise("a", {kDoj})});
  EXPECT_THAT(List({}), ElementsAre(Id("b"), Id("a")));
  Keep({End("a")});
  Keep({Raise("a", {kDoj})});
  EXPECT_THAT(List({}), ElementsAre(Id("a"), Id("b")));
}

TEST_F(AuditStoreTest, AnEndOfNothingLeavesNoRow) {
  Keep({End("a")});
  EXPECT_THAT(List({}), ElementsAre());
}

TEST_F(AuditStoreTest, AStrangerIsToldNoMoreThanOfNoFinding) {
  Keep({Raise("a", {kDoj})});
  EXPECT_TRUE(store_->GetFinding(Id("a"), "").ok());
  EXPECT_TRUE(store_->GetFinding(Id("a"), kDoj).ok());
  for (const auto& [id, by] : {std::pair(Id("a"), std::string(kIns)), {Id("b"), ""}}) {
    absl::Status refused = store_->GetFinding(id, by).status();
    EXPECT_EQ(ReasonOf(refused), "FINDING_UNKNOWN");
  }
}

TEST_F(AuditStoreTest, AnEditThatFailsChangesNothing) {
  Keep({Raise("a", {kDoj})});
  auto failed = store_->EditFinding(Id("a"), "", [](v1::Finding* finding) {
    finding->set_detail("changed");
    return absl::InternalError("no");
  });
  EXPECT_TRUE(absl::IsInternal(failed.status()));
  EXPECT_EQ(store_->GetFinding(Id("a"), "")->detail(), "secret detail");
  EXPECT_EQ(store_->GetFinding(Id("a"), "")->revision(), 1u);
  auto same = store_->EditFinding(Id("a"), "", [](v1::Finding*) { return absl::OkStatus(); });
  EXPECT_EQ(same->revision(), 1u);
}

TEST_F(AuditStoreTest, FindingsAreSealedOnTheDisk) {
  Keep({Raise("a", {kDoj})});
  store_.reset();
  std::string all;
  for (const auto& file : std::filesystem::directory_iterator(folder_)) {
    std::ifstream in(file.path(), std::ios::binary);
    all.append(std::istreambuf_iterator<char>(in), {});
  }
  EXPECT_FALSE(all.empty());
  EXPECT_THAT(all, Not(HasSubstr("secret detail")));
}

}  // namespace
}  // namespace waystation::audit
