#include "services/ins/presences.h"

#include "gmock/gmock.h"
#include "services/ins/casework_fixture.h"

namespace waystation::ins {
namespace {

using testing::HasSubstr;

class PresencesTest : public CaseworkTest {
 protected:
  absl::StatusOr<v1::Presence> Work(
      const std::string& presence_id, const types::v1::Date& until,
      v1::WorkAuthorizationBasis basis = v1::WORK_AUTHORIZATION_BASIS_PAROLE) {
    v1::IssueWorkAuthorizationRequest request;
    request.set_presence_id(presence_id);
    request.mutable_terms()->set_basis(basis);
    *request.mutable_terms()->mutable_effective_date() = Date(2002, 1, 9);
    *request.mutable_terms()->mutable_expires_on() = until;
    v1::IssueWorkAuthorizationResponse out;
    WS_RETURN_IF_ERROR(desk_.Write([&](agency::Tx& tx) {
      return IssueWorkAuthorization(Officer("adjudicator-1"), request, tx, out);
    }));
    return out.presence();
  }
};

TEST_F(PresencesTest, EndsBySecondOfficialAndSendsTheNotice) {
  const v1::Presence granted = Granted();
  const v1::Presence proposed = *End(EndOf(granted), "adjudicator-1");
  EXPECT_EQ(proposed.state(), v1::PRESENCE_STATE_END_PROPOSED);
  EXPECT_EQ(proposed.end_proposed_by().staff_id(), "adjudicator-1");
  EXPECT_TRUE(proposed.has_end_proposed_at());
  EXPECT_EQ(desk_.sent().size(), 2u);
  const absl::Status alone = End(EndOf(granted), "adjudicator-1").status();
  EXPECT_EQ(ReasonOf(alone), "SECOND_OFFICIAL_REQUIRED");
  EXPECT_THAT(alone.ToString(), HasSubstr("policy CP-2"));
  v1::EndPresenceRequest other = EndOf(granted);
  other.set_reason(v1::PRESENCE_END_REASON_OTHER_STATUS);
  EXPECT_EQ(ReasonOf(End(other, "supervisor-1").status()), "PROPOSAL_CHANGED");
  const v1::Presence ended = *End(EndOf(granted), "supervisor-1");
  EXPECT_EQ(ended.state(), v1::PRESENCE_STATE_ENDED);
  EXPECT_EQ(ended.expires_on().month(), 6);
  ASSERT_EQ(desk_.sent().size(), 3u);
  EXPECT_EQ(desk_.sent()[2].transition(), types::v1::TRANSITION_REQUEST);
  EXPECT_EQ(desk_.sent()[2].to_unit(), "doj/fbi");
  v1::PresenceEndedNotice notice;
  ASSERT_TRUE(desk_.sent()[2].body().UnpackTo(&notice));
  EXPECT_EQ(notice.presence_id(), granted.presence_id());
  EXPECT_EQ(notice.officials(1).staff_id(), "supervisor-1");
  EXPECT_EQ(ReasonOf(End(EndOf(granted), "supervisor-1").status()), "PRESENCE_ENDED");
}

TEST_F(PresencesTest, RefusesEndsThatCannotBe) {
  const v1::Presence granted = Granted();
  v1::EndPresenceRequest request = EndOf(granted);
  *request.mutable_ended_on() = Date(2003, 1, 10);
  const absl::Status refused = End(request, "adjudicator-1").status();
  EXPECT_EQ(ReasonOf(refused), "PRESENCE_END_OUTSIDE");
  EXPECT_THAT(refused.ToString(), HasSubstr("28 CFR 1100.35"));
  request = EndOf(granted);
  request.set_reason(v1::PRESENCE_END_REASON_EXPIRED);
  EXPECT_EQ(ReasonOf(End(request, "adjudicator-1").status()), "FIELD_INVALID");
  request.set_reason(v1::PRESENCE_END_REASON_OTHER);
  EXPECT_EQ(ReasonOf(End(request, "adjudicator-1").status()), "FIELD_INVALID");
  request.set_presence_id("cp-none");
  request.set_reason_text("because");
  EXPECT_EQ(ReasonOf(End(request, "adjudicator-1").status()), "PRESENCE_UNKNOWN");
}

TEST_F(PresencesTest, EndsByItselfAfterItsLastDay) {
  const v1::Presence granted = Granted();
  desk_.clock().Advance(absl::Hours(24 * 365));
  EXPECT_EQ(Presences()[0].state(), v1::PRESENCE_STATE_ACTIVE);
  desk_.clock().Advance(absl::Hours(24));
  EXPECT_EQ(Presences()[0].state(), v1::PRESENCE_STATE_ENDED);
  EXPECT_EQ(Presences()[0].end_reason(), v1::PRESENCE_END_REASON_EXPIRED);
  EXPECT_EQ(ReasonOf(Work(granted.presence_id(), Date(2003, 1, 9)).status()), "PRESENCE_ENDED");
}

TEST_F(PresencesTest, WorkIsAnActOfItsOwnWithinThePresence) {
  const v1::Presence granted = Granted();
  EXPECT_FALSE(granted.has_work_authorization());
  const absl::Status past = Work(granted.presence_id(), Date(2003, 1, 10)).status();
  EXPECT_EQ(ReasonOf(past), "WORK_AUTHORIZATION_OUTLASTS_PRESENCE");
  EXPECT_THAT(past.ToString(), HasSubstr("8 CFR 274a.12(c)"));
  EXPECT_EQ(ReasonOf(Work(granted.presence_id(), Date(2002, 7, 1),
                          v1::WORK_AUTHORIZATION_BASIS_DEFERRED_ACTION)
                         .status()),
            "WORK_BASIS_NOT_OPEN");
  EXPECT_EQ(ReasonOf(Work(granted.presence_id(), Date(2002, 7, 1),
                          v1::WORK_AUTHORIZATION_BASIS_UNSPECIFIED)
                         .status()),
            "FIELD_INVALID");
  const v1::Presence working = *Work(granted.presence_id(), Date(2003, 1, 9));
  EXPECT_EQ(working.work_authorization().issued_by().staff_id(), "adjudicator-1");
  v1::WorkAuthorizationNotice notice;
  ASSERT_TRUE(desk_.sent().back().body().UnpackTo(&notice));
  EXPECT_EQ(notice.presence_id(), granted.presence_id());
}

TEST_F(PresencesTest, WorkEndsWithThePresence) {
  const v1::Presence granted = Granted();
  ASSERT_TRUE(Work(granted.presence_id(), Date(2003, 1, 9)).ok());
  ASSERT_TRUE(End(EndOf(granted), "adjudicator-1").ok());
  const v1::Presence ended = *End(EndOf(granted), "supervisor-1");
  EXPECT_EQ(ended.work_authorization().expires_on().month(), 6);
  EXPECT_EQ(ReasonOf(Work(granted.presence_id(), Date(2002, 5, 1)).status()), "PRESENCE_ENDED");
}

TEST_F(PresencesTest, RenewalTakesThePlaceOfThePresence) {
  const v1::Presence first = Granted();
  const v1::Presence second =
      Granted(Request(Renewal(first.presence_id())), Until(Date(2003, 7, 1)));
  EXPECT_EQ(second.renews_presence_id(), first.presence_id());
  ASSERT_EQ(Presences(v1::PRESENCE_STATE_RENEWED).size(), 1u);
  EXPECT_EQ(Presences(v1::PRESENCE_STATE_ACTIVE)[0].presence_id(), second.presence_id());
  EXPECT_EQ(ReasonOf(End(EndOf(first), "adjudicator-1").status()), "PRESENCE_ENDED");
}

TEST_F(PresencesTest, RenewalExtendsOrIsRefused) {
  const v1::Presence first = Granted();
  const std::string id = TakenUp(Request(Renewal(first.presence_id())));
  const absl::Status refused = Propose(id, Grant()).status();
  EXPECT_EQ(ReasonOf(refused), "RENEWAL_EXTENDS_NOTHING");
  EXPECT_THAT(refused.ToString(), HasSubstr("28 CFR 1100.35"));
}

TEST_F(PresencesTest, RenewsOnlyARunningPresenceOfTheSamePerson) {
  EXPECT_EQ(ReasonOf(TakeUp(Bring(Request(Renewal("cp-none"))))), "RENEWAL_NEEDS_PRESENCE");
  const v1::Presence first = Granted();
  agency::CaseContent other = Request(Renewal(first.presence_id()));
  other.set_person("pv-2");
  EXPECT_EQ(ReasonOf(TakeUp(Bring(other))), "RENEWAL_NEEDS_PRESENCE");
  ASSERT_TRUE(End(EndOf(first), "adjudicator-1").ok());
  ASSERT_TRUE(End(EndOf(first), "supervisor-1").ok());
  EXPECT_EQ(ReasonOf(TakeUp(Bring(Request(Renewal(first.presence_id()))))),
            "RENEWAL_NEEDS_PRESENCE");
}

TEST_F(PresencesTest, APresenceIsRenewedOnce) {
  const v1::Presence first = Granted();
  const std::string late = TakenUp(Request(Renewal(first.presence_id())));
  const std::string proposal = Propose(late, Until(Date(2003, 7, 1)))->proposal().proposal_id();
  Granted(Request(Renewal(first.presence_id())), Until(Date(2003, 8, 1)));
  EXPECT_EQ(ReasonOf(Confirm(late, proposal).status()), "RENEWAL_NEEDS_PRESENCE");
}

TEST_F(PresencesTest, ListsThoseThatEndFirstFirst) {
  v1::Presence late = Granted(Request(Body()), Until(Date(2003, 1, 9)));
  v1::Presence soon = Granted(Request(Body()), Until(Date(2002, 3, 1)));
  const std::vector<v1::Presence> all = Presences();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].presence_id(), soon.presence_id());
  v1::ListPresencesRequest request;
  request.set_page_size(1);
  v1::ListPresencesResponse first;
  ASSERT_TRUE(desk_
                  .Read([&](agency::Tx& tx) {
                    return ListPresences(Officer("adjudicator-1"), request, tx, first);
                  })
                  .ok());
  request.set_page_token(first.next_page_token());
  v1::ListPresencesResponse second;
  ASSERT_TRUE(desk_
                  .Read([&](agency::Tx& tx) {
                    return ListPresences(Officer("adjudicator-1"), request, tx, second);
                  })
                  .ok());
  ASSERT_EQ(second.presences_size(), 1);
  EXPECT_EQ(second.presences(0).presence_id(), late.presence_id());
  EXPECT_EQ(second.next_page_token(), "");
}

