#include "services/audit/rules/bus_watch.h"

#include "services/audit/rules/fold_fixture.h"

namespace waystation::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class BusWatchTest : public FoldTest {
 protected:
  void See(uint64_t size, uint64_t by_doj) {
    fold_->OnLogSeen({.size = size, .cosigned = {{kDoj, by_doj}, {kIns, size}}}, now_us_);
    Keep();
  }
  void SeeNone() {
    fold_->OnNoLog(now_us_);
    Keep();
  }
};

TEST_F(BusWatchTest, JournalTimeAheadIsFoundAndNotAtTheBound) {
  clock_offset_us_ = -30 * kSecond;
  Request();
  EXPECT_EQ(OpenCount(), 0u);
  clock_offset_us_ = -30 * kSecond - 1;
  const uint64_t first = Accept(Step(kDoj, kIns, types::v1::TRANSITION_CHANGE_SCOPE, 1));
  Accept(Step(kDoj, kIns, types::v1::TRANSITION_CHANGE_SCOPE, 2));
  ASSERT_EQ(Open(Rule::kJournalAhead).size(), 1u);
  EXPECT_THAT(Proof(Open(Rule::kJournalAhead)[0]), ElementsAre(first));
  EXPECT_THAT(Parties(Open(Rule::kJournalAhead)[0]), ElementsAre(kBroker));
}

TEST_F(BusWatchTest, EachTimeThatTheJournalRunsAheadIsProof) {
  for (int i = 0; i < 2; ++i) {
    clock_offset_us_ = -kHour;
    Refuse(kDoj, "x", "X");
    clock_offset_us_ = 0;
    Refuse(kDoj, "x", "X");
  }
  ASSERT_EQ(Open(Rule::kJournalAhead).size(), 1u);
  EXPECT_EQ(Open(Rule::kJournalAhead)[0].sequence_count(), 2u);
}

TEST_F(BusWatchTest, AnOldRecordIsNotAhead) {
  clock_offset_us_ = 365 * kDay;
  Request();
  EXPECT_TRUE(findings_.empty());
}

TEST_F(BusWatchTest, AMessageMadeLongBeforeIsFoundAndNotAtTheBound) {
  bus::v1::Header header = Step(kDoj, kIns, types::v1::TRANSITION_REQUEST, 0);
  header.mutable_time()->set_seconds((now_us_ - 7 * kDay) / kSecond);
  Accept(header);
  EXPECT_TRUE(findings_.empty());
  header.mutable_time()->set_seconds((now_us_ - 7 * kDay) / kSecond - 1);
  header.mutable_referral()->set_referral_id(std::string(16, 's'));
  const uint64_t late = Accept(header);
  ASSERT_EQ(Open(Rule::kMessageTime).size(), 1u);
  EXPECT_THAT(Proof(Open(Rule::kMessageTime)[0]), ElementsAre(late));
  EXPECT_THAT(Open(Rule::kMessageTime)[0].detail(), HasSubstr("before it was taken"));
}

TEST_F(BusWatchTest, AMessageFromTheFutureIsFoundAndNotAtTheBound) {
  bus::v1::Header header = Step(kDoj, kIns, types::v1::TRANSITION_REQUEST, 0);
  header.mutable_time()->set_seconds(now_us_ / kSecond + 30 * 60);
  Accept(header);
  EXPECT_TRUE(findings_.empty());
  header.mutable_time()->set_seconds(now_us_ / kSecond + 30 * 60 + 1);
  header.mutable_referral()->set_referral_id(std::string(16, 's'));
  Accept(header);
  ASSERT_EQ(Open(Rule::kMessageTime).size(), 1u);
  EXPECT_THAT(Open(Rule::kMessageTime)[0].detail(), HasSubstr("in the future"));
}

