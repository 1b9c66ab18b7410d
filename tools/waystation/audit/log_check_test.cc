#include "tools/waystation/audit/log_check.h"

#include "absl/strings/str_cat.h"
#include "common/log_follower/test_log.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::cli {
namespace {

using ::testing::HasSubstr;

tlog::VerifierKey CosignerName() {
  return *tlog::VerifierKey::Create("waystation.example/cosigner/doj", tlog::KeyType::kCosignature,
                                    TestLogKey('d').public_key());
}

tlog::Policy PolicyOf(const TestLog& log) {
  return *tlog::Policy::Parse(absl::StrCat("log ", log.log_name().ToString(), "\nwitness doj ",
                                           CosignerName().ToString(), "\nquorum doj\n"));
}

std::string Cosigned(const std::string& bytes) {
  tlog::Note note = *tlog::Note::Parse(bytes);
  note.signatures.push_back(*tlog::Cosign(CosignerName(), TestLogKey('d'), note.text,
                                          absl::FromUnixSeconds(1'700'000'000)));
  return note.ToBytes();
}

class LogCheckTest : public ::testing::Test {
 protected:
  LogCheckTest() : policy_(PolicyOf(log_)), check_(policy_, nullptr) {
    log_.AddRefused();
    log_.AddCheckpoint();
    first_ = log_.note();
    log_.AddRefused();
    log_.AddCheckpoint();
    second_ = log_.note();
    log_.AddRefused();
    log_.AddCheckpoint();
    log_.AddRefused();
  }

  void TakeAll() {
    for (const std::string& record : log_.records()) {
      ASSERT_TRUE(check_.Take(record).ok());
    }
    ASSERT_TRUE(check_.Finish().ok());
  }

  TestLog log_;
  std::string first_;
  std::string second_;
  tlog::Policy policy_;
  LogCheck check_;
};

TEST_F(LogCheckTest, ReportsWhatItTook) {
  TakeAll();
  ASSERT_TRUE(check_.Holds("note", Cosigned(second_), true).ok());
  v1::AuditReport report;
  check_.Fill(&report);
  EXPECT_EQ(report.records(), 8u);
  EXPECT_EQ(report.leaves(), 5u);
  EXPECT_EQ(report.checkpoints(), 3u);
  EXPECT_EQ(report.unsigned_leaves(), 1u);
  EXPECT_EQ(report.checkpoint().size(), 4u);
  EXPECT_EQ(report.cosigned_size(), 3u);
  ASSERT_EQ(report.checkpoint().cosigners_size(), 1);
  EXPECT_EQ(report.checkpoint().cosigners(0).name(), "doj");
}

TEST_F(LogCheckTest, HoldsEveryCheckpointOfItsHistory) {
  TakeAll();
  EXPECT_TRUE(check_.Holds("note", first_, false).ok());
  EXPECT_TRUE(check_.Holds("note", log_.note(), false).ok());
}

TEST_F(LogCheckTest, NamesACheckpointOfAnotherHistory) {
  TakeAll();
  TestLog other;
  other.AddRefused();
  other.AddCheckpointOf(2, merkle::EmptyRoot(), log_.log_key());
  const absl::Status status = check_.Holds("agency's checkpoint", other.note(), false);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("agency's checkpoint: root of 2 leaves"));
}

// An older copy of the whole folder is whole in itself; only what others hold says
// that it is old.
TEST_F(LogCheckTest, NamesACheckpointThatIsNewerThanTheJournal) {
  TakeAll();
  log_.AddCheckpoint();
  const absl::Status status = check_.Holds("agency's checkpoint", log_.note(), false);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("not a checkpoint of this journal"));
}

TEST_F(LogCheckTest, WantsAQuorumOfACosignedCheckpoint) {
  TakeAll();
  const absl::Status status = check_.Holds("cosigned checkpoint", second_, true);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_EQ(ReasonOf(status), "NO_QUORUM");
}

TEST_F(LogCheckTest, RefusesACheckpointOfTheWrongKey) {
  TakeAll();
  log_.AddCheckpointOf(4, merkle::EmptyRoot(), TestLogKey('x'));
  EXPECT_TRUE(absl::IsUnauthenticated(check_.Holds("note", log_.note(), false)));
}

TEST_F(LogCheckTest, NamesAPublishedCheckpointThatWasRolledBack) {
  TakeAll();
  EXPECT_TRUE(check_.IsNewest("file checkpoint", log_.note()).ok());
  // As a kill between the journal and the file leaves it.
  EXPECT_TRUE(check_.IsNewest("file checkpoint", second_).ok());
  const absl::Status status = check_.IsNewest("file checkpoint", first_);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("file checkpoint: rolled back, got 2 leaves, want 4"));
}

}  // namespace
}  // namespace waystation::cli
