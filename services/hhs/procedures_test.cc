#include "services/hhs/procedures.h"

#include "services/hhs/hhs_fixture.h"
#include "waystation/dol/v1/services.pb.h"
#include "waystation/ins/v1/petition.pb.h"

namespace waystation::hhs {
namespace {

using ::testing::HasSubstr;

class ProceduresTest : public HhsTest {
 protected:
  types::v1::ReferralState StateOf(const std::string& referral_id) {
    return desk_.Referral(referral_id).state;
  }

  std::string AskFor(v1::InformationKind kind, const std::string& unit) {
    v1::InformationRequest request;
    request.set_kind(kind);
    request.set_purpose("to plan");
    return Ask(unit, request);
  }

  static v1::ChildReferral Child() {
    v1::ChildReferral child;
    child.set_circumstances("found working at night");
    return child;
  }

  absl::Status Officers(const std::string& referral_id, types::v1::Transition transition) {
    casework::v1::StepReferralRequest request;
    request.set_referral_id(referral_id);
    request.set_expected_version(static_cast<int64_t>(desk_.Referral(referral_id).version));
    request.set_transition(transition);
    request.set_reason_text("twice");
    request.mutable_return_detail()->set_reason(types::v1::RETURN_REASON_DUPLICATE);
    return Call<casework::v1::StepReferralResponse>([&](agency::Tx& tx, auto& out) {
             return casework::StepReferral(procedures_, Officer(), request, tx, out);
           })
        .status();
  }
};

TEST_F(ProceduresTest, ANoticeOpensTheCaseAndIsAnsweredByRule) {
  const std::string id = Notify(v1::STATUS_EVENT_PRESENCE_GRANTED);
  EXPECT_EQ(StateOf(id), types::v1::REFERRAL_STATE_ANSWERED);
  const v1::CertificationCase one = Get();
  EXPECT_EQ(one.door(), v1::CASE_DOOR_STATUS_NOTICE);
  EXPECT_EQ(one.opened_by().staff_id(), "automatic");
  ASSERT_EQ(one.status_size(), 1);
  EXPECT_EQ(one.status(0).reference(), "cp-1");
  v1::StatusNoticeRecorded answer;
  ASSERT_TRUE(desk_.sent().back().body().UnpackTo(&answer));
  EXPECT_EQ(answer.certification_case_id(), one.case_id());
  // Doubled, it is answered too, and opens no second case.
  EXPECT_EQ(StateOf(Notify(v1::STATUS_EVENT_PRESENCE_GRANTED)), types::v1::REFERRAL_STATE_ANSWERED);
  EXPECT_EQ(CaseId(), one.case_id());
}

TEST_F(ProceduresTest, ANoticeEnteredInErrorCountsForNothing) {
  const std::string number = Certified();
  const std::string notice = Get().status(0).referral_id();
  ASSERT_TRUE(Step("ins", notice, types::v1::TRANSITION_ENTERED_IN_ERROR).ok());
  EXPECT_TRUE(Get().status(0).entered_in_error());
  EXPECT_EQ(Get().next_move().agency(), "ins");
  // INS tells what holds instead: the presence never was, and the letter is void.
  Notify(v1::STATUS_EVENT_PRESENCE_ENDED);
  EXPECT_EQ(Verify(number)->state(), v1::LETTER_STATE_VOID);
  EXPECT_EQ(ReasonOf(Propose(v1::LETTER_KIND_CERTIFICATION).status()), "CERTIFICATION_BASIS_ENDED");
}

TEST_F(ProceduresTest, TheLastWordOnAReferenceCounts) {
  Prepare();
  Notify(v1::STATUS_EVENT_PRESENCE_ENDED);
  EXPECT_EQ(ReasonOf(Propose(v1::LETTER_KIND_CERTIFICATION).status()), "CERTIFICATION_BASIS_ENDED");
  // Renewed late, without a gap: the same reference.
  Notify(v1::STATUS_EVENT_PRESENCE_GRANTED);
  EXPECT_TRUE(Propose(v1::LETTER_KIND_CERTIFICATION).ok());
  // The renewal was none: the presence has the earlier last day again.
  v1::StatusNotice shorter;
  shorter.set_event(v1::STATUS_EVENT_PRESENCE_GRANTED);
  shorter.set_reference("cp-1");
  *shorter.mutable_event_on() = Date(2002, 1, 9);
  *shorter.mutable_expires_on() = Date(2002, 1, 31);
  Ask("ins/vermont-service-center", shorter);
  SetToday(absl::CivilDay(2002, 2, 1));
  EXPECT_EQ(ReasonOf(Propose(v1::LETTER_KIND_CERTIFICATION).status()), "CERTIFICATION_BASIS_ENDED");
}

TEST_F(ProceduresTest, NoticesAreOfTheAdjudicatingUnitAlone) {
  const std::string number = Certified();
  for (const char* unit : {"ins/investigations", "doj/fbi", "dol/eta"}) {
    const std::string id = Notify(v1::STATUS_EVENT_PRESENCE_ENDED, Date(2002, 1, 9), "cp-1", unit);
    EXPECT_EQ(StateOf(id), types::v1::REFERRAL_STATE_RETURNED);
    EXPECT_EQ(desk_.sent().back().return_detail().rule_reason(), "NOTICE_NOT_FROM_INS");
  }
  EXPECT_EQ(Get().status_size(), 1);
  EXPECT_EQ(Verify(number)->state(), v1::LETTER_STATE_VALID);
}

TEST_F(ProceduresTest, AnOfficersWordOnAgeStandsAgainstANotices) {
  v1::StatusNotice notice;
  notice.set_event(v1::STATUS_EVENT_PRESENCE_GRANTED);
  notice.set_reference("cp-1");
  *notice.mutable_event_on() = Date(2002, 1, 9);
  *notice.mutable_expires_on() = Date(2003, 1, 9);
  Ask("ins/vermont-service-center", notice);
  EXPECT_EQ(Get().letter_due(), v1::LETTER_KIND_ELIGIBILITY);  // Unknown is a child's.
  *notice.mutable_age() = Years(18);
  Ask("ins/vermont-service-center", notice);
  EXPECT_EQ(Get().letter_due(), v1::LETTER_KIND_CERTIFICATION);
  ASSERT_TRUE(SetFacts(Years(17)).ok());
  Ask("ins/vermont-service-center", notice);
  EXPECT_EQ(Get().letter_due(), v1::LETTER_KIND_ELIGIBILITY);
}

TEST_F(ProceduresTest, AChildsReferralIsFiledAndGivesALetterOnceTakenUp) {
  const std::string id = Ask("dol/eta", Child());
  EXPECT_EQ(Get().door(), v1::CASE_DOOR_CHILD_REFERRAL);
  EXPECT_EQ(Get().missing(0).reason(), "CASE_NOT_TAKEN_UP");
  EXPECT_EQ(ReasonOf(Propose(v1::LETTER_KIND_ELIGIBILITY).status()), "CASE_NOT_TAKEN_UP");
  ASSERT_TRUE(Officers(id, types::v1::TRANSITION_TAKE_UP).ok());
  EXPECT_EQ(Get().missing_size(), 0);
  EXPECT_EQ(Get().letter_due(), v1::LETTER_KIND_ELIGIBILITY);
  EXPECT_TRUE(Propose(v1::LETTER_KIND_ELIGIBILITY).ok());
}

TEST_F(ProceduresTest, OfTwoReferralsOfAChildEitherMayBeTheDuplicate) {
  const std::string first = Ask("dol/eta", Child());
  const std::string second = Ask("doj/ovc", Child());
  ASSERT_TRUE(Officers(first, types::v1::TRANSITION_RETURN).ok());
  EXPECT_EQ(Get().missing(0).reason(), "CASE_NOT_TAKEN_UP");
  ASSERT_TRUE(Officers(second, types::v1::TRANSITION_TAKE_UP).ok());
  EXPECT_TRUE(Propose(v1::LETTER_KIND_ELIGIBILITY).ok());
}

TEST_F(ProceduresTest, AnotherDoorOpensWhereAChildsReferralWasReturned) {
  ASSERT_TRUE(Officers(Ask("dol/eta", Child()), types::v1::TRANSITION_RETURN).ok());
  const std::string case_id = CaseId();
  ASSERT_TRUE(Open(types::v1::PersonAge()).ok());
  EXPECT_EQ(CaseId(), case_id);
  EXPECT_EQ(Get().door(), v1::CASE_DOOR_NGO);
  EXPECT_TRUE(Propose(v1::LETTER_KIND_ELIGIBILITY).ok());
}

TEST_F(ProceduresTest, ServiceContentIsClosedToEnforcementAndReturnedAtOnce) {
  for (const char* unit : {"doj/fbi", "doj/ovc", "ins/investigations", "ins/vermont-service-center",
                           "dos/diplomatic-security", "dos/made-up"}) {
    const std::string id = AskFor(v1::INFORMATION_KIND_SERVICE_CONTENT, unit);
    EXPECT_EQ(StateOf(id), types::v1::REFERRAL_STATE_RETURNED) << unit;
    EXPECT_EQ(desk_.sent().back().return_detail().citation(), "POLICY-IR-2");
    EXPECT_THAT(desk_.sent().back().reason_text(), HasSubstr("POLICY-IR-2"));
  }
  for (const char* unit : {"dol/eta", "dos/prm"}) {
    const std::string id = AskFor(v1::INFORMATION_KIND_SERVICE_CONTENT, unit);
    EXPECT_EQ(StateOf(id), types::v1::REFERRAL_STATE_RECEIVED) << unit;
  }
  const std::string id = AskFor(v1::INFORMATION_KIND_LETTER_STATUS, "doj/fbi");
  EXPECT_EQ(StateOf(id), types::v1::REFERRAL_STATE_RECEIVED);
}

TEST_F(ProceduresTest, TheViewOfTheAttorneyGeneralIsFiled) {
  Prepare();
  ASSERT_EQ(Get().consultations_size(), 1);
  EXPECT_EQ(Get().consultations(0).view(), doj::v1::CONSULTATION_VIEW_CONCURS);
  EXPECT_EQ(Get().consultations(0).comment(), "seen");
  EXPECT_EQ(Get().open_consultation_referral_id(), "");
}

TEST_F(ProceduresTest, AConsultationOpenedAsAnyReferralKeepsTheSameRules) {
  ASSERT_TRUE(Open(Years(15)).ok());
  doj::v1::Consultation body;
  body.set_certification_case_id(CaseId());
  body.set_willingness("would testify");
  body.set_basis("none");
  casework::v1::OpenReferralRequest request;
  request.set_from_unit("hhs/orr");
  request.set_to_unit("doj/attorney-general");
  request.set_person(kPerson);
  request.mutable_body()->PackFrom(body);
  request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
  request.mutable_basis()->set_citation("TVPA 107(b)(1)(E)(i)");
  auto reason = [&] {
    return ReasonOf(Call<casework::v1::OpenReferralResponse>([&](agency::Tx& tx, auto& out) {
                      return casework::OpenReferral(procedures_, Officer(), request, tx, out);
                    }).status());
  };
  EXPECT_EQ(reason(), "COOPERATION_NOT_ASKED");
  request.set_person("pv-2");
  EXPECT_EQ(reason(), "CASE_UNKNOWN");
  EXPECT_TRUE(desk_.sent().empty());
}

TEST_F(ProceduresTest, AServicesReferralNamesOnlyThePersonsOwnLetter) {
  const std::string number = Certified();
  auto reason = [&](const std::string& person, const std::string& letter) {
    dol::v1::ServicesReferral body;
    body.add_services(dol::v1::SERVICE_KIND_JOB_TRAINING);
    body.set_letter_number(letter);
    casework::v1::OpenReferralRequest request;
    request.set_from_unit("hhs/orr");
    request.set_to_unit("dol/eta");
    request.set_person(person);
    request.mutable_body()->PackFrom(body);
    request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
    request.mutable_basis()->set_citation("TVPA 107(b)(1)(B)");
    return ReasonOf(Call<casework::v1::OpenReferralResponse>([&](agency::Tx& tx, auto& out) {
                      return casework::OpenReferral(procedures_, Officer(), request, tx, out);
                    }).status());
  };
  EXPECT_EQ(reason(kPerson, number), "");
  EXPECT_EQ(reason("pv-2", ""), "");
  EXPECT_EQ(reason("pv-2", number), "LETTER_UNKNOWN");
  EXPECT_EQ(reason(kPerson, "0000000000000"), "LETTER_NUMBER_INVALID");
}

class PetitionTest : public ProceduresTest {
 protected:
  // As HHS has it: without a finding, because HHS makes none.
  static ins::v1::ContinuedPresencePetition Petition() {
    ins::v1::ContinuedPresencePetition body;
    body.set_unit("hhs/orr");
    body.set_case_number("HHS-1");
    body.set_kind(ins::v1::PETITION_KIND_INITIAL);
    body.set_circumstances("needed for the trial");
    *body.mutable_requested_from() = Date(2002, 1, 9);
    *body.mutable_requested_until() = Date(2002, 7, 9);
    return body;
  }

