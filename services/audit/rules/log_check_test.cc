#include "services/audit/rules/log_check.h"

#include "common/log_follower/test_log.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LogCheckTest : public testing::Test {
 protected:
  // Follows what the broker has added; what does not fit, in words.
  std::vector<std::string> Follow() {
    std::vector<std::string> texts;
    for (; followed_ < log_.records().size(); ++followed_) {
      for (const LogProblem& problem : check_.Follow(log_.records()[followed_])) {
        texts.push_back(problem.text);
        kind_ = problem.kind;
      }
    }
    return texts;
  }
  std::string Observe(const tlog::Checkpoint& shown) {
    std::optional<LogProblem> problem = check_.Observe(shown);
    if (!problem.has_value()) return "";
    EXPECT_EQ(problem->kind, LogProblem::Kind::kSplit);
    return problem->text;
  }
  // Adds a checkpoint and follows it.
  tlog::Checkpoint Sign() {
    log_.AddRefused();
    log_.AddCheckpoint();
    EXPECT_THAT(Follow(), IsEmpty());
    return Head();
  }
  tlog::Checkpoint Head() const {
    return {
        .origin = log_.log_name().name(), .size = log_.tree().size(), .root = log_.tree().Root()};
  }
  static std::string Hex(const tlog::Checkpoint& checkpoint) {
    return crypto::Hex(crypto::AsBytes(checkpoint.root));
  }
  static tlog::Checkpoint Other(tlog::Checkpoint checkpoint) {
    checkpoint.root = crypto::Sha256("other");
    return checkpoint;
  }

  TestLog log_;
  LogCheck check_{{log_.log_name()}};
  size_t followed_ = 0;
  LogProblem::Kind kind_ = LogProblem::Kind::kSplit;
};

TEST_F(LogCheckTest, AnHonestLogFits) {
  for (int i = 0; i < 3; ++i) Sign();
  EXPECT_EQ(check_.verified_size(), log_.tree().size());
}

TEST_F(LogCheckTest, TheFirstRecordThatDoesNotFitIsFoundAndEndsTheJudging) {
  Sign();
  log_.AddRefused();
  log_.AddCheckpointOf(log_.tree().size(), crypto::Sha256("other"), log_.log_key());
  log_.AddRefused();
  log_.AddCheckpoint();
  EXPECT_THAT(Follow(), ElementsAre(HasSubstr("record 5")));
  EXPECT_EQ(kind_, LogProblem::Kind::kInconsistent);
  EXPECT_EQ(check_.verified_size(), 2u);
}

TEST_F(LogCheckTest, ItGoesOnFromWhatItGaveOut) {
  LogPlace place;
  place.bus_id = log_.bus_id();
  for (int i = 0; i < 400; ++i) {
    if (i % 7 == 3) log_.AddCheckpoint();
    log_.AddRefused();
    EXPECT_THAT(Follow(), IsEmpty());
    std::optional<LogChange> change = check_.TakeChanges();
    ASSERT_TRUE(change.has_value());
    place.next_sequence = change->next_sequence;
    place.time_us = change->time_us;
    for (const crypto::Digest& leaf : change->leaves) {
      place.unsigned_leaves.append(crypto::AsBytes(leaf));
    }
    const uint64_t covered = change->signed_size - place.signed_size;
    place.unsigned_leaves.erase(0, covered * merkle::kHashBytes);
    place.signed_size = change->signed_size;
    if (change->edge.has_value()) place.edge = *change->edge;
    auto resumed = LogCheck::Resume({log_.log_name()}, {}, place, log_.records().size());
    ASSERT_TRUE(resumed.ok()) << resumed.status();
    check_ = *std::move(resumed);
  }
  EXPECT_EQ(check_.TakeChanges(), std::nullopt);
  Sign();
}

TEST_F(LogCheckTest, APlaceThatIsBehindTheRecordStaysEnded) {
  auto resumed = LogCheck::Resume({log_.log_name()}, {}, LogPlace{}, 5);
  ASSERT_TRUE(resumed.ok());
  check_ = *std::move(resumed);
  EXPECT_THAT(Follow(), IsEmpty());
  EXPECT_EQ(check_.verified_size(), 0u);
  EXPECT_EQ(check_.TakeChanges(), std::nullopt);
}

TEST_F(LogCheckTest, ACheckpointShownElsewhereMustBeTheOneOnTheRecord) {
  const tlog::Checkpoint head = Sign();
  EXPECT_EQ(Observe(head), "");
  const std::string split = Observe(Other(head));
  EXPECT_THAT(split, HasSubstr("two checkpoints of size 2"));
  EXPECT_THAT(split, HasSubstr(Hex(head)));
  EXPECT_THAT(split, HasSubstr(Hex(Other(head))));
}

TEST_F(LogCheckTest, ACheckpointShownBeforeItsRecordIsComparedWhenThatComes) {
  log_.AddRefused();
  log_.AddCheckpoint();
  EXPECT_EQ(Observe(Other(Head())), "");
  EXPECT_THAT(Follow(), ElementsAre(HasSubstr("two checkpoints of size 2")));
  EXPECT_EQ(kind_, LogProblem::Kind::kSplit);
}

TEST_F(LogCheckTest, TwoCheckpointsOfOneSizeAreASplitBeforeTheRecordComes) {
  EXPECT_EQ(Observe(Head()), "");
  EXPECT_EQ(Observe(Head()), "");
  EXPECT_THAT(Observe(Other(Head())), HasSubstr("two checkpoints"));
}

TEST_F(LogCheckTest, AShownCheckpointThatIsNotOnTheRecordIsFound) {
  const tlog::Checkpoint first = Sign();
  log_.AddRefused();
  const tlog::Checkpoint second = Sign();
  tlog::Checkpoint between = Other(first);
  between.size = first.size + 1;
  const std::string split = Observe(between);
  EXPECT_THAT(split, HasSubstr("not on the record"));
  EXPECT_THAT(split, HasSubstr(Hex(between)));
  EXPECT_THAT(split, HasSubstr(Hex(second)));
  // From before what is kept: nothing can be said.
  between.size = first.size - 1;
  EXPECT_EQ(Observe(between), "");
}

}  // namespace
}  // namespace waystation::audit
