#include "tools/waystation/inject/trial.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/handoffs/test_log.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::cli {
namespace {

class TrialTest : public testing::Test {
 protected:
  TrialTest() {
    for (int i = 0; i < 4; ++i) world_.Answered("doj", "ins", absl::StrCat("r", i));
    world_.Answered("ins", "hhs", "other");
  }

  // What `count` faults gave, all kinds together.
  v1::FaultCount RunTrial(uint64_t count) {
    std::vector<std::string> records;
    for (const journal::v1::Record& record : world_.records()) {
      records.push_back(record.SerializeAsString());
    }
    auto clean = CleanSet::Create(records, world_.Indexes());
    EXPECT_TRUE(clean.ok()) << clean.status();
    Trial trial(*clean, world_.signers(), world_.bus().View(), world_.bus().Trust(),
                evidence::TestBus::Now());
    auto false_in_clean = trial.CheckClean();
    EXPECT_TRUE(false_in_clean.ok()) << false_in_clean.status();
    v1::FaultCount all;
    all.set_false_found(false_in_clean.value_or(0));
    result_ = trial.Run(count, 7);
    rows_ = trial.counts();
    for (const v1::FaultCount& row : rows_) {
      all.set_planted(all.planted() + row.planted());
      all.set_found(all.found() + row.found());
      all.set_false_found(all.false_found() + row.false_found());
    }
    for (const std::string& problem : trial.problems()) problems_.push_back(problem);
    return all;
  }

  handoffs::TestLog world_{evidence::TestBus::Now()};
  absl::Status result_;
  std::vector<v1::FaultCount> rows_;
  std::vector<std::string> problems_;
};

TEST_F(TrialTest, FindsEveryFaultThatIsPlantedAndNothingElse) {
  const v1::FaultCount all = RunTrial(400);
  ASSERT_TRUE(result_.ok()) << result_;
  EXPECT_EQ(all.planted(), 400u);
  EXPECT_EQ(all.found(), 400u);
  EXPECT_EQ(all.false_found(), 0u);
  EXPECT_THAT(problems_, testing::IsEmpty());
  EXPECT_EQ(rows_.size(), FaultTable().size()) << "each kind and party was planted";
}

TEST_F(TrialTest, FindsFaultsThatArePlantedAtOnce) {
  std::vector<std::string> records;
  for (const journal::v1::Record& record : world_.records()) {
    records.push_back(record.SerializeAsString());
  }
  auto clean = CleanSet::Create(records, world_.Indexes());
  ASSERT_TRUE(clean.ok()) << clean.status();
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Trial trial(*clean, world_.signers(), world_.bus().View(), world_.bus().Trust(),
                evidence::TestBus::Now());
    ASSERT_TRUE(trial.RunTogether(100, seed).ok());
    EXPECT_GE(trial.together().planted(), 2u);
    EXPECT_EQ(trial.together().found(), trial.together().planted()) << "seed " << seed;
    EXPECT_EQ(trial.together().false_found(), 0u) << "seed " << seed;
    EXPECT_THAT(trial.problems(), testing::IsEmpty()) << "seed " << seed;
  }
}

TEST_F(TrialTest, CountsWhatIsWrongWithoutAFaultAsFalse) {
  world_.index("doj").front().mutable_envelope_hash()->front() ^= 1;
  EXPECT_GT(RunTrial(50).false_found(), 0u);
  EXPECT_THAT(problems_, testing::Contains(testing::HasSubstr("in the clean set")));
}

TEST_F(TrialTest, RefusesASetThatHasNoPlaceForAFault) {
  // Nothing was received, so there is no receipt to forge.
  for (journal::v1::Record& record : world_.records()) record.clear_delivered();
  for (auto* agency : {"doj", "ins", "hhs"}) {
    auto& entries = world_.index(agency);
    entries.erase(std::remove_if(entries.begin(), entries.end(),
                                 [](const auto& entry) { return entry.has_received(); }),
                  entries.end());
  }
  RunTrial(200);
  EXPECT_TRUE(absl::IsFailedPrecondition(result_)) << result_;
}

}  // namespace
}  // namespace waystation::cli
