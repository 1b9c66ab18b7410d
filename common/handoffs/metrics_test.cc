#include "common/handoffs/metrics.h"

#include "common/handoffs/test_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::handoffs {
namespace {

using types::v1::TRANSITION_ANSWER;
using types::v1::TRANSITION_CANCEL;
using types::v1::TRANSITION_REQUEST;
using types::v1::TRANSITION_TAKE_UP;

class MetricsTest : public testing::Test {
 protected:
  // Hours after the request until its receipt, its taking up, its answer.
  void Answered(const std::string& referral, int received_h, int taken_up_h, int answered_h,
                std::optional<absl::Duration> due_in = std::nullopt) {
    TestLog::Options options;
    if (due_in) options.due = world_.now() + *due_in;
    const std::string id = world_.Send("doj", "ins", referral, TRANSITION_REQUEST, options);
    world_.Pass(absl::Hours(received_h));
    world_.Receive(id);
    world_.Pass(absl::Hours(taken_up_h - received_h));
    world_.Send("ins", "doj", referral, TRANSITION_TAKE_UP);
    world_.Pass(absl::Hours(answered_h - taken_up_h));
    world_.Send("ins", "doj", referral, TRANSITION_ANSWER);
  }
  PairMetrics Only() {
    const std::vector<PairMetrics> all = MetricsByPair(ReferralsOf(world_.Fold()), world_.now());
    EXPECT_EQ(all.size(), 1u);
    return all.at(0);
  }
  static int64_t HoursOf(absl::Duration d) { return absl::ToInt64Hours(d); }

