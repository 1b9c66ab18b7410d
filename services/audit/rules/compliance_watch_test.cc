#include "services/audit/rules/compliance_watch.h"

#include "services/audit/rules/fold_fixture.h"

namespace waystation::audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using v1::CERTIFICATION_STAGE_BASIS_ENDED;
using v1::CERTIFICATION_STAGE_LETTER_ISSUED;
using v1::CERTIFICATION_STAGE_NOT_NEEDED;
using v1::CERTIFICATION_STAGE_NOTICE_FILED;
using v1::CERTIFICATION_STAGE_NOTICE_GIVEN;

constexpr char kHhs[] = "spiffe://waystation.example/agency/hhs";
constexpr int64_t kDutyTime = 3 * kDay;
constexpr int64_t kLetterTime = 10 * kDay;

class ComplianceWatchTest : public FoldTest {
 protected:
  uint64_t place_ = 0;  // 0: as they come.

  uint64_t Say(const std::string& sender, const v1::ComplianceEvent& event) {
    ++sequence_;
    fold_->OnEvent(event, {sender, sequence_, now_us_, place_ != 0 ? place_ : sequence_});
    Keep();
    return sequence_;
  }

  // DOJ has these duties open towards one person, since a time from now.
  uint64_t Duties(const std::vector<std::string>& citations, int64_t since_us = 0,
                  const std::string& sender = kDoj) {
    v1::ComplianceEvent event;
    v1::DutyStanding& duties = *event.mutable_duties();
    duties.set_person("pv-1");
    duties.set_unit("doj/fbi");
    duties.mutable_since()->set_seconds((now_us_ + since_us) / kSecond);
    for (const std::string& citation : citations) {
      v1::OpenDuty& open = *duties.add_open();
      open.set_text("in words");
      open.set_citation(citation);
    }
    return Say(sender, event);
  }

  uint64_t Certification(v1::CertificationStage stage, const std::string& waits_for = "") {
    const bool hhs =
        stage != CERTIFICATION_STAGE_NOTICE_GIVEN && stage != CERTIFICATION_STAGE_BASIS_ENDED;
    v1::ComplianceEvent event;
    event.mutable_certification()->set_reference("cp-1");
    event.mutable_certification()->set_stage(stage);
    event.mutable_certification()->set_waits_for(waits_for);
    if (!hhs) event.mutable_certification()->set_referral_id(referral_);
    return Say(hhs ? kHhs : kIns, event);
  }

  uint64_t Cap(uint64_t used, uint64_t limit = 5000) {
    v1::ComplianceEvent event;
    event.mutable_cap()->set_what("T status, principals");
    event.mutable_cap()->set_citation("TVPA 107(e)(2)");
    event.mutable_cap()->set_fiscal_year(2002);
    event.mutable_cap()->set_used(used);
    event.mutable_cap()->set_limit(limit);
    return Say(kIns, event);
  }
};

TEST_F(ComplianceWatchTest, ADutyOpenForTooLongIsFoundAndNotBefore) {
  const uint64_t said = Duties({"TVPA 107(c)(1)(B)", "TVPA 107(c)(1)(C)"});
  Pass(kDutyTime);
  EXPECT_EQ(OpenCount(), 0u);
  Pass(1);
  ASSERT_EQ(Open(Rule::kDutyMissing).size(), 1u);
  const v1::Finding finding = Open(Rule::kDutyMissing)[0];
  EXPECT_THAT(Parties(finding), ElementsAre(kDoj));
  EXPECT_THAT(Proof(finding), ElementsAre(said));
  EXPECT_THAT(finding.detail(), HasSubstr("2 open: TVPA 107(c)(1)(B); TVPA 107(c)(1)(C);"));
  EXPECT_THAT(finding.detail(), HasSubstr("pv-1 at doj/fbi"));
  EXPECT_THAT(finding.citation(), HasSubstr("TVPA 107(c)"));
}

TEST_F(ComplianceWatchTest, DutiesDoneInTimeAreNoFinding) {
  Duties({"TVPA 107(c)(1)(B)"});
  Pass(kDutyTime);
  Duties({});
  Pass(kDutyTime);
  EXPECT_EQ(OpenCount(), 0u);
}

