#include "services/dol/referring.h"

#include "common/agency/fields.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/dol/line_fixture.h"
#include "waystation/doj/v1/complaint.pb.h"
#include "waystation/hhs/v1/notices.pb.h"

namespace waystation::dol {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ReferringTest : public LineTest {
 protected:
  doj::v1::ComplaintReferral LastComplaint() {
    doj::v1::ComplaintReferral body;
    EXPECT_TRUE(desk_.sent().back().body().UnpackTo(&body));
    return body;
  }

  v1::Call Answered(const v1::Call& call, doj::v1::ComplaintOutcomeKind kind) {
    const std::string& id = call.referrals(0).referral_id();
    doj::v1::ComplaintOutcome outcome;
    outcome.set_kind(kind);
    outcome.set_unit("doj/fbi");
    outcome.set_advice("a legal aid office may help");
    EXPECT_TRUE(Bring("doj", id, types::v1::TRANSITION_TAKE_UP).ok());
    EXPECT_TRUE(Bring("doj", id, types::v1::TRANSITION_ANSWER, &outcome).ok());
    return *Get(call.call_id());
  }
};

TEST_F(ReferringTest, PassesACallOnUnderConsentWithItsPlan) {
  v1::RecordCallRequest request = Adult();
  *request.mutable_safe_contact() = Plan();
  const v1::Call call = Record(request);
  absl::StatusOr<v1::Call> referred = Refer(call.call_id(), By(Investigation(call)));
  ASSERT_TRUE(referred.ok()) << referred.status();
  ASSERT_THAT(desk_.sent(), SizeIs(1));
  const agency::CaseContent& sent = desk_.sent().front();
  EXPECT_EQ(sent.from_unit(), kComplaintLine);
  EXPECT_EQ(sent.to_unit(), "doj/worker-exploitation");
  EXPECT_EQ(sent.person(), call.person());
  EXPECT_EQ(sent.due_basis(), "POLICY-CL-2 (2001-10-01)");
  EXPECT_EQ(LastComplaint().safe_contact().hours(), Plan().hours());
  EXPECT_EQ(LastComplaint().call_id(), call.call_id());
  EXPECT_EQ(referred->standing().next_move_unit(), "doj/worker-exploitation");
}

TEST_F(ReferringTest, PassesNoHalfPlanOn) {
  v1::RecordCallRequest request = Adult();
  *request.mutable_safe_contact() = Plan();
  request.mutable_safe_contact()->clear_way();
  const v1::Call call = Record(request);
  ASSERT_TRUE(Refer(call.call_id(), By(Investigation(call))).ok());
  EXPECT_FALSE(LastComplaint().has_safe_contact());
}

TEST_F(ReferringTest, RefusesAConsentThatDoesNotCover) {
  const v1::Call call = Record();
  const v1::Call other = Record();
  const std::string services =
      Consent(call.person(), referral::v1::CONSENT_PURPOSE_SERVICES, "doj");
  const std::string elsewhere =
      Consent(call.person(), referral::v1::CONSENT_PURPOSE_INVESTIGATION, "hhs");
  for (const std::string& consent : {services, elsewhere, Investigation(other)}) {
    EXPECT_EQ(ReasonOf(Refer(call.call_id(), By(consent)).status()), "CONSENT_NOT_COVERING");
  }
  EXPECT_EQ(ReasonOf(Refer(call.call_id(), By("cs-none")).status()), "CONSENT_UNKNOWN");
  EXPECT_THAT(desk_.sent(), IsEmpty());
  EXPECT_THAT(Get(call.call_id())->referrals(), IsEmpty());
}

TEST_F(ReferringTest, RefusesAConsentThatWasWithdrawn) {
  const v1::Call call = Record();
  const std::string consent = Investigation(call);
  ASSERT_TRUE(Withdraw(consent).ok());
  EXPECT_EQ(ReasonOf(Refer(call.call_id(), By(consent)).status()), "CONSENT_ENDED");
  EXPECT_THAT(desk_.sent(), IsEmpty());
}

TEST_F(ReferringTest, RefusesAnyOtherGround) {
  const v1::Call call = Record(InDanger());
  referral::v1::DisclosureBasis duty;
  duty.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
  duty.set_citation("28 CFR 1100.29");
  EXPECT_EQ(ReasonOf(Refer(call.call_id(), duty).status()), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(Refer(call.call_id(), {}).status()), "FIELD_INVALID");
}

TEST_F(ReferringTest, DangerNowNeedsNoConsentAndAnAnswerInTwoHours) {
  const v1::Call call = Record(InDanger());
  absl::StatusOr<v1::Call> referred = Refer(call.call_id(), Emergency());
  ASSERT_TRUE(referred.ok()) << referred.status();
  const std::string& id = referred->referrals(0).referral_id();
  EXPECT_EQ(desk_.Referral(id).due_time, desk_.clock().Now() + absl::Hours(2));
  EXPECT_TRUE(LastComplaint().danger_now());
  const auto& basis = desk_.sent().back().disclosure_basis();
  EXPECT_EQ(basis.kind(), referral::v1::DISCLOSURE_BASIS_KIND_EMERGENCY);
  EXPECT_EQ(agency::FromProtoTime(basis.valid_until()), desk_.clock().Now() + absl::Hours(24));
}

TEST_F(ReferringTest, NoEmergencyWithoutDangerOnTheRecord) {
  const v1::Call call = Record();
  const absl::Status refused = Refer(call.call_id(), Emergency()).status();
  EXPECT_EQ(ReasonOf(refused), "EMERGENCY_NOT_RECORDED");
  EXPECT_THAT(std::string(Std(refused.message())), HasSubstr("POLICY-CL-4"));
  EXPECT_THAT(desk_.sent(), IsEmpty());
}

TEST_F(ReferringTest, ChecksTheWordsOfAnEmergency) {
  const v1::Call call = Record(InDanger());
  referral::v1::DisclosureBasis basis = Emergency();
  basis.set_circumstances("at 202 555 0142");
  EXPECT_EQ(ReasonOf(Refer(call.call_id(), basis).status()), "CALLER_ID_NOT_ALLOWED");
  basis.clear_circumstances();
  EXPECT_EQ(ReasonOf(Refer(call.call_id(), basis).status()), "FIELD_INVALID");
}

TEST_F(ReferringTest, RefersACallOnceNamingTheReferral) {
  const v1::Call call = Referred();
  const absl::Status refused = Refer(call.call_id(), By(Investigation(call))).status();
  EXPECT_EQ(ReasonOf(refused), "CALL_ALREADY_REFERRED");
  EXPECT_THAT(std::string(Std(refused.message())),
              HasSubstr(absl::BytesToHexString(call.referrals(0).referral_id())));
  Answered(call, doj::v1::COMPLAINT_OUTCOME_KIND_NO_FEDERAL_MATTER);
  EXPECT_EQ(ReasonOf(Refer(call.call_id(), By(Investigation(call))).status()),
            "CALL_ALREADY_REFERRED");
  EXPECT_THAT(desk_.sent(), SizeIs(1));
}

TEST_F(ReferringTest, RefersAReturnedCallAgain) {
  const v1::Call call = Referred();
  ASSERT_TRUE(Bring("doj", call.referrals(0).referral_id(), types::v1::TRANSITION_RETURN).ok());
  MarkRead(call.referrals(0).referral_id());
  const v1::Call back = *Get(call.call_id());
  EXPECT_EQ(back.standing().next_move_unit(), kComplaintLine);
  EXPECT_THAT(back.standing().next_move(), HasSubstr("refer again"));
  absl::StatusOr<v1::Call> again = Refer(call.call_id(), By(Investigation(call)));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(again->referrals(), SizeIs(2));
  EXPECT_EQ(again->standing().next_move_unit(), "doj/worker-exploitation");
}

TEST_F(ReferringTest, NoComplaintLeavesButByItsRecord) {
  const v1::Call call = Record();
  casework::v1::OpenReferralRequest request;
  request.set_from_unit(std::string(kComplaintLine));
  request.set_to_unit("doj/worker-exploitation");
  request.set_person(call.person());
  doj::v1::ComplaintReferral body;
  body.set_call_id(call.call_id());
  body.set_circumstances("told otherwise");
  request.mutable_body()->PackFrom(body);
  *request.mutable_basis() = By(Investigation(call));
  casework::v1::OpenReferralResponse out;
  const absl::Status refused = desk_.Write([&](agency::Tx& tx) {
    return casework::OpenReferral(procedures_, Officer(), request, tx, out);
  });
  EXPECT_EQ(ReasonOf(refused), "CALL_RECORD_NEEDED");
  EXPECT_THAT(desk_.sent(), IsEmpty());
}

TEST_F(ReferringTest, FilesTheOutcomeOnTheCall) {
  const v1::Call call = Referred();
  const v1::Call unread = Answered(call, doj::v1::COMPLAINT_OUTCOME_KIND_INTAKE_OPENED);
  EXPECT_EQ(unread.referrals(0).complaint_outcome().unit(), "doj/fbi");
  EXPECT_THAT(unread.standing().next_move(), HasSubstr("read how it ended"));
  EXPECT_TRUE(unread.open());
  MarkRead(call.referrals(0).referral_id());
  const v1::Call settled = *Get(call.call_id());
  EXPECT_EQ(settled.standing().next_move_unit(), "doj/fbi");
  EXPECT_EQ(settled.standing().next_move_agency(), "doj");
  EXPECT_FALSE(settled.open());
}

TEST_F(ReferringTest, AnUnhelpfulEndOpensAClosedCallAgain) {
  const v1::Call call = Referred();
  ASSERT_TRUE(Close(call.call_id()).ok());
  EXPECT_TRUE(Get(call.call_id())->open());
  const v1::Call ended = Answered(call, doj::v1::COMPLAINT_OUTCOME_KIND_NO_FEDERAL_MATTER);
  EXPECT_EQ(ended.closed_because(), "");
  MarkRead(call.referrals(0).referral_id());
  const v1::Call told = *Get(call.call_id());
  EXPECT_EQ(told.standing().next_move_unit(), kComplaintLine);
  EXPECT_THAT(told.standing().next_move(), HasSubstr("advises"));
  EXPECT_FALSE(Close(call.call_id())->open());
}

TEST_F(ReferringTest, RefersAChildOrAnUnknownAgeWithoutLawEnforcement) {
  v1::RecordCallRequest child = Adult();
  child.set_wishes(0, v1::CALLER_WISH_SERVICES);
  *child.mutable_age()->mutable_birth_date() = agency::ToDate(absl::CivilDay(1984, 1, 10));
  for (const v1::RecordCallRequest& request : {child, UnknownAge()}) {
    const v1::Call call = Record(request);
    const std::string consent = Consent(call.person(), referral::v1::CONSENT_PURPOSE_SERVICES,
                                        "hhs", referral::v1::CONSENT_GIVER_GUARDIAN);
    absl::StatusOr<v1::Call> referred = ReferAsChild(call.call_id(), By(consent));
    ASSERT_TRUE(referred.ok()) << referred.status();
    EXPECT_EQ(referred->standing().next_move_unit(), "hhs/orr");
    EXPECT_EQ(ReasonOf(ReferAsChild(call.call_id(), By(consent)).status()),
              "CALL_ALREADY_REFERRED");
  }
  for (const agency::CaseContent& sent : desk_.sent()) EXPECT_EQ(sent.to_unit(), "hhs/orr");
}

TEST_F(ReferringTest, RefersNoAdultAsAChild) {
  v1::RecordCallRequest eighteen = Adult();
  *eighteen.mutable_age()->mutable_birth_date() = agency::ToDate(absl::CivilDay(1984, 1, 9));
  const v1::Call call = Record(eighteen);
  EXPECT_EQ(ReasonOf(ReferAsChild(call.call_id(), Emergency()).status()), "NOT_A_CHILD");
  EXPECT_THAT(desk_.sent(), IsEmpty());
}

TEST_F(ReferringTest, AChildNeedsNoConsentUnderADutyAndNoneInDanger) {
  referral::v1::DisclosureBasis duty;
  duty.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
  const v1::Call call = Record(UnknownAge());
  EXPECT_EQ(ReasonOf(ReferAsChild(call.call_id(), duty).status()), "FIELD_INVALID");
  duty.set_citation("duty of state law to report harm to a child");
  EXPECT_TRUE(ReferAsChild(call.call_id(), duty).ok());
  v1::RecordCallRequest danger = UnknownAge();
  danger.set_danger_now(true);
  EXPECT_TRUE(ReferAsChild(Record(danger).call_id(), Emergency()).ok());
}

TEST_F(ReferringTest, AChildsOwnConsentIsNotEnough) {
  const v1::Call call = Record(UnknownAge());
  EXPECT_EQ(ReasonOf(Refer(call.call_id(), By(Investigation(call))).status()), "GUARDIAN_REQUIRED");
  const std::string guardians = Consent(call.person(), referral::v1::CONSENT_PURPOSE_INVESTIGATION,
                                        "doj", referral::v1::CONSENT_GIVER_GUARDIAN);
  EXPECT_TRUE(Refer(call.call_id(), By(guardians)).ok());
}

TEST_F(ReferringTest, BothDoorsAreOpenToAChildAndFiledApart) {
  v1::RecordCallRequest request = UnknownAge();
  request.set_danger_now(true);
  const v1::Call call = Record(request);
  ASSERT_TRUE(Refer(call.call_id(), Emergency()).ok());
  absl::StatusOr<v1::Call> both = ReferAsChild(call.call_id(), Emergency());
  ASSERT_TRUE(both.ok()) << both.status();
  const std::string& id = both->referrals(1).referral_id();
  hhs::v1::ChildReferralOutcome outcome;
  outcome.set_in_care(true);
  ASSERT_TRUE(Bring("hhs", id, types::v1::TRANSITION_TAKE_UP).ok());
  ASSERT_TRUE(Bring("hhs", id, types::v1::TRANSITION_ANSWER, &outcome).ok());
  MarkRead(id);
  const v1::Call now = *Get(call.call_id());
  EXPECT_FALSE(now.referrals(0).has_complaint_outcome());
  EXPECT_TRUE(now.referrals(1).child_outcome().in_care());
  // The complaint is still on its way: the call stays open for it.
  EXPECT_EQ(now.standing().next_move_unit(), "doj/worker-exploitation");
  EXPECT_TRUE(now.open());
}

TEST_F(ReferringTest, OnlyTheLineSeesWhatItsReferralSays) {
  const v1::Call call = Referred();
  const std::string& id = call.referrals(0).referral_id();
  EXPECT_TRUE(ReadReferral(id, std::string(kComplaintLine)).has_request());
  const casework::v1::Referral withheld = ReadReferral(id, kEtaUnit);
  EXPECT_FALSE(withheld.has_request());
  EXPECT_NE(withheld.withheld_because(), "");
}

TEST_F(ReferringTest, WithdrawnConsentReachesTheHolder) {
  const v1::Call call = Record();
  const std::string consent = Investigation(call);
  ASSERT_TRUE(Refer(call.call_id(), By(consent)).ok());
  ASSERT_TRUE(Withdraw(consent).ok());
  EXPECT_EQ(desk_.sent().back().transition(), types::v1::TRANSITION_CHANGE_SCOPE);
}

}  // namespace
}  // namespace waystation::dol
