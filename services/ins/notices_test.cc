#include "services/ins/notices.h"

#include <memory>
#include <utility>

#include "common/casework/incoming.h"
#include "common/casework/referrals.h"
#include "common/procedures/hhs.h"
#include "gmock/gmock.h"
#include "services/ins/casework_fixture.h"
#include "waystation/audit/v1/compliance.pb.h"
#include "waystation/hhs/v1/notices.pb.h"

namespace waystation::ins {
namespace {

using hhs::v1::STATUS_EVENT_PRESENCE_ENDED;
using hhs::v1::STATUS_EVENT_PRESENCE_GRANTED;
using hhs::v1::StatusNotice;
using testing::HasSubstr;

// The same INS on a bus that HHS is on.
class NoticesTest : public CaseworkTest {
 protected:
  NoticesTest() : CaseworkTest(WithHhs()) {}

  static bus::v1::Directory WithHhs() {
    bus::v1::Directory directory = MakeDirectory();
    bus::v1::Identity& hhs = *directory.add_identities();
    hhs.set_identity(agency::FakeDesk::IdentityOf("hhs"));
    hhs.add_units()->set_name(std::string(procedures::kOrr));
    return directory;
  }

  static casework::Procedures Ours() {
    casework::Procedures::List list;
    list.push_back(MakeStatusNotices());
    return {"ins", std::move(list)};
  }

  // The notices that went to HHS, in order.
  std::vector<agency::CaseContent> ToHhs() const {
    std::vector<agency::CaseContent> notices;
    for (const agency::CaseContent& sent : desk_.sent()) {
      if (sent.body().Is<StatusNotice>()) notices.push_back(sent);
    }
    return notices;
  }

  static StatusNotice BodyOf(const agency::CaseContent& content) {
    StatusNotice notice;
    EXPECT_TRUE(content.body().UnpackTo(&notice));
    return notice;
  }
  StatusNotice LastToHhs() const { return BodyOf(ToHhs().back()); }

  void EndByTwo(const v1::Presence& presence, const v1::EndPresenceRequest& request) {
    ASSERT_TRUE(End(request, "adjudicator-1").ok());
    absl::StatusOr<v1::Presence> ended = End(request, "supervisor-1");
    ASSERT_TRUE(ended.ok()) << ended.status();
    ASSERT_EQ(ended->presence_id(), presence.presence_id());
  }

  bool IsDue() {
    bool due = false;
    EXPECT_TRUE(desk_
                    .Read([&](agency::Tx& tx) -> absl::Status {
                      WS_ASSIGN_OR_RETURN(due, IsHhsDue(tx));
                      return absl::OkStatus();
                    })
                    .ok());
    return due;
  }

  absl::Status SendByHand(const StatusNotice& notice, const std::string& person = "pv-1",
                          const agency::Officer& officer = Officer("adjudicator-1")) {
    casework::v1::OpenReferralRequest request;
    request.set_from_unit(officer.unit());
    request.set_to_unit(std::string(procedures::kOrr));
    request.set_person(person);
    request.mutable_body()->PackFrom(notice);
    request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
    request.mutable_basis()->set_citation("TVPA 107(b)(1)(E)(i)(II)");
    casework::v1::OpenReferralResponse out;
    // Not kept: what is asked is whether it would go out.
    absl::Status done = desk_.Write([&](agency::Tx& tx) -> absl::Status {
      WS_RETURN_IF_ERROR(casework::OpenReferral(Ours(), officer, request, tx, out));
      return absl::CancelledError("sent");
    });
    return absl::IsCancelled(done) ? absl::OkStatus() : done;
  }