TEST_F(BusWatchTest, ARevokedCertificateIsFoundWithItsRecordsAndAGoodOneIsNot) {
  const std::string certificate(32, 'c');
  const uint64_t request = Request();
  ASSERT_EQ(fold_->certificates().count(certificate), 1u);
  fold_->OnRevoked(std::string(32, 'd'), {1}, 1, now_us_);
  Keep();
  EXPECT_TRUE(findings_.empty());
  fold_->OnRevoked(certificate, {request}, 1, now_us_);
  Keep();
  ASSERT_EQ(Open(Rule::kSignatureCompromised).size(), 1u);
  const v1::Finding finding = Open(Rule::kSignatureCompromised)[0];
  EXPECT_THAT(Proof(finding), ElementsAre(request));
  EXPECT_THAT(Parties(finding), ElementsAre(kDoj));
  EXPECT_THAT(finding.detail(), HasSubstr("6363636363"));
}

TEST_F(BusWatchTest, ARevocationIsToldOnceAndWhatIsSignedAfterItIsAdded) {
  const std::string certificate(32, 'c');
  const uint64_t request = Request();
  fold_->OnRevoked(certificate, {request}, 1, now_us_);
  Restart();
  fold_->OnRevoked(certificate, {request}, 1, now_us_);
  Keep();
  const uint64_t after = Accept(Step(kIns, kDoj, types::v1::TRANSITION_TAKE_UP, 1));
  ASSERT_EQ(Open(Rule::kSignatureCompromised).size(), 1u);
  EXPECT_EQ(Open(Rule::kSignatureCompromised)[0].sequence_count(), 2u);
  EXPECT_THAT(Proof(Open(Rule::kSignatureCompromised)[0]), ElementsAre(request, after));
}

TEST_F(BusWatchTest, ACosignerThatStandsStillIsFoundAndNotBefore) {
  See(10, 10);
  Pass(kSecond);
  See(11, 10);
  Pass(60 * kSecond - 1);
  See(70, 10);
  EXPECT_EQ(OpenCount(), 0u);
  Pass(1);
  See(71, 10);
  ASSERT_EQ(Open(Rule::kCosignerBehind).size(), 1u);
  EXPECT_THAT(Parties(Open(Rule::kCosignerBehind)[0]), ElementsAre(kDoj));
  See(72, 72);
  EXPECT_EQ(Closed(Rule::kCosignerBehind).size(), 1u);
}

TEST_F(BusWatchTest, ACosignerThatIsOneCheckpointLateIsNoFinding) {
  for (uint64_t size = 2; size < 300; ++size) {
    See(size, size - 1);
    Pass(kSecond);
  }
  EXPECT_TRUE(findings_.empty());
}

TEST_F(BusWatchTest, AnIdleLogOwesNobodyACosignature) {
  See(10, 10);
  Pass(kDay);
  See(10, 10);
  EXPECT_TRUE(findings_.empty());
}

TEST_F(BusWatchTest, ACosignerThatNeverCameIsFound) {
  See(1, 0);
  Restart();
  Pass(60 * kSecond);
  See(1, 0);
  EXPECT_EQ(Open(Rule::kCosignerBehind).size(), 1u);
}

TEST_F(BusWatchTest, ABrokerWithoutALogIsFoundAndNotBefore) {
  SeeNone();
  Pass(60 * kSecond - 1);
  SeeNone();
  EXPECT_EQ(OpenCount(), 0u);
  Pass(1);
  SeeNone();
  ASSERT_EQ(Open(Rule::kLogMissing).size(), 1u);
  See(1, 1);
  EXPECT_EQ(Closed(Rule::kLogMissing).size(), 1u);
  SeeNone();
  Pass(kSecond);
  SeeNone();
  EXPECT_EQ(OpenCount(), 0u);
}

TEST_F(BusWatchTest, ASplitAndAnInconsistentLogAreCriticalAndStayOpen) {
  fold_->OnSplit("two roots", {1}, now_us_);
  fold_->OnInconsistent("root differs", {1}, now_us_);
  Keep();
  Pass(30 * kDay);
  for (Rule rule : {Rule::kLogSplit, Rule::kLogInconsistent}) {
    ASSERT_EQ(Open(rule).size(), 1u);
    EXPECT_EQ(Open(rule)[0].severity(), v1::SEVERITY_CRITICAL);
    EXPECT_THAT(Parties(Open(rule)[0]), ElementsAre(kBroker));
  }
}

}  // namespace
}  // namespace waystation::audit