  TestLog world_;
};

TEST_F(MetricsTest, MeasuresFromTheRequest) {
  Answered("a", 1, 5, 20);
  const PairMetrics metrics = Only();
  EXPECT_EQ(metrics.requester, TestLog::IdentityOf("doj"));
  EXPECT_EQ(metrics.target, TestLog::IdentityOf("ins"));
  EXPECT_EQ(HoursOf(metrics.to_receipt.median), 1);
  EXPECT_EQ(HoursOf(metrics.to_acceptance.median), 5);
  EXPECT_EQ(HoursOf(metrics.to_completion.median), 20);
  EXPECT_EQ(metrics.open, 0u);
}

TEST_F(MetricsTest, CountsOnlyThoseThatGotSoFar) {
  Answered("a", 1, 5, 20);
  world_.Receive(world_.Send("doj", "ins", "b", TRANSITION_REQUEST));
  const PairMetrics metrics = Only();
  EXPECT_EQ(metrics.requested, 2u);
  EXPECT_EQ(metrics.to_receipt.count, 2u);
  EXPECT_EQ(metrics.to_acceptance.count, 1u);
  EXPECT_EQ(metrics.to_completion.count, 1u);
}

TEST_F(MetricsTest, NamesTheOldestThatIsOpen) {
  Answered("a", 1, 5, 20);
  world_.Send("doj", "ins", "b", TRANSITION_REQUEST);
  const absl::Time since = world_.now();
  world_.Send("doj", "ins", "c", TRANSITION_REQUEST);
  const PairMetrics metrics = Only();
  EXPECT_EQ(metrics.open, 2u);
  EXPECT_EQ(metrics.oldest_open_referral, "b");
  EXPECT_EQ(metrics.oldest_open, since);
}

TEST_F(MetricsTest, OwesNothingForWhatWasCancelled) {
  TestLog::Options due{world_.now() + absl::Hours(1), ""};
  world_.Send("doj", "ins", "a", TRANSITION_REQUEST, due);
  world_.Send("doj", "ins", "a", TRANSITION_CANCEL);
  world_.Pass(absl::Hours(2));
  EXPECT_EQ(Only().open, 0u);
  EXPECT_EQ(Only().due, 0u);
}

TEST_F(MetricsTest, RatesWhatWasDueAndNothingElse) {
  Answered("on time", 1, 2, 3, absl::Hours(4));
  Answered("late", 1, 2, 5, absl::Hours(4));
  Answered("no due time", 1, 2, 5);
  world_.Send("doj", "ins", "overdue", TRANSITION_REQUEST, {world_.now() + absl::Hours(1), ""});
  world_.Pass(absl::Hours(2));
  world_.Send("doj", "ins", "not yet due", TRANSITION_REQUEST, {world_.now() + absl::Hours(1), ""});
  EXPECT_EQ(Only().due, 3u);
  EXPECT_EQ(Only().on_time, 1u);
}

TEST_F(MetricsTest, TellsProceduresApartAndWhatNobodyTold) {
  Answered("a", 1, 5, 20, absl::Hours(24));
  Answered("b", 3, 7, 30, absl::Hours(24));
  Answered("c", 2, 4, 8);
  world_.Send("doj", "ins", "d", TRANSITION_REQUEST);
  const absl::Time since = world_.now();
  world_.Pass(absl::Hours(1));
  const ProcedureOfReferral told = {{"a", "petition"}, {"b", "petition"}, {"d", "certification"}};
  const std::vector<ProcedureMetrics> all =
      MetricsByProcedure(ReferralsOf(world_.Fold()), told, world_.now());
  ASSERT_EQ(all.size(), 3u);

  const ProcedureMetrics& untold = all[0];
  EXPECT_EQ(untold.procedure, "");
  EXPECT_EQ(untold.requested, 1u);
  EXPECT_EQ(HoursOf(untold.to_completion.max), 8);
  EXPECT_EQ(untold.due, 0u);

  const ProcedureMetrics& certification = all[1];
  EXPECT_EQ(certification.procedure, "certification");
  EXPECT_EQ(certification.requested, 1u);
  EXPECT_EQ(certification.open, 1u);
  EXPECT_EQ(certification.oldest_open, since);
  EXPECT_EQ(certification.oldest_open_referral, "d");
  EXPECT_EQ(certification.to_receipt.count, 0u);

  const ProcedureMetrics& petition = all[2];
  EXPECT_EQ(petition.procedure, "petition");
  EXPECT_EQ(petition.requested, 2u);
  EXPECT_EQ(petition.open, 0u);
  EXPECT_EQ(petition.to_receipt.count, 2u);
  EXPECT_EQ(HoursOf(petition.to_receipt.median), 1);
  EXPECT_EQ(HoursOf(petition.to_receipt.max), 3);
  EXPECT_EQ(HoursOf(petition.to_acceptance.max), 7);
  EXPECT_EQ(HoursOf(petition.to_completion.median), 20);
  EXPECT_EQ(HoursOf(petition.to_completion.max), 30);
  EXPECT_EQ(petition.due, 2u);
  EXPECT_EQ(petition.on_time, 1u);
}

TEST_F(MetricsTest, IsOnTimeAtTheDueTimeItselfAndNotAMicrosecondLater) {
  ReferralTimes referral;
  referral.requested = absl::UnixEpoch();
  referral.due = absl::UnixEpoch() + absl::Hours(1);
  referral.completed = referral.due;
  EXPECT_EQ(MetricsByPair({referral}, *referral.due).at(0).on_time, 1u);
  referral.completed = *referral.due + absl::Microseconds(1);
  EXPECT_EQ(MetricsByPair({referral}, *referral.due).at(0).on_time, 0u);
}

TEST_F(MetricsTest, KnowsTheRootOfAForwardedReferral) {
  world_.Send("doj", "hhs", "root", TRANSITION_REQUEST);
  world_.Send("hhs", "ins", "child", TRANSITION_REQUEST, {std::nullopt, "root"});
  world_.Send("ins", "doj", "grandchild", TRANSITION_REQUEST, {std::nullopt, "child"});
  const std::vector<ReferralTimes> referrals = ReferralsOf(world_.Fold());
  ASSERT_EQ(referrals.size(), 3u);
  for (const ReferralTimes& each : referrals) EXPECT_EQ(each.root, "root");
}

TEST_F(MetricsTest, SeesNothingThatCameLater) {
  Answered("a", 1, 5, 20);
  const absl::Time asked = absl::FromUnixSeconds(TestLog::kStartS) + absl::Hours(3);
  const std::vector<ReferralTimes> referrals = ReferralsOf(world_.Fold(), asked);
  ASSERT_EQ(referrals.size(), 1u);
  EXPECT_TRUE(referrals[0].received.has_value());
  EXPECT_FALSE(referrals[0].taken_up.has_value());
}

TEST(SpreadTest, TakesMedianAndNinetiethFromWhatWasMeasured) {
  std::vector<absl::Duration> hours;
  for (int h = 1; h <= 10; ++h) hours.push_back(absl::Hours(h));
  const Spread ten = SpreadOf(hours);
  EXPECT_EQ(ten.median, absl::Hours(5));
  EXPECT_EQ(ten.p90, absl::Hours(9));
  EXPECT_EQ(ten.max, absl::Hours(10));
  hours.push_back(absl::Hours(11));
  EXPECT_EQ(SpreadOf(hours).median, absl::Hours(6));
  EXPECT_EQ(SpreadOf(hours).p90, absl::Hours(10));
  EXPECT_EQ(SpreadOf({absl::Hours(7)}).p90, absl::Hours(7));
  EXPECT_EQ(SpreadOf({}).count, 0u);
}

}  // namespace
}  // namespace waystation::handoffs