  static casework::v1::OpenReferralRequest Asked() {
    casework::v1::OpenReferralRequest request;
    request.set_from_unit("hhs/orr");
    request.set_to_unit("ins/vermont-service-center");
    request.set_person(kPerson);
    request.mutable_body()->PackFrom(Petition());
    request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
    request.mutable_basis()->set_citation("TVPA 107(c)(3)");
    return request;
  }

  absl::StatusOr<casework::v1::Referral> File(const casework::v1::OpenReferralRequest& request) {
    WS_ASSIGN_OR_RETURN(auto response,
                        Call<casework::v1::OpenReferralResponse>([&](agency::Tx& tx, auto& out) {
                          return casework::OpenReferral(procedures_, Officer(), request, tx, out);
                        }));
    return response.referral();
  }

  casework::v1::Referral Show(const std::string& referral_id) {
    casework::v1::GetReferralRequest request;
    request.set_referral_id(referral_id);
    casework::v1::GetReferralResponse response;
    EXPECT_TRUE(desk_
                    .Read([&](agency::Tx& tx) {
                      return casework::GetReferral(procedures_, Officer(), request, tx, response);
                    })
                    .ok());
    return response.referral();
  }
};

TEST_F(PetitionTest, GoesOutAndComesBackWithTheCitation) {
  auto filed = File(Asked());
  ASSERT_TRUE(filed.ok()) << filed.status();
  ASSERT_EQ(desk_.sent().size(), 1u);
  EXPECT_EQ(desk_.sent()[0].to_unit(), "ins/vermont-service-center");
  ASSERT_TRUE(desk_.sent()[0].body().Is<ins::v1::ContinuedPresencePetition>());
  agency::CaseContent back;
  back.set_referral_id(filed->referral_id());
  back.set_transition(types::v1::TRANSITION_RETURN);
  back.set_person(kPerson);
  back.set_reason_text("continued presence: unit may not petition");
  back.mutable_return_detail()->set_reason(types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW);
  back.mutable_return_detail()->set_citation("TVPA 107(c)(3); 28 CFR 1100.35");
  back.mutable_return_detail()->set_rule_reason("UNIT_MAY_NOT_PETITION");
  ASSERT_TRUE(Deliver("ins", back).ok());
  const casework::v1::Referral shown = Show(filed->referral_id());
  EXPECT_EQ(shown.state(), types::v1::REFERRAL_STATE_RETURNED);
  EXPECT_EQ(shown.return_detail().rule_reason(), "UNIT_MAY_NOT_PETITION");
  EXPECT_THAT(shown.return_detail().citation(), HasSubstr("28 CFR 1100.35"));
  EXPECT_THAT(shown.reason_text(), HasSubstr("may not petition"));
  // It opened no case here: a petition is no door.
  EXPECT_EQ(ReasonOf(Find().status()), "CASE_UNKNOWN");
}

TEST_F(PetitionTest, RestsOnNoConsentAndGoesToTheAdjudicatorAlone) {
  casework::v1::OpenReferralRequest request = Asked();
  request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_CONSENT);
  request.mutable_basis()->set_consent_id("co-1");
  EXPECT_FALSE(File(request).ok());
  request = Asked();
  request.mutable_basis()->clear_citation();
  EXPECT_EQ(ReasonOf(File(request).status()), "FIELD_INVALID");
  request = Asked();
  request.set_to_unit("ins/investigations");
  EXPECT_EQ(ReasonOf(File(request).status()), "FIELD_INVALID");
  request = Asked();
  ins::v1::ContinuedPresencePetition body = Petition();
  body.clear_circumstances();
  request.mutable_body()->PackFrom(body);
  EXPECT_EQ(ReasonOf(File(request).status()), "FIELD_INVALID");
  EXPECT_TRUE(desk_.sent().empty());
}

}  // namespace
}  // namespace waystation::hhs
