#include "services/broker/log/audit_log.h"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/evidence/log_leaf.h"
#include "common/journal/fake_journal.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::broker {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBusId = "0123456789abcdef";

// A log on a journal in memory; the test is the sequencer.
class AuditLogTest : public ::testing::Test {
 protected:
  AuditLogTest() {
    fs::remove_all(directory_);
    fs::create_directories(directory_ + "/log");
    crypto::Ed25519Key key = *crypto::Ed25519Key::Generate();
    policy_ = absl::StrCat(
        "log ",
        tlog::VerifierKey::Create("example.com/log/1", tlog::KeyType::kEd25519, key.public_key())
            ->ToString(),
        "\nquorum none\n");
    std::ofstream(KeyPath()) << *key.ToPem();
    std::ofstream(directory_ + "/p256.pem") << *crypto::SigningKey::Generate()->ToPem();
  }

  std::string KeyPath() const { return directory_ + "/key.pem"; }

  absl::Status Start() {
    tlog::Policy policy = *tlog::Policy::Parse(policy_);
    auto signer =
        LogSigner::Load({.key_path = KeyPath(), .p256_key_path = directory_ + "/p256.pem"}, policy);
    WS_RETURN_IF_ERROR(signer.status());
    AuditLog::Options options{.directory = directory_ + "/log",
                              .signer = *std::move(signer),
                              .policy = std::move(policy),
                              .clock = &clock_,
                              .checkpoint_interval = absl::Milliseconds(1),
                              .record =
                                  [this](CheckpointCommand checkpoint) {
                                    std::lock_guard<std::mutex> lock(mutex_);
                                    signed_.push_back(std::move(checkpoint));
                                    wake_.notify_all();
                                    return true;
                                  },
                              .on_cosigned = [](const std::string&) {}};
    WS_ASSIGN_OR_RETURN(log_, AuditLog::Start(std::move(options), *journal_, kBusId));
    log_->Begin();
    return absl::OkStatus();
  }