TEST_F(ComplianceWatchTest, SayingItAgainGainsNoTime) {
  Duties({"TVPA 107(c)(1)(B)"});
  Pass(2 * kDay);
  Duties({"TVPA 107(c)(1)(B)"}, 30 * kDay);
  Pass(kDay + 1);
  EXPECT_EQ(Open(Rule::kDutyMissing).size(), 1u);
}

TEST_F(ComplianceWatchTest, AnIntakeThatWasToldLateIsFoundByItsOwnTime) {
  Duties({"TVPA 107(c)(1)(B)"}, -kDutyTime);
  Pass(1);
  EXPECT_EQ(Open(Rule::kDutyMissing).size(), 1u);
}

TEST_F(ComplianceWatchTest, TheLastDutyEndsTheFindingAlsoAfterARestart) {
  Duties({"TVPA 107(c)(1)(B)", "TVPA 107(c)(1)(C)"});
  Restart();
  Pass(kDutyTime + 1);
  Duties({"TVPA 107(c)(1)(C)"});
  ASSERT_EQ(Open(Rule::kDutyMissing).size(), 1u);
  EXPECT_THAT(Open(Rule::kDutyMissing)[0].detail(), HasSubstr("1 open: TVPA 107(c)(1)(C);"));
  Restart();
  const uint64_t done = Duties({});
  ASSERT_EQ(Closed(Rule::kDutyMissing).size(), 1u);
  EXPECT_EQ(Proof(Closed(Rule::kDutyMissing)[0]).back(), done);
  EXPECT_EQ(OpenCount(), 0u);
}

TEST_F(ComplianceWatchTest, TwoAgenciesWithOnePersonHaveEachTheirOwn) {
  Duties({"TVPA 107(c)(1)(B)"});
  Duties({"TVPA 107(c)(1)(B)"}, 0, kIns);
  Pass(kDutyTime + 1);
  EXPECT_EQ(Open(Rule::kDutyMissing).size(), 2u);
  Duties({});
  EXPECT_EQ(Open(Rule::kDutyMissing).size(), 1u);
}

TEST_F(ComplianceWatchTest, NoLetterAfterTheNoticeIsFoundAndNotBefore) {
  Certification(CERTIFICATION_STAGE_NOTICE_GIVEN);
  const uint64_t filed = Certification(CERTIFICATION_STAGE_NOTICE_FILED, "hhs/orr");
  Pass(kLetterTime);
  EXPECT_EQ(OpenCount(), 0u);
  Pass(1);
  ASSERT_EQ(Open(Rule::kCertificationMissing).size(), 1u);
  const v1::Finding finding = Open(Rule::kCertificationMissing)[0];
  EXPECT_THAT(Parties(finding), ElementsAre(kHhs, kIns));
  EXPECT_THAT(Proof(finding), ElementsAre(filed));
  EXPECT_EQ(finding.referral_id(), referral_);
  EXPECT_THAT(finding.detail(), HasSubstr("the next move is with hhs/orr"));
}

TEST_F(ComplianceWatchTest, ANoticeThatNeverReachedHhsIsFoundByTheWordOfInsAlone) {
  Certification(CERTIFICATION_STAGE_NOTICE_GIVEN);
  Restart();
  Pass(kLetterTime + 1);
  ASSERT_EQ(Open(Rule::kCertificationMissing).size(), 1u);
  EXPECT_THAT(Open(Rule::kCertificationMissing)[0].detail(), HasSubstr("HHS has not said"));
}

TEST_F(ComplianceWatchTest, ANoticeOfWhichInsSaidNothingIsFoundByTheWordOfHhsAlone) {
  Certification(CERTIFICATION_STAGE_NOTICE_FILED);
  Pass(kLetterTime + 1);
  EXPECT_EQ(Open(Rule::kCertificationMissing).size(), 1u);
}