TEST_F(PresencesTest, AnAuthorizationGoesWithThePresenceThatTheBusRefused) {
  const v1::Presence granted = Granted();
  const agency::CaseMessage lost = desk_.RefuseLast();
  ASSERT_TRUE(Work(granted.presence_id(), Date(2003, 1, 9)).ok());
  ASSERT_TRUE(desk_.Write([&](agency::Tx& tx) { return OnRefused(lost, tx); }).ok());
  EXPECT_TRUE(Presences().empty());
  EXPECT_TRUE(Get(granted.referral_id()).has_proposal());
}

TEST_F(PresencesTest, PetitionersAnswerToANoticeNeedsNoReading) {
  const v1::Presence granted = Granted();
  ASSERT_TRUE(Work(granted.presence_id(), Date(2003, 1, 9)).ok());
  const std::string notice = desk_.sent().back().referral_id();
  ASSERT_TRUE(DojSteps(notice, types::v1::TRANSITION_TAKE_UP).ok());
  ASSERT_TRUE(DojSteps(notice, types::v1::TRANSITION_ANSWER).ok());
  EXPECT_FALSE(desk_.Referral(notice).unread);
  ASSERT_TRUE(Work(granted.presence_id(), Date(2003, 1, 9)).ok());
  const std::string lost = desk_.sent().back().referral_id();
  ASSERT_TRUE(DojSteps(lost, types::v1::TRANSITION_RETURN).ok());
  EXPECT_TRUE(desk_.Referral(lost).unread);
}

}  // namespace
}  // namespace waystation::ins
