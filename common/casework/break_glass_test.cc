#include "common/casework/break_glass.h"

#include <string>

#include "common/casework/casework_fixture.h"
#include "common/casework/history.h"
#include "gmock/gmock.h"
#include "waystation/referral/v1/break_glass.pb.h"

namespace waystation::casework {
namespace {

using referral::v1::BreakGlassNotice;
using testing::HasSubstr;

constexpr char kEta[] = "dol/eta";
constexpr char kLine[] = "dol/complaint-line";
constexpr char kInspector[] = "dol/inspector-general";

// HHS asked DOL for services.
class BreakGlassTest : public CaseworkTest {
 protected:
  BreakGlassTest() {
    consent_id_ = Consent(hhs_, ConsentRequest(hhs_))->consent_id();
    dol::v1::ServicesReferral body = Services();
    body.set_needs("evenings only");
    id_ = Ask(hhs_, Request(kEta, consent_id_, body))->referral_id();
    Carry();
  }

  static v1::BreakGlassRequest Glass(const std::string& id, absl::Duration time) {
    v1::BreakGlassRequest request;
    request.set_referral_id(id);
    request.set_reason("caller in danger");
    request.mutable_duration()->set_seconds(absl::ToInt64Seconds(time));
    return request;
  }

  absl::StatusOr<v1::Referral> Break(Office& office, const v1::BreakGlassRequest& request,
                                     const std::string& unit) {
    auto done = Call<v1::BreakGlassResponse>(office, [&](agency::Tx& tx, auto& out) {
      return BreakGlass(office.procedures, Officer("reader", unit), request, tx, out);
    });
    WS_RETURN_IF_ERROR(done.status());
    return done->referral();
  }
  absl::StatusOr<v1::Referral> Break(absl::Duration time = absl::Minutes(30)) {
    return Break(dol_, Glass(id_, time), kLine);
  }

  // Nobody was told, nothing is on the books, nothing is shown.
  void ExpectNothing(Office& office, const std::string& unit) {
    EXPECT_EQ(office.desk.sent().size(), office.carried);
    EXPECT_EQ(office.desk.Referral(id_).notice, "");
    EXPECT_EQ(Get(office, id_, kEta)->broken_glass_size(), 0);
    EXPECT_FALSE(Get(office, id_, unit)->has_request());
  }