  absl::Status HhsSteps(const agency::CaseContent& notice, types::v1::Transition transition) {
    agency::CaseContent step = notice;
    step.set_transition(transition);
    step.set_from_unit(notice.to_unit());
    step.set_to_unit(notice.from_unit());
    hhs::v1::StatusNoticeRecorded recorded;
    recorded.set_certification_case_id("cc-1");
    step.mutable_body()->PackFrom(recorded);
    return desk_.Deliver("hhs", step, [](const agency::CaseMessage& message, agency::Tx& tx) {
      return casework::OnCase(Ours(), message, tx);
    });
  }
};

using WithoutHhsTest = CaseworkTest;

TEST_F(NoticesTest, GrantTellsHhsUnderTheSecondOfficial) {
  v1::ContinuedPresencePetition body = Body();
  *body.mutable_age()->mutable_birth_date() = Date(1985, 5, 1);
  const v1::Presence granted = Granted(Request(body));
  ASSERT_EQ(ToHhs().size(), 1u);
  const agency::CaseContent sent = ToHhs()[0];
  EXPECT_EQ(sent.transition(), types::v1::TRANSITION_REQUEST);
  EXPECT_EQ(sent.from_unit(), "ins/vermont-service-center");
  EXPECT_EQ(sent.to_unit(), "hhs/orr");
  EXPECT_EQ(sent.person(), "pv-1");
  ASSERT_EQ(sent.officials_size(), 1);
  EXPECT_EQ(sent.officials(0).staff_id(), "supervisor-1");
  EXPECT_EQ(sent.disclosure_basis().kind(), referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
  EXPECT_THAT(sent.disclosure_basis().citation(), HasSubstr("TVPA 107(b)(1)(E)(i)(II)"));
  const StatusNotice notice = BodyOf(sent);
  EXPECT_EQ(notice.event(), STATUS_EVENT_PRESENCE_GRANTED);
  EXPECT_EQ(notice.reference(), granted.presence_id());
  EXPECT_EQ(notice.event_on().day(), 9);
  EXPECT_EQ(notice.expires_on().year(), 2003);
  EXPECT_EQ(notice.age().birth_date().year(), 1985);
}

TEST_F(NoticesTest, TheAuditorHearsWhenALetterIsDueAndWhenNoMore) {
  const v1::Presence granted = Granted();
  EndByTwo(granted, EndOf(granted));
  std::vector<audit::v1::CertificationStage> stages;
  for (const agency::MemoDraft& memo : desk_.memos()) {
    audit::v1::ComplianceEvent event;
    ASSERT_TRUE(event.ParseFromString(memo.body));
    ASSERT_TRUE(event.has_certification());
    EXPECT_EQ(event.certification().reference(), granted.presence_id());
    EXPECT_EQ(event.certification().referral_id().size(), 16u);
    stages.push_back(event.certification().stage());
  }
  EXPECT_THAT(stages, testing::ElementsAre(audit::v1::CERTIFICATION_STAGE_NOTICE_GIVEN,
                                           audit::v1::CERTIFICATION_STAGE_BASIS_ENDED));
}

TEST_F(NoticesTest, TellsNothingBeforeTheSecondOfficialOrOfADenial) {
  const std::string id = TakenUp();
  v1::DecisionTerms denial;
  denial.set_outcome(v1::DECISION_OUTCOME_DENIED);
  denial.set_reasons("8 CFR 212.5");
  ASSERT_TRUE(Propose(id, Grant()).ok());
  const std::string proposal = Propose(id, denial)->proposal().proposal_id();
  ASSERT_TRUE(Confirm(id, proposal).ok());
  EXPECT_TRUE(ToHhs().empty());
}

TEST_F(WithoutHhsTest, DecidesAndEndsAsEverWhereHhsIsNotOnTheBus) {
  const v1::Presence granted = Granted();
  EXPECT_EQ(desk_.sent().size(), 2u);  // Take-up and answer.
  ASSERT_TRUE(End(EndOf(granted), "adjudicator-1").ok());
  ASSERT_TRUE(End(EndOf(granted), "supervisor-1").ok());
  EXPECT_EQ(desk_.sent().size(), 3u);  // The petitioner's notice.
  ASSERT_TRUE(desk_.Write(TellWhatIsDue).ok());
  EXPECT_EQ(desk_.sent().size(), 3u);
}

TEST_F(NoticesTest, AFuturePresenceIsTakenNoteOfFromItsFirstDay) {
  v1::DecisionTerms terms = Grant();
  *terms.mutable_effective_date() = Date(2002, 2, 1);
  Granted(Request(Body()), terms);
  EXPECT_EQ(LastToHhs().event_on().month(), 2);
}

TEST_F(NoticesTest, RenewalTellsTheNewLastDayOfTheSamePresence) {
  const v1::Presence first = Granted();
  desk_.clock().Advance(absl::Hours(24 * 30));
  Granted(Request(Renewal(first.presence_id())), Until(Date(2003, 7, 1)));
  ASSERT_EQ(ToHhs().size(), 2u);
  const StatusNotice notice = LastToHhs();
  EXPECT_EQ(notice.event(), STATUS_EVENT_PRESENCE_GRANTED);
  EXPECT_EQ(notice.reference(), first.presence_id());
  EXPECT_EQ(notice.event_on().month(), 2);
  EXPECT_EQ(notice.expires_on().month(), 7);
}

TEST_F(NoticesTest, EndOfARenewalEndsThePresenceThatHhsKnows) {
  const v1::Presence first = Granted();
  const v1::Presence second =
      Granted(Request(Renewal(first.presence_id())), Until(Date(2003, 7, 1)));
  EndByTwo(second, EndOf(second));
  EXPECT_EQ(LastToHhs().event(), STATUS_EVENT_PRESENCE_ENDED);
  EXPECT_EQ(LastToHhs().reference(), first.presence_id());
}

TEST_F(NoticesTest, ARenewalAfterAGapIsAPresenceOfItsOwn) {
  const v1::Presence first = Granted(Request(Body()), Until(Date(2002, 3, 1)));
  v1::DecisionTerms late = Until(Date(2003, 7, 1));
  *late.mutable_effective_date() = Date(2002, 3, 10);
  const v1::Presence second = Granted(Request(Renewal(first.presence_id())), late);
  EXPECT_EQ(LastToHhs().reference(), second.presence_id());
  desk_.clock().Advance(absl::Hours(24 * 55));  // 5 March.
  ASSERT_TRUE(desk_.Write(TellWhatIsDue).ok());
  ASSERT_EQ(ToHhs().size(), 3u);
  EXPECT_EQ(LastToHhs().event(), STATUS_EVENT_PRESENCE_ENDED);
  EXPECT_EQ(LastToHhs().reference(), first.presence_id());
}

TEST_F(NoticesTest, AnEndThatLeavesAGapTellsOfBoth) {
  const v1::Presence first = Granted(Request(Body()), Until(Date(2002, 3, 1)));
  v1::DecisionTerms next = Until(Date(2003, 7, 1));
  *next.mutable_effective_date() = Date(2002, 3, 2);
  const v1::Presence second = Granted(Request(Renewal(first.presence_id())), next);
  v1::EndPresenceRequest early = EndOf(first);
  *early.mutable_ended_on() = Date(2002, 2, 1);
  EndByTwo(first, early);
  ASSERT_EQ(ToHhs().size(), 4u);
  EXPECT_EQ(BodyOf(ToHhs()[2]).event(), STATUS_EVENT_PRESENCE_ENDED);
  EXPECT_EQ(BodyOf(ToHhs()[2]).reference(), first.presence_id());
  EXPECT_EQ(BodyOf(ToHhs()[3]).event(), STATUS_EVENT_PRESENCE_GRANTED);
  EXPECT_EQ(BodyOf(ToHhs()[3]).reference(), second.presence_id());
}

TEST_F(NoticesTest, EndTellsHhsUnderTheSecondOfficial) {
  const v1::Presence granted = Granted();
  ASSERT_TRUE(End(EndOf(granted), "adjudicator-1").ok());
  EXPECT_EQ(ToHhs().size(), 1u);
  ASSERT_TRUE(End(EndOf(granted), "supervisor-1").ok());
  ASSERT_EQ(ToHhs().size(), 2u);
  EXPECT_EQ(ToHhs()[1].officials(0).staff_id(), "supervisor-1");
  EXPECT_EQ(LastToHhs().event(), STATUS_EVENT_PRESENCE_ENDED);
  EXPECT_EQ(LastToHhs().event_on().month(), 6);
  EXPECT_EQ(LastToHhs().event_on().day(), 2);  // The first day without it.
  EXPECT_FALSE(LastToHhs().has_expires_on());
}

TEST_F(NoticesTest, TellsOnceThatTheLastDayHasPassed) {
  const v1::Presence granted = Granted();
  desk_.clock().Advance(absl::Hours(24 * 365));  // The last day.
  EXPECT_FALSE(IsDue());
  desk_.clock().Advance(absl::Hours(24));
  EXPECT_TRUE(IsDue());
  ASSERT_TRUE(desk_.Write(TellWhatIsDue).ok());
  ASSERT_EQ(ToHhs().size(), 2u);
  EXPECT_EQ(LastToHhs().event(), STATUS_EVENT_PRESENCE_ENDED);
  EXPECT_EQ(LastToHhs().reference(), granted.presence_id());
  EXPECT_EQ(LastToHhs().event_on().day(), 10);
  EXPECT_EQ(ToHhs()[1].officials(0).staff_id(), "automatic");
  EXPECT_FALSE(IsDue());
  ASSERT_TRUE(desk_.Write(TellWhatIsDue).ok());
  EXPECT_EQ(ToHhs().size(), 2u);
}

TEST_F(NoticesTest, WhatWasRenewedOrEndedDoesNotRunOut) {
  const v1::Presence first = Granted();
  const v1::Presence second =
      Granted(Request(Renewal(first.presence_id())), Until(Date(2003, 7, 1)));
  desk_.clock().Advance(absl::Hours(24 * 366));
  EXPECT_FALSE(IsDue());
  v1::EndPresenceRequest request = EndOf(second);
  *request.mutable_ended_on() = Date(2003, 1, 10);
  EndByTwo(second, request);
  desk_.clock().Advance(absl::Hours(24 * 366));
  EXPECT_FALSE(IsDue());
}

TEST_F(NoticesTest, AnswerThatTheBusRefusesIsCorrectedAtHhs) {
  const v1::Presence undone = Granted();
  const std::string notice = ToHhs()[0].referral_id();
  LoseLast();
  EXPECT_TRUE(Presences().empty());
  EXPECT_EQ(desk_.Referral(notice).state, types::v1::REFERRAL_STATE_ENTERED_IN_ERROR);
  ASSERT_EQ(ToHhs().size(), 2u);
  EXPECT_EQ(LastToHhs().event(), STATUS_EVENT_PRESENCE_ENDED);
  EXPECT_EQ(LastToHhs().reference(), undone.presence_id());
  EXPECT_EQ(LastToHhs().event_on().day(), 9);
  EXPECT_EQ(ToHhs()[1].officials(0).staff_id(), "automatic");
  const agency::CaseContent& withdrawn = desk_.sent()[desk_.sent().size() - 2];
  EXPECT_EQ(withdrawn.transition(), types::v1::TRANSITION_ENTERED_IN_ERROR);
  EXPECT_THAT(withdrawn.reason_text(), HasSubstr("the bus refused the decision"));
  EXPECT_FALSE(IsDue());
}

TEST_F(NoticesTest, RenewalThatTheBusRefusesLeavesThePresenceAsItWas) {
  const v1::Presence first = Granted();
  Granted(Request(Renewal(first.presence_id())), Until(Date(2003, 7, 1)));
  LoseLast();
  ASSERT_EQ(ToHhs().size(), 3u);
  EXPECT_EQ(LastToHhs().event(), STATUS_EVENT_PRESENCE_GRANTED);
  EXPECT_EQ(LastToHhs().reference(), first.presence_id());
  EXPECT_EQ(LastToHhs().expires_on().month(), 1);
  desk_.clock().Advance(absl::Hours(24 * 366));
  EXPECT_TRUE(IsDue());
}

TEST_F(NoticesTest, ACorrectionThatCouldNotBeSentStaysDue) {
  const v1::Presence granted = Granted();
  ASSERT_TRUE(desk_
                  .Write([&](agency::Tx& tx) -> absl::Status {
                    Register reg(tx.db());
                    WS_ASSIGN_OR_RETURN(auto told, reg.FindTold(granted.presence_id()));
                    told->last_day = absl::CivilDay(1970, 1, 1);
                    return reg.SaveTold(*told);
                  })
                  .ok());
  EXPECT_TRUE(IsDue());
  ASSERT_TRUE(desk_.Write(TellWhatIsDue).ok());
  EXPECT_EQ(LastToHhs().event(), STATUS_EVENT_PRESENCE_GRANTED);
  EXPECT_FALSE(IsDue());
}

TEST_F(NoticesTest, AnOfficerSendsByHandWhatTheRegisterSaysAndNothingElse) {
  const v1::Presence granted = Granted();
  const StatusNotice notice = LastToHhs();
  EXPECT_TRUE(SendByHand(notice).ok()) << SendByHand(notice);
  StatusNotice other = notice;
  *other.mutable_expires_on() = Date(2004, 1, 9);
  EXPECT_EQ(ReasonOf(SendByHand(other)), "FIELD_INVALID");
  other = notice;
  other.set_event(STATUS_EVENT_PRESENCE_ENDED);
  EXPECT_EQ(ReasonOf(SendByHand(other)), "FIELD_INVALID");
  other.set_event(hhs::v1::STATUS_EVENT_T_APPLICATION_BONA_FIDE);
  EXPECT_EQ(ReasonOf(SendByHand(other)), "FIELD_INVALID");
  other = notice;
  other.set_reference("cp-none");
  EXPECT_EQ(ReasonOf(SendByHand(other)), "PRESENCE_UNKNOWN");
  EXPECT_EQ(ReasonOf(SendByHand(notice, "pv-2")), "FIELD_INVALID");
  const absl::Status denied = SendByHand(notice, "pv-1", Officer("agent-1", "ins/investigations"));
  EXPECT_EQ(ReasonOf(denied), "UNIT_DENIED");
  EXPECT_THAT(denied.ToString(), HasSubstr("policy CP-4"));
}

TEST_F(NoticesTest, TakesNoNoticeItself) {
  StatusNotice notice;
  notice.set_event(STATUS_EVENT_PRESENCE_ENDED);
  std::string id;
  ASSERT_TRUE(desk_
                  .Deliver("doj", Request(notice),
                           [&](const agency::CaseMessage& message, agency::Tx& tx) {
                             id = message.content.referral_id();
                             return casework::OnCase(Ours(), message, tx);
                           })
                  .ok());
  EXPECT_EQ(desk_.Referral(id).state, types::v1::REFERRAL_STATE_RETURNED);
  EXPECT_EQ(desk_.sent().back().return_detail().reason(), types::v1::RETURN_REASON_NOT_OURS);
}

TEST_F(NoticesTest, ThatHhsRecordedItNeedsNoReading) {
  Granted();
  const agency::CaseContent notice = ToHhs()[0];
  ASSERT_TRUE(HhsSteps(notice, types::v1::TRANSITION_TAKE_UP).ok());
  ASSERT_TRUE(HhsSteps(notice, types::v1::TRANSITION_ANSWER).ok());
  EXPECT_FALSE(desk_.Referral(notice.referral_id()).unread);
}

TEST_F(NoticesTest, ANoticeThatComesBackIsRead) {
  Granted();
  const agency::CaseContent notice = ToHhs()[0];
  ASSERT_TRUE(HhsSteps(notice, types::v1::TRANSITION_RETURN).ok());
  EXPECT_TRUE(desk_.Referral(notice.referral_id()).unread);
}

}  // namespace
}  // namespace waystation::ins
