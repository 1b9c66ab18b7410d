#include "services/audit/rules/finding_change.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::audit {
namespace {

using testing::ElementsAre;

constexpr char kDoj[] = "spiffe://waystation.example/agency/doj";
constexpr char kIns[] = "spiffe://waystation.example/agency/ins";

class FindingChangeTest : public testing::Test {
 protected:
  FindingChange Raise(std::vector<uint64_t> sequences) {
    return {.kind = FindingChange::Kind::kRaise,
            .rule = Rule::kOverdue,
            .subject = "s",
            .time_us = ++time_us_,
            .parties = {kIns, kDoj},
            .sequences = std::move(sequences),
            .detail = "d"};
  }
  FindingChange End(std::vector<uint64_t> sequences) {
    FindingChange change = Raise(std::move(sequences));
    change.kind = FindingChange::Kind::kEnd;
    return change;
  }
  bool Apply(const FindingChange& change) { return ApplyChange(rules_, change, &finding_); }
  std::vector<uint64_t> Proof() const {
    return {finding_.sequences().begin(), finding_.sequences().end()};
  }

  const Rules rules_ = Rules::Default();
  int64_t time_us_ = 0;
  v1::Finding finding_;
};

TEST_F(FindingChangeTest, TheIdIsOfTheRuleAndTheSubjectAlone) {
  EXPECT_EQ(FindingId(Rule::kOverdue, "s").size(), 16u);
  // Written down once: an id is for ever.
  EXPECT_EQ(FindingId(Rule::kOverdue, "s"), "ccc2c290cf1a8a2b");
  std::set<std::string> ids = {FindingId(Rule::kOverdue, "s"), FindingId(Rule::kOverdue, "t"),
                               FindingId(Rule::kNoReceipt, "s"), FindingId(Rule::kOverdue, "")};
  EXPECT_EQ(ids.size(), 4u);
}

TEST_F(FindingChangeTest, ANewOneTakesItsWordsFromTheTable) {
  EXPECT_TRUE(Apply(Raise({3})));
  EXPECT_EQ(finding_.rule_id(), "overdue");
  EXPECT_EQ(finding_.title(), rules_[Rule::kOverdue].title());
  EXPECT_EQ(finding_.citation(), rules_[Rule::kOverdue].citation());
  EXPECT_EQ(finding_.state(), v1::FINDING_STATE_OPEN);
  EXPECT_THAT(finding_.parties(), ElementsAre(kDoj, kIns));
  EXPECT_EQ(finding_.act_by_time().seconds(), 86'400);
}

TEST_F(FindingChangeTest, MoreProofIsAddedOnce) {
  Apply(Raise({3, 5}));
  Apply(Raise({3, 5, 8}));
  EXPECT_THAT(Proof(), ElementsAre(3, 5, 8));
  EXPECT_EQ(finding_.sequence_count(), 3u);
}

TEST_F(FindingChangeTest, ProofIsKeptUpToALimitAndCountedBeyond) {
  std::vector<uint64_t> many;
  for (uint64_t i = 1; i <= kSequencesMax + 1; ++i) many.push_back(i);
  Apply(Raise(many));
  EXPECT_EQ(Proof().size(), kSequencesMax);
  EXPECT_EQ(finding_.sequence_count(), kSequencesMax + 1);
}

TEST_F(FindingChangeTest, RecordsThatAreNotListedCountToo) {
  FindingChange change = Raise({1, 2});
  change.sequence_count = 50;
  Apply(change);
  EXPECT_EQ(finding_.sequence_count(), 50u);
}

TEST_F(FindingChangeTest, AnEndClosesAndASecondEndDoesNothing) {
  Apply(Raise({3}));
  EXPECT_TRUE(Apply(End({9})));
  EXPECT_EQ(finding_.state(), v1::FINDING_STATE_CLOSED);
  EXPECT_EQ(finding_.closing().reason(), "d");
  EXPECT_THAT(Proof(), ElementsAre(3, 9));
  const std::string before = finding_.SerializeAsString();
  EXPECT_FALSE(Apply(End({10})));
  EXPECT_EQ(finding_.SerializeAsString(), before);
}

TEST_F(FindingChangeTest, AnEndOfNothingIsNothing) {
  EXPECT_FALSE(Apply(End({1})));
  EXPECT_EQ(finding_.ByteSizeLong(), 0u);
}

TEST_F(FindingChangeTest, RaisedAgainItIsOpenedAgainAndKeepsItsHistory) {
  Apply(Raise({1}));
  v1::FindingResponse* response = finding_.add_responses();
  response->set_text("We act.");
  for (int i = 0; i < kFormerClosingsMax + 2; ++i) {
    Apply(End({}));
    Apply(Raise({}));
  }
  EXPECT_EQ(finding_.state(), v1::FINDING_STATE_OPEN);
  EXPECT_FALSE(finding_.has_closing());
  EXPECT_EQ(finding_.former_closings_size(), kFormerClosingsMax);
  EXPECT_EQ(finding_.responses_size(), 1);
  EXPECT_EQ(finding_.opened_time().nanos(), time_us_ * 1000);
}

TEST_F(FindingChangeTest, WhatIsNoIdentityIsNoParty) {
  FindingChange change = Raise({1});
  change.parties = {"", "ipv4:127.0.0.1:1", kDoj, kDoj};
  Apply(change);
  EXPECT_THAT(finding_.parties(), ElementsAre(kDoj));
}

TEST_F(FindingChangeTest, LongWordsAreCut) {
  FindingChange change = Raise({1});
  change.detail = std::string(kDetailBytesMax + 1, 'x');
  Apply(change);
  EXPECT_EQ(finding_.detail().size(), kDetailBytesMax);
}

}  // namespace
}  // namespace waystation::audit
