#include "common/petitioner/incoming.h"

#include "common/petitioner/petitioner_fixture.h"

namespace waystation::petitioner {
namespace {

class IncomingTest : public PetitionerTest {
 protected:
  agency::CaseContent Notice(const v1::Petition& petition,
                             const google::protobuf::Message& body) const {
    agency::CaseContent content = FromIns(petition, types::v1::TRANSITION_REQUEST);
    content.clear_referral_id();
    content.mutable_body()->PackFrom(body);
    return content;
  }

  ins::v1::PresenceEndedNotice Ended() const {
    ins::v1::PresenceEndedNotice notice;
    notice.set_presence_id("cp-1");
    *notice.mutable_ended_on() = Date(2002, 5, 1);
    notice.set_reason(ins::v1::PRESENCE_END_REASON_NO_LONGER_NECESSARY);
    *notice.add_officials() = Officer("ins/vermont-service-center", "first");
    *notice.add_officials() = Officer("ins/vermont-service-center", "second");
    return notice;
  }

  static ins::v1::WorkAuthorization Work(const types::v1::Date& first,
                                         const types::v1::Date& last) {
    ins::v1::WorkAuthorization work;
    work.set_basis(ins::v1::WORK_AUTHORIZATION_BASIS_PAROLE);
    *work.mutable_effective_date() = first;
    *work.mutable_expires_on() = last;
    return work;
  }

  static ins::v1::WorkAuthorizationNotice Issued(const types::v1::Date& first,
                                                 const types::v1::Date& last) {
    ins::v1::WorkAuthorizationNotice notice;
    notice.set_presence_id("cp-1");
    *notice.mutable_work_authorization() = Work(first, last);
    return notice;
  }

  static ins::v1::ContinuedPresenceDecision GrantWithWork(const types::v1::Date& first,
                                                          const types::v1::Date& last) {
    ins::v1::ContinuedPresenceDecision decision = Grant();
    *decision.mutable_work_authorization() = Work(first, last);
    return decision;
  }