  Office& hhs_ = Open("hhs", ListOf(Plain(procedures::OneStopServices())));
  Office& dol_ = Open("dol", ListOf(Plain(procedures::OneStopServices())));
  std::string consent_id_;
  std::string id_;
};

TEST_F(BreakGlassTest, OpensContentAtOnceUntilTheTimeHasPassed) {
  EXPECT_FALSE(Get(dol_, id_, kLine)->has_request());
  const v1::Referral opened = *Break(absl::Minutes(30));
  EXPECT_TRUE(opened.has_request());
  EXPECT_EQ(opened.withheld_because(), "");
  dol_.desk.clock().Advance(absl::Minutes(30) - absl::Microseconds(1));
  EXPECT_TRUE(Get(dol_, id_, kLine)->has_request());
  dol_.desk.clock().Advance(absl::Microseconds(1));
  const v1::Referral closed = *Get(dol_, id_, kLine);
  EXPECT_FALSE(closed.has_request());
  EXPECT_FALSE(closed.has_basis());
  EXPECT_EQ(closed.broken_glass_size(), 0);
}

TEST_F(BreakGlassTest, OpensItToTheOfficerAloneAndPermitsNoStep) {
  ASSERT_TRUE(Break().ok());
  v1::GetReferralRequest request;
  request.set_referral_id(id_);
  auto other = Call<v1::GetReferralResponse>(dol_, [&](agency::Tx& tx, auto& out) {
    return GetReferral(dol_.procedures, Officer("colleague", kLine), request, tx, out);
  });
  EXPECT_FALSE(other->referral().has_request());
  EXPECT_EQ(ReasonOf(Step(dol_, id_, types::v1::TRANSITION_TAKE_UP, kLine).status()),
            "UNIT_NOT_OWN");
}

TEST_F(BreakGlassTest, TakesOneSecondToOneHour) {
  EXPECT_EQ(ReasonOf(Break(absl::ZeroDuration()).status()), "GLASS_TIME_OUTSIDE");
  const absl::Status refused = Break(absl::Hours(1) + absl::Seconds(1)).status();
  EXPECT_EQ(ReasonOf(refused), "GLASS_TIME_OUTSIDE");
  EXPECT_THAT(refused.ToString(), HasSubstr("POLICY-BG-1"));
  v1::BreakGlassRequest longer = Glass(id_, absl::Hours(1));
  longer.mutable_duration()->set_nanos(1);
  EXPECT_EQ(ReasonOf(Break(dol_, longer, kLine).status()), "GLASS_TIME_OUTSIDE");
  ExpectNothing(dol_, kLine);
  EXPECT_TRUE(Break(absl::Hours(1)).ok());
}

TEST_F(BreakGlassTest, TakesAReason) {
  v1::BreakGlassRequest request = Glass(id_, absl::Minutes(1));
  for (const std::string& reason : {std::string(), std::string(4'001, 'x')}) {
    request.set_reason(reason);
    EXPECT_EQ(ReasonOf(Break(dol_, request, kLine).status()), "FIELD_INVALID") << reason.size();
  }
  request.set_reason("name: somebody");
  EXPECT_EQ(ReasonOf(Break(dol_, request, kLine).status()), "NAME_NOT_ALLOWED");
  ExpectNothing(dol_, kLine);
  request.set_reason(std::string(4'000, 'x'));
  EXPECT_TRUE(Break(dol_, request, kLine).ok());
}

TEST_F(BreakGlassTest, IsRefusedWhileItIsOpenAndPossibleAgainAfterwards) {
  ASSERT_TRUE(Break().ok());
  EXPECT_EQ(ReasonOf(Break().status()), "GLASS_BROKEN");
  dol_.desk.clock().Advance(absl::Minutes(30));
  ASSERT_TRUE(Break().ok());
  EXPECT_EQ(Get(dol_, id_, kEta)->broken_glass_size(), 2);
}

TEST_F(BreakGlassTest, IsRefusedWhereItIsNotNeededOrThereIsNothing) {
  EXPECT_EQ(ReasonOf(Break(dol_, Glass(id_, absl::Minutes(1)), kEta).status()), "GLASS_NOT_NEEDED");
  const absl::Status unknown =
      Break(dol_, Glass(std::string(16, 'x'), absl::Minutes(1)), kLine).status();
  EXPECT_TRUE(absl::IsNotFound(unknown));
  EXPECT_EQ(ReasonOf(unknown), "REFERRAL_UNKNOWN");
  EXPECT_EQ(ReasonOf(Break(dol_, Glass("short", absl::Minutes(1)), kLine).status()),
            "FIELD_INVALID");
}

TEST_F(BreakGlassTest, LawEnforcementAndUnlistedUnitsAreDeniedServiceContent) {
  for (const char* unit : {kInspector, "dol/not-listed"}) {
    const absl::Status refused = Break(dol_, Glass(id_, absl::Minutes(1)), unit).status();
    EXPECT_EQ(ReasonOf(refused), "SERVICE_CONTENT_CLOSED") << unit;
    EXPECT_THAT(refused.ToString(), HasSubstr("POLICY-IR-2")) << unit;
    ExpectNothing(dol_, unit);
  }
}

TEST_F(BreakGlassTest, TellsTheOtherAgencyInTheSameTransaction) {
  ASSERT_TRUE(Break().ok());
  ASSERT_EQ(dol_.desk.sent().size(), dol_.carried + 1);
  const agency::CaseContent sent = dol_.desk.sent().back();
  EXPECT_EQ(sent.transition(), types::v1::TRANSITION_REQUEST);
  EXPECT_EQ(sent.to_unit(), "hhs/orr");
  EXPECT_NE(sent.referral_id(), id_);
  BreakGlassNotice notice;
  ASSERT_TRUE(sent.body().UnpackTo(&notice));
  EXPECT_EQ(notice.referral_id(), id_);
  EXPECT_EQ(notice.glass().reason(), "caller in danger");
  EXPECT_EQ(notice.glass().officer().staff_id(), "reader");
}

TEST_F(BreakGlassTest, WhatCannotBeKeptOpensNothing) {
  auto lost = Call<v1::BreakGlassResponse>(dol_, [&](agency::Tx& tx, auto& out) -> absl::Status {
    WS_RETURN_IF_ERROR(BreakGlass(dol_.procedures, Officer("reader", kLine),
                                  Glass(id_, absl::Minutes(1)), tx, out));
    return absl::ResourceExhaustedError("the disk is full");
  });
  EXPECT_TRUE(absl::IsResourceExhausted(lost.status()));
  ExpectNothing(dol_, kLine);
}

TEST_F(BreakGlassTest, BothOwnersFindItInTheirInboxUntilTheyHaveReadIt) {
  ASSERT_TRUE(Break().ok());
  Carry();
  for (Office* office : {&dol_, &hhs_}) {
    const std::string owner = office == &dol_ ? kEta : "hhs/orr";
    EXPECT_THAT(office->desk.Referral(id_).notice, HasSubstr("glass broken by reader"));
    const v1::Referral shown = *Get(*office, id_, owner);
    ASSERT_EQ(shown.broken_glass_size(), 1);
    EXPECT_EQ(shown.broken_glass(0).agency(), "dol");
    EXPECT_EQ(shown.broken_glass(0).glass().reason(), "caller in danger");
    EXPECT_TRUE(office->desk
                    .Write([&](agency::Tx& tx) -> absl::Status {
                      EXPECT_FALSE(IsFirstReading(Officer("reader", kLine), shown, tx));
                      EXPECT_TRUE(IsFirstReading(Officer("owner", owner), shown, tx));
                      return TakeAsRead(id_, tx);
                    })
                    .ok());
    EXPECT_EQ(office->desk.Referral(id_).notice, "");
  }
  // The notice is answered by rule, and nobody need read that.
  const std::string notice = Get(dol_, id_, kEta)->broken_glass(0).notice_referral_id();
  EXPECT_EQ(dol_.desk.Referral(notice).state, types::v1::REFERRAL_STATE_ANSWERED);
  EXPECT_FALSE(dol_.desk.Referral(notice).unread);
}

TEST_F(BreakGlassTest, AStepDoesNotTakeTheNoticeAway) {
  ASSERT_TRUE(Break().ok());
  ASSERT_TRUE(Step(dol_, id_, types::v1::TRANSITION_TAKE_UP, kEta).ok());
  EXPECT_NE(dol_.desk.Referral(id_).notice, "");
}

TEST_F(BreakGlassTest, NoticeOfAnAgencyThatIsNoPartyComesBackAndChangesNothing) {
  ASSERT_TRUE(Break().ok());
  agency::CaseContent forged = dol_.desk.sent().back();
  forged.clear_referral_id();
  ASSERT_TRUE(Bring("usaid", hhs_, forged).ok());
  EXPECT_EQ(hhs_.desk.sent().back().transition(), types::v1::TRANSITION_RETURN);
  EXPECT_EQ(hhs_.desk.sent().back().return_detail().citation(), "POLICY-BG-2");
  EXPECT_EQ(Get(hhs_, id_, "hhs/orr")->broken_glass_size(), 0);
  EXPECT_EQ(hhs_.desk.Referral(id_).notice, "");
}

TEST_F(BreakGlassTest, NoticeBeforeItsReferralComesAgain) {
  ASSERT_TRUE(Break().ok());
  agency::CaseContent early = dol_.desk.sent().back();
  early.clear_referral_id();
  BreakGlassNotice notice;
  ASSERT_TRUE(early.body().UnpackTo(&notice));
  notice.set_referral_id(std::string(16, 'n'));
  early.mutable_body()->PackFrom(notice);
  EXPECT_TRUE(absl::IsUnavailable(Bring("dol", hhs_, early)));
}

TEST_F(BreakGlassTest, OfficersCannotSendANoticeByHand) {
  BreakGlassNotice notice;
  notice.set_referral_id(id_);
  v1::OpenReferralRequest request = Request("dol/eta", consent_id_, notice);
  EXPECT_EQ(ReasonOf(Ask(hhs_, request).status()), "PROCEDURE_UNKNOWN");
}

TEST_F(BreakGlassTest, HistoryTellsItToWhomSeesTheContentAlone) {
  ASSERT_TRUE(Break().ok());
  auto glasses = [&](const std::string& staff, const std::string& unit) {
    v1::GetHistoryResponse response;
    EXPECT_TRUE(dol_.desk
                    .Read([&](agency::Tx& tx) -> absl::Status {
                      WS_ASSIGN_OR_RETURN(auto stored, CaseTable(tx.db()).Get(id_));
                      return FillHistory(dol_.procedures, Officer(staff, unit), stored, tx,
                                         response);
                    })
                    .ok());
    return response.broken_glass_size();
  };
  EXPECT_EQ(glasses("owner", kEta), 1);
  EXPECT_EQ(glasses("colleague", kLine), 0);
}

}  // namespace
}  // namespace waystation::casework