TEST_F(ComplianceWatchTest, ALetterInTimeIsNoFindingInWhateverOrderTheTwoSpeak) {
  Certification(CERTIFICATION_STAGE_NOTICE_FILED);
  Certification(CERTIFICATION_STAGE_LETTER_ISSUED);
  Certification(CERTIFICATION_STAGE_NOTICE_GIVEN);
  Pass(kLetterTime + 1);
  EXPECT_EQ(OpenCount(), 0u);
}

TEST_F(ComplianceWatchTest, WhatSettlesItEndsTheFinding) {
  for (v1::CertificationStage end :
       {CERTIFICATION_STAGE_LETTER_ISSUED, CERTIFICATION_STAGE_BASIS_ENDED,
        CERTIFICATION_STAGE_NOT_NEEDED}) {
    Certification(CERTIFICATION_STAGE_NOTICE_GIVEN);
    Certification(CERTIFICATION_STAGE_NOTICE_FILED);
    Pass(kLetterTime + 1);
    ASSERT_EQ(Open(Rule::kCertificationMissing).size(), 1u) << end;
    Restart();
    Certification(end);
    EXPECT_EQ(Open(Rule::kCertificationMissing).size(), 0u) << end;
  }
}

TEST_F(ComplianceWatchTest, AfterTheBasisEndedNothingIsDueUntilItHoldsAgain) {
  Certification(CERTIFICATION_STAGE_NOTICE_GIVEN);
  Certification(CERTIFICATION_STAGE_BASIS_ENDED);
  Certification(CERTIFICATION_STAGE_NOTICE_FILED);
  Pass(kLetterTime + 1);
  EXPECT_EQ(OpenCount(), 0u);
  Certification(CERTIFICATION_STAGE_NOTICE_GIVEN);
  Pass(kLetterTime);
  EXPECT_EQ(OpenCount(), 0u) << "the time begins anew";
  Pass(1);
  EXPECT_EQ(Open(Rule::kCertificationMissing).size(), 1u);
}

TEST_F(ComplianceWatchTest, ACapIsNearReachedExceededEachByItself) {
  Cap(4'499);
  EXPECT_EQ(OpenCount(), 0u);
  const uint64_t near = Cap(4'500);
  ASSERT_EQ(Open(Rule::kCapNear).size(), 1u);
  EXPECT_THAT(Open(Rule::kCapNear)[0].detail(), HasSubstr("4500 of 5000 (TVPA 107(e)(2))"));
  EXPECT_THAT(Proof(Open(Rule::kCapNear)[0]), ElementsAre(near));
  Restart();
  Cap(5'000);
  EXPECT_EQ(Open(Rule::kCapNear).size(), 0u);
  EXPECT_EQ(Open(Rule::kCapReached).size(), 1u);
  Cap(5'001);
  EXPECT_EQ(Open(Rule::kCapReached).size(), 0u);
  EXPECT_EQ(Open(Rule::kCapExceeded).size(), 1u);
  Cap(12);
  EXPECT_EQ(OpenCount(), 0u);
}

TEST_F(ComplianceWatchTest, AnEventThatWasOvertakenChangesNothing) {
  place_ = 100;
  Duties({});
  Certification(CERTIFICATION_STAGE_LETTER_ISSUED);
  Certification(CERTIFICATION_STAGE_NOTICE_GIVEN);
  Cap(5'000);
  Restart();
  for (uint64_t place : {99, 100}) {
    place_ = place;
    Duties({"TVPA 107(c)(1)(B)"});
    Certification(CERTIFICATION_STAGE_NOTICE_FILED);
    Certification(CERTIFICATION_STAGE_BASIS_ENDED);
    Cap(5'001);
  }
  Pass(30 * kDay);
  EXPECT_EQ(OpenCount(), 1u);
  EXPECT_EQ(Open(Rule::kCapReached).size(), 1u);
}

TEST_F(ComplianceWatchTest, NumbersOfAnySizeAreJudged) {
  Cap(~uint64_t{0} - 1, ~uint64_t{0});
  EXPECT_EQ(Open(Rule::kCapNear).size(), 1u);
}

}  // namespace
}  // namespace waystation::audit