  static absl::CivilDay LastDayOfWork(const v1::Petition& petition) {
    return *agency::ToDay("expires_on", petition.work_authorization().expires_on());
  }
};

TEST_F(IncomingTest, ShowsEachStepOfTheTarget) {
  const v1::Petition petition = Filed();
  EXPECT_TRUE(Deliver(FromIns(petition, types::v1::TRANSITION_TAKE_UP)).ok());
  EXPECT_EQ(Get(petition.referral_id()).state(), types::v1::REFERRAL_STATE_TAKEN_UP);
  EXPECT_TRUE(Deliver(FromIns(petition, types::v1::TRANSITION_HOLD)).ok());
  EXPECT_EQ(Get(petition.referral_id()).state(), types::v1::REFERRAL_STATE_ON_HOLD);
  EXPECT_TRUE(Deliver(FromIns(petition, types::v1::TRANSITION_RESUME)).ok());
  EXPECT_EQ(Get(petition.referral_id()).state(), types::v1::REFERRAL_STATE_TAKEN_UP);
}

TEST_F(IncomingTest, KeepsReasonAndCitationOfAReturn) {
  const v1::Petition petition = Filed();
  agency::CaseContent content = FromIns(petition, types::v1::TRANSITION_RETURN);
  content.set_reason_text("the unit may not petition");
  content.mutable_return_detail()->set_reason(types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW);
  content.mutable_return_detail()->set_citation("TVPA 107(c)(3)");
  ASSERT_TRUE(Deliver(content).ok());
  const v1::Petition now = Get(petition.referral_id());
  EXPECT_EQ(now.state(), types::v1::REFERRAL_STATE_RETURNED);
  EXPECT_EQ(now.return_reason(), types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW);
  EXPECT_EQ(now.return_citation(), "TVPA 107(c)(3)");
  EXPECT_EQ(now.reason_text(), "the unit may not petition");
}

TEST_F(IncomingTest, KeepsTheDecision) {
  const v1::Petition petition = Filed();
  ASSERT_TRUE(Answer(petition, Grant()).ok());
  EXPECT_EQ(Get(petition.referral_id()).decision().mechanism(), ins::v1::PRESENCE_MECHANISM_PAROLE);
}

TEST_F(IncomingTest, QuarantinesAnswersThatDoNotHoldTogether) {
  std::vector<ins::v1::ContinuedPresenceDecision> bad(9, Grant());
  bad[0].mutable_officials(1)->set_staff_id("first");
  bad[1].mutable_officials()->RemoveLast();
  bad[2].clear_presence_id();
  *bad[3].mutable_expires_on() = Date(2002, 1, 10);
  bad[4].clear_outcome();
  bad[5].set_outcome(ins::v1::DECISION_OUTCOME_DENIED);
  *bad[6].mutable_work_authorization() = Work(Date(2002, 7, 1), Date(2002, 7, 1));
  *bad[7].mutable_work_authorization() = Work(Date(2002, 1, 10), Date(2002, 2, 1));
  bad[7].mutable_work_authorization()->mutable_expires_on()->set_day(30);
  bad[8].mutable_work_authorization();
  for (const ins::v1::ContinuedPresenceDecision& decision : bad) {
    const v1::Petition petition = Filed();
    const absl::Status refused = Answer(petition, decision);
    EXPECT_FALSE(refused.ok());
    // Not one of the codes after which the message would come again for ever.
    EXPECT_TRUE(absl::IsInvalidArgument(refused) || absl::IsFailedPrecondition(refused)) << refused;
    EXPECT_FALSE(Get(petition.referral_id()).has_decision());
  }
}

TEST_F(IncomingTest, RefusesAnAnswerAboutAnotherPerson) {
  const v1::Petition petition = Filed();
  agency::CaseContent content = FromIns(petition, types::v1::TRANSITION_ANSWER);
  content.set_person("pv-other");
  content.mutable_body()->PackFrom(Grant());
  EXPECT_EQ(ReasonOf(Deliver(content)), "CONTENT_MALFORMED");
}

TEST_F(IncomingTest, RecordsANoticeThatThePresenceEndedAndSaysSo) {
  const v1::Petition petition = Filed();
  ASSERT_TRUE(Answer(petition, Grant()).ok());
  ASSERT_TRUE(Deliver(Notice(petition, Ended())).ok());
  EXPECT_EQ(Get(petition.referral_id()).ended().reason(),
            ins::v1::PRESENCE_END_REASON_NO_LONGER_NECESSARY);
  ASSERT_EQ(desk_.sent().size(), 3u);
  EXPECT_EQ(desk_.sent()[1].transition(), types::v1::TRANSITION_TAKE_UP);
  EXPECT_EQ(desk_.sent()[2].transition(), types::v1::TRANSITION_ANSWER);
  EXPECT_EQ(desk_.sent()[2].officials(0).staff_id(), "automatic");
  EXPECT_EQ(desk_.sent()[2].from_unit(), "doj/fbi");
}

TEST_F(IncomingTest, RecordsAWorkAuthorization) {
  const v1::Petition petition = Filed();
  ASSERT_TRUE(Answer(petition, Grant()).ok());
  const auto notice = Issued(Date(2002, 1, 10), Date(2002, 7, 1));
  ASSERT_TRUE(Deliver(Notice(petition, notice)).ok());
  EXPECT_EQ(Get(petition.referral_id()).work_authorization().basis(),
            ins::v1::WORK_AUTHORIZATION_BASIS_PAROLE);
}

TEST_F(IncomingTest, WorkEndsWithThePresence) {
  const v1::Petition petition = Filed();
  ASSERT_TRUE(Answer(petition, GrantWithWork(Date(2002, 1, 10), Date(2003, 1, 9))).ok());
  EXPECT_EQ(LastDayOfWork(Get(petition.referral_id())), absl::CivilDay(2003, 1, 9));
  ASSERT_TRUE(Deliver(Notice(petition, Ended())).ok());
  EXPECT_EQ(LastDayOfWork(Get(petition.referral_id())), absl::CivilDay(2002, 5, 1));
}

TEST_F(IncomingTest, WorkThatEndsBeforeThePresenceStaysAsItIs) {
  const v1::Petition petition = Filed();
  ASSERT_TRUE(Answer(petition, GrantWithWork(Date(2002, 1, 10), Date(2002, 3, 1))).ok());
  ASSERT_TRUE(Deliver(Notice(petition, Ended())).ok());
  EXPECT_EQ(LastDayOfWork(Get(petition.referral_id())), absl::CivilDay(2002, 3, 1));
}

TEST_F(IncomingTest, WorkThatWasToBeginOnTheDayOfTheEndIsGone) {
  const v1::Petition petition = Filed();
  ASSERT_TRUE(Answer(petition, GrantWithWork(Date(2002, 5, 1), Date(2003, 1, 9))).ok());
  ASSERT_TRUE(Deliver(Notice(petition, Ended())).ok());
  EXPECT_FALSE(Get(petition.referral_id()).has_work_authorization());
}

TEST_F(IncomingTest, WorkHeardOfAfterTheEndIsCutToo) {
  const v1::Petition petition = Filed();
  ASSERT_TRUE(Answer(petition, Grant()).ok());
  ASSERT_TRUE(Deliver(Notice(petition, Ended())).ok());
  ASSERT_TRUE(Deliver(Notice(petition, Issued(Date(2002, 1, 10), Date(2002, 7, 1)))).ok());
  EXPECT_EQ(LastDayOfWork(Get(petition.referral_id())), absl::CivilDay(2002, 5, 1));
}

TEST_F(IncomingTest, ReturnsNoticesThatAreNotItsOwn) {
  const v1::Petition petition = Filed();
  ASSERT_TRUE(Answer(petition, Grant()).ok());
  ins::v1::PresenceEndedNotice unknown = Ended();
  unknown.set_presence_id("cp-9");
  ASSERT_TRUE(Deliver(Notice(petition, unknown)).ok());
  EXPECT_EQ(desk_.sent().back().return_detail().reason(), types::v1::RETURN_REASON_NOT_OURS);
  // Another agency cannot end what INS granted.
  ASSERT_TRUE(Deliver(Notice(petition, Ended()), "hhs").ok());
  EXPECT_EQ(desk_.sent().back().return_detail().reason(), types::v1::RETURN_REASON_NOT_OURS);
  ins::v1::PresenceEndedNotice alone = Ended();
  alone.mutable_officials()->RemoveLast();
  ASSERT_TRUE(Deliver(Notice(petition, alone)).ok());
  EXPECT_EQ(desk_.sent().back().return_detail().reason(), types::v1::RETURN_REASON_INCOMPLETE);
  ASSERT_TRUE(Deliver(Notice(petition, Grant())).ok());
  EXPECT_EQ(desk_.sent().back().return_detail().reason(), types::v1::RETURN_REASON_NOT_OURS);
  EXPECT_FALSE(Get(petition.referral_id()).has_ended());
}

}  // namespace
}  // namespace waystation::petitioner