  // Appends records as one block; with a log that runs, it follows.
  void Append(std::vector<journal::v1::Record> records) {
    LogBlock block;
    for (journal::v1::Record& record : records) {
      record.set_sequence(journal_->head().next_sequence + block.items.size());
      record.set_time_us(1'000);
      if (!record.has_checkpoint_signed()) {
        record.set_salt(std::string(evidence::kLogSaltBytes, 's'));
        record.set_log_index(leaves_.size());
        leaves_.push_back(*evidence::LogLeafOf(record, record.SerializeAsString(), kBusId));
      }
      LogItem& item = block.items.emplace_back();
      item.sequence = record.sequence();
      item.time_us = record.time_us();
      item.kind = record.kind_case();
      item.salt = record.salt();
      item.begin = block.bytes.size();
      block.bytes += record.SerializeAsString();
      item.size = block.bytes.size() - item.begin;
      item.evidence_hash = *evidence::EvidenceHashOf(record, kBusId);
    }
    std::vector<std::string_view> views;
    for (const LogItem& item : block.items) views.push_back(block.BytesOf(item));
    journal::AppendOutcome outcome =
        journal_->Append({.expected_sequence = journal_->head().next_sequence,
                          .epoch = 1,
                          .time = absl::FromUnixMicros(1'000),
                          .records = views,
                          .payloads = {}});
    ASSERT_TRUE(outcome.committed());
    block.block_hash = outcome.block_hash;
    if (log_ != nullptr) log_->Put(std::move(block));
  }

  static journal::v1::Record Refused(int number) {
    journal::v1::Record record;
    record.mutable_refused()->set_peer(absl::StrCat("peer ", number));
    return record;
  }

  static journal::v1::Record Delivered(int number) {
    journal::v1::Record record;
    record.mutable_delivered()->set_statement(absl::StrCat("statement ", number));
    return record;
  }

  void AppendSome(int count) {
    std::vector<journal::v1::Record> records;
    for (int i = 0; i < count; ++i) records.push_back(i % 2 == 0 ? Refused(i) : Delivered(i));
    Append(std::move(records));
  }

  // The checkpoint of all leaves; the log may sign fewer before, and then waits for
  // its time.
  CheckpointCommand AwaitSigned() {
    std::unique_lock<std::mutex> lock(mutex_);
    auto all = [&] { return !signed_.empty() && signed_.back().tree_size == leaves_.size(); };
    for (int tries = 0; tries < 2'000 && !all(); ++tries) {
      clock_.Advance(absl::Seconds(1));
      wake_.wait_for(lock, std::chrono::milliseconds(10), all);
    }
    EXPECT_TRUE(all());
    return signed_.empty() ? CheckpointCommand{} : signed_.back();
  }

  void Record(const CheckpointCommand& checkpoint) {
    journal::v1::Record record;
    record.mutable_checkpoint_signed()->set_tree_size(checkpoint.tree_size);
    record.mutable_checkpoint_signed()->set_root_hash(
        std::string(crypto::AsBytes(checkpoint.root)));
    record.mutable_checkpoint_signed()->set_note(checkpoint.note);
    Append({std::move(record)});
  }

  merkle::Digest RootOf(uint64_t size) const {
    std::vector<merkle::Digest> hashes;
    for (uint64_t i = 0; i < size; ++i) hashes.push_back(merkle::LeafHash(leaves_[i]));
    return merkle::Tree(hashes).root();
  }

  void Stop() {
    log_->Stop();
    log_.reset();
    signed_.clear();
  }

  const std::string directory_ = testing::TempDir() + "/audit_log";
  FakeClock clock_{absl::FromUnixSeconds(1'000)};
  std::unique_ptr<journal::FakeJournal> journal_ = std::make_unique<journal::FakeJournal>();
  std::string policy_;
  std::vector<std::string> leaves_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<CheckpointCommand> signed_;
  std::unique_ptr<AuditLog> log_;
};

TEST_F(AuditLogTest, SignsTheTreeOfWhatWasCommitted) {
  ASSERT_TRUE(Start().ok());
  AppendSome(300);
  const CheckpointCommand checkpoint = AwaitSigned();
  EXPECT_EQ(checkpoint.tree_size, 300u);
  EXPECT_EQ(checkpoint.root, RootOf(300));
}

// Nothing is published before it is on the record.
TEST_F(AuditLogTest, PublishesWhatCameBackWithItsBlock) {
  ASSERT_TRUE(Start().ok());
  AppendSome(3);
  const CheckpointCommand checkpoint = AwaitSigned();
  EXPECT_EQ(log_->cosignatures().Newest(), "");
  Record(checkpoint);
  Stop();
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(log_->cosignatures().Newest(), checkpoint.note);
}

// As a kill between the journal and the file leaves it.
TEST_F(AuditLogTest, RestartWritesTheCheckpointThatOnlyTheJournalHas) {
  ASSERT_TRUE(Start().ok());
  AppendSome(3);
  const CheckpointCommand checkpoint = AwaitSigned();
  Stop();
  Record(checkpoint);
  const std::string path = directory_ + "/log/checkpoint";
  EXPECT_FALSE(fs::exists(path));
  ASSERT_TRUE(Start().ok());
  std::ifstream file(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), checkpoint.note);
}

TEST_F(AuditLogTest, RestartGoesOnWithTheSameTree) {
  for (int round = 0; round < 4; ++round) {
    ASSERT_TRUE(Start().ok());
    AppendSome(400);
    const CheckpointCommand checkpoint = AwaitSigned();
    EXPECT_EQ(checkpoint.tree_size, leaves_.size());
    EXPECT_EQ(checkpoint.root, RootOf(leaves_.size()));
    Record(checkpoint);
    Stop();
    // What the journal got without the log being told, as a kill leaves it.
    AppendSome(30);
    if (round == 2) fs::remove_all(directory_ + "/log/tile");
    if (round == 3) fs::remove_all(directory_ + "/log");
    fs::create_directories(directory_ + "/log");
  }
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(log_->tree().Root(), RootOf(leaves_.size()));
}

TEST_F(AuditLogTest, TilesOfAnotherJournalAreNotGoneOnFrom) {
  ASSERT_TRUE(Start().ok());
  AppendSome(300);
  AwaitSigned();
  Stop();
  // The same places, other records.
  journal_ = std::make_unique<journal::FakeJournal>();
  leaves_.clear();
  fs::remove(KeyPath() + ".last");
  Append({Delivered(7)});
  AppendSome(299);
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(log_->tree().Root(), RootOf(300));
  EXPECT_EQ(*log_->tree().LeafAt(0), leaves_[0]);
}

// What no start looks at is found when it is read, and the next start mends it.
TEST_F(AuditLogTest, ADamagedTileIsRebuiltFromTheJournal) {
  ASSERT_TRUE(Start().ok());
  AppendSome(600);
  AwaitSigned();
  Stop();
  std::fstream(directory_ + "/log/tile/0/000", std::ios::in | std::ios::out) << "x";
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(log_->tree().LeafAt(3).status().code(), absl::StatusCode::kDataLoss);
  AppendSome(10);
  Stop();
  ASSERT_TRUE(Start().ok());
  EXPECT_EQ(*log_->tree().LeafAt(3), leaves_[3]);
  EXPECT_EQ(log_->tree().Root(), RootOf(610));
}

TEST_F(AuditLogTest, JournalOlderThanWhatWasSignedIsRefused) {
  ASSERT_TRUE(Start().ok());
  AppendSome(10);
  AwaitSigned();
  Stop();
  std::ofstream(KeyPath() + ".last")
      << tlog::Checkpoint{.origin = "example.com/log/1", .size = 11, .root = RootOf(10)}.ToText();
  absl::Status status = Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
}

TEST_F(AuditLogTest, JournalWithAnotherHistoryThanWasSignedIsDataLoss) {
  ASSERT_TRUE(Start().ok());
  AppendSome(10);
  AwaitSigned();
  Stop();
  std::ofstream(KeyPath() + ".last")
      << tlog::Checkpoint{.origin = "example.com/log/1", .size = 9, .root = RootOf(10)}.ToText();
  absl::Status status = Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
}

}  // namespace
}  // namespace waystation::broker
