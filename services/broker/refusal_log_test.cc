#include "services/broker/refusal_log.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/limits/limits.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace waystation::broker {
namespace {

using journal::v1::Refused;

class RefusalLogTest : public ::testing::Test {
 protected:
  void Refuse(const std::string& peer, const std::string& reason,
              const std::string& stage = "call") {
    log_.OnRefusal(peer, stage, reason, absl::StrCat(reason, " of ", peer));
  }
  // "peer stage reason" -> count, of the seconds that have ended.
  std::map<std::string, uint64_t> TakeCounts() {
    std::map<std::string, uint64_t> counts;
    for (const Refused& refused : log_.Take(/*all=*/false)) {
      std::string key = absl::StrCat(refused.peer(), " ", refused.stage(), " ", refused.reason());
      EXPECT_TRUE(counts.emplace(key, refused.count()).second) << "two records of " << key;
    }
    return counts;
  }

  FakeClock clock_{absl::FromUnixSeconds(1'795'000'000)};
  RefusalLog log_{clock_};
};

TEST_F(RefusalLogTest, OneRecordForEachPeerReasonStageAndSecond) {
  for (int i = 0; i < 5; ++i) Refuse("ins", "POLICY_DENIED");
  clock_.Advance(absl::Milliseconds(999));
  for (int i = 0; i < 2; ++i) Refuse("ins", "POLICY_DENIED");
  Refuse("ins", "SOURCE_MISMATCH");
  Refuse("doj", "POLICY_DENIED");
  Refuse("doj", "POLICY_DENIED", "publish");
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(TakeCounts(), (std::map<std::string, uint64_t>{{"ins call POLICY_DENIED", 7},
                                                           {"ins call SOURCE_MISMATCH", 1},
                                                           {"doj call POLICY_DENIED", 1},
                                                           {"doj publish POLICY_DENIED", 1}}));
  EXPECT_TRUE(log_.empty());
}

TEST_F(RefusalLogTest, EachSecondHasItsOwnRecordsInOrder) {
  for (int second = 1; second <= 3; ++second) {
    for (int i = 0; i < second; ++i) Refuse("ins", "POLICY_DENIED");
    clock_.Advance(absl::Seconds(1));
  }
  std::vector<Refused> taken = log_.Take(/*all=*/false);
  ASSERT_EQ(taken.size(), 3u);
  for (size_t i = 0; i < taken.size(); ++i) {
    EXPECT_EQ(taken[i].count(), i + 1);
    EXPECT_EQ(taken[i].text(), "POLICY_DENIED of ins");
  }
}

TEST_F(RefusalLogTest, ASecondThatRunsIsTakenOnlyWithAll) {
  Refuse("ins", "POLICY_DENIED");
  clock_.Advance(absl::Seconds(1));
  Refuse("ins", "POLICY_DENIED");
  Refuse("ins", "POLICY_DENIED");
  EXPECT_EQ(TakeCounts(), (std::map<std::string, uint64_t>{{"ins call POLICY_DENIED", 1}}));
  EXPECT_FALSE(log_.empty());
  EXPECT_TRUE(log_.Take(/*all=*/false).empty());
  std::vector<Refused> rest = log_.Take(/*all=*/true);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].count(), 2u);
  EXPECT_TRUE(log_.empty());
}

TEST_F(RefusalLogTest, AFloodIsAHundredRecordsASecondAndOneForTheRest) {
  constexpr int kPeers = kRefusalRecordsPerSecondMax + 150;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kPeers; ++i) Refuse(absl::StrCat("peer-", i), "UNAUTHENTICATED");
  }
  clock_.Advance(absl::Seconds(1));
  std::map<std::string, uint64_t> counts = TakeCounts();
  EXPECT_EQ(counts.size(), static_cast<size_t>(kRefusalRecordsPerSecondMax) + 1);
  // Who was there before the flood goes on being counted by name.
  EXPECT_EQ(counts["peer-0 call UNAUTHENTICATED"], 2u);
  EXPECT_EQ(counts["peer-99 call UNAUTHENTICATED"], 2u);
  EXPECT_EQ(counts.count("peer-100 call UNAUTHENTICATED"), 0u);
  EXPECT_EQ(counts["(others) call MANY_REFUSALS"], 300u);
  uint64_t sum = 0;
  for (const auto& [key, count] : counts) sum += count;
  EXPECT_EQ(sum, 2u * kPeers) << "a refusal is on no record";
}

TEST_F(RefusalLogTest, TheNextSecondHasItsHundredAgain) {
  for (int second = 0; second < 2; ++second) {
    for (int i = 0; i < kRefusalRecordsPerSecondMax; ++i) {
      Refuse(absl::StrCat("peer-", i), "UNAUTHENTICATED");
    }
    clock_.Advance(absl::Seconds(1));
  }
  std::vector<Refused> taken = log_.Take(/*all=*/false);
  EXPECT_EQ(taken.size(), 2u * kRefusalRecordsPerSecondMax);
  for (const Refused& refused : taken) EXPECT_EQ(refused.reason(), "UNAUTHENTICATED");
}

// Taking does not open the second anew: the broker takes after each block.
TEST_F(RefusalLogTest, TakingGivesNoRoomInTheSameSecond) {
  for (int i = 0; i < kRefusalRecordsPerSecondMax; ++i) Refuse(absl::StrCat("peer-", i), "FIRST");
  EXPECT_TRUE(log_.Take(/*all=*/false).empty());
  Refuse("late", "SECOND");
  clock_.Advance(absl::Seconds(1));
  std::map<std::string, uint64_t> counts = TakeCounts();
  EXPECT_EQ(counts.count("late call SECOND"), 0u);
  EXPECT_EQ(counts["(others) call MANY_REFUSALS"], 1u);
}

TEST_F(RefusalLogTest, AStatusWithoutAReasonIsCountedByItsCode) {
  log_.Add("ins", "publish", absl::DeadlineExceededError("too late"));
  log_.Add("ins", "publish",
           Refusal(absl::StatusCode::kPermissionDenied, "POLICY_DENIED", "no rule allows it"));
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(TakeCounts(), (std::map<std::string, uint64_t>{{"ins publish DEADLINE_EXCEEDED", 1},
                                                           {"ins publish POLICY_DENIED", 1}}));
}

TEST_F(RefusalLogTest, WhatOutsidersWroteIsCutAndPrintable) {
  log_.OnRefusal(std::string(1000, 'p') + "\n", "handshake", "UNTRUSTED\x01\xff",
                 std::string("text\n") + std::string(1000, 't'));
  std::vector<Refused> taken = log_.Take(/*all=*/true);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].peer(), std::string(kIdentityBytesMax, 'p'));
  EXPECT_EQ(taken[0].reason(), "UNTRUSTED??");
  EXPECT_EQ(taken[0].text().size(), kRefusalTextBytesMax);
  EXPECT_EQ(taken[0].text().substr(0, 6), "text?t");
}

}  // namespace
}  // namespace waystation::broker
