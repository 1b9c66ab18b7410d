#include "services/hhs/cases.h"

#include "services/hhs/hhs_fixture.h"

namespace waystation::hhs {
namespace {

using ::testing::HasSubstr;

class CasesTest : public HhsTest {
 protected:
  std::vector<std::string> Missing() {
    std::vector<std::string> reasons;
    const v1::CertificationCase shown = Get();
    for (const v1::MissingElement& missing : shown.missing()) {
      EXPECT_THAT(missing.text(), HasSubstr(missing.citation()));
      reasons.push_back(missing.reason());
    }
    return reasons;
  }

  v1::ListCasesResponse List(const std::string& agency, int size = 0,
                             const std::string& token = "") {
    v1::ListCasesRequest request;
    request.set_next_move_agency(agency);
    request.set_page_size(size);
    request.set_page_token(token);
    v1::ListCasesResponse response;
    EXPECT_TRUE(
        desk_.Read([&](agency::Tx& tx) { return ListCases(Officer(), request, tx, response); })
            .ok());
    return response;
  }
};

TEST_F(CasesTest, OpensByThePersonAnNgoOrAnAgencyWithoutLawEnforcement) {
  for (v1::CaseDoor door : {v1::CASE_DOOR_AGENCY, v1::CASE_DOOR_NGO, v1::CASE_DOOR_SELF}) {
    v1::OpenCaseRequest request;
    request.set_door(door);
    auto opened = Call<v1::OpenCaseResponse>([&](agency::Tx& tx, auto& out) {
      return OpenCase(Officer(), request, desk_.random(), tx, out);
    });
    ASSERT_TRUE(opened.ok()) << opened.status();
    const v1::CertificationCase& one = opened->certification_case();
    EXPECT_EQ(one.door(), door);
    EXPECT_EQ(one.person().substr(0, 3), "pv-");
    EXPECT_EQ(one.letter_due(), v1::LETTER_KIND_ELIGIBILITY);
    EXPECT_EQ(one.next_move().unit(), "hhs/orr");
    EXPECT_EQ(one.next_move().what(), "propose the letter");
  }
  EXPECT_TRUE(desk_.sent().empty());
}

TEST_F(CasesTest, RefusesDoorsThatOnlyMessagesOpenAndASecondCase) {
  for (v1::CaseDoor door : {v1::CASE_DOOR_UNSPECIFIED, v1::CASE_DOOR_STATUS_NOTICE,
                            v1::CASE_DOOR_CHILD_REFERRAL, static_cast<v1::CaseDoor>(77)}) {
    EXPECT_EQ(ReasonOf(Open(Years(18), door).status()), "FIELD_INVALID");
  }
  EXPECT_EQ(ReasonOf(Find().status()), "CASE_UNKNOWN");
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(ReasonOf(Open().status()), "CASE_EXISTS");
}

TEST_F(CasesTest, IsOpenToRefugeeResettlementAlone) {
  ASSERT_TRUE(Open().ok());
  const agency::Officer other = Officer("x-1", "hhs/other");
  v1::GetCaseRequest request;
  request.set_person(kPerson);
  v1::GetCaseResponse response;
  EXPECT_EQ(
      ReasonOf(desk_.Read([&](agency::Tx& tx) { return GetCase(other, request, tx, response); })),
      "UNIT_NOT_OWN");
  v1::ListCasesResponse listed;
  EXPECT_EQ(ReasonOf(desk_.Read([&](agency::Tx& tx) {
              return ListCases(other, v1::ListCasesRequest(), tx, listed);
            })),
            "UNIT_NOT_OWN");
  v1::OpenCaseRequest open;
  open.set_door(v1::CASE_DOOR_SELF);
  EXPECT_EQ(ReasonOf(Call<v1::OpenCaseResponse>([&](agency::Tx& tx, auto& out) {
                       return OpenCase(other, open, desk_.random(), tx, out);
                     }).status()),
            "UNIT_NOT_OWN");
}

TEST_F(CasesTest, NamesWhatIsMissingAndWhoHoldsTheNextMove) {
  ASSERT_TRUE(Open().ok());
  EXPECT_THAT(Missing(), testing::ElementsAre("WILLINGNESS_MISSING", "STATUS_BASIS_MISSING",
                                              "ATTORNEY_GENERAL_NOT_CONSULTED"));
  EXPECT_EQ(Get().next_move().agency(), "hhs");
  ASSERT_TRUE(State(true).ok());
  EXPECT_EQ(Get().next_move().unit(), "ins/vermont-service-center");
  EXPECT_EQ(List("ins").cases_size(), 1);
  EXPECT_EQ(List("doj").cases_size(), 0);
  Notify(v1::STATUS_EVENT_PRESENCE_GRANTED);
  EXPECT_EQ(Get().next_move().what(), "consult the Attorney General");
  auto referral = Consult();
  ASSERT_TRUE(referral.ok());
  EXPECT_EQ(Get().next_move().unit(), "doj/attorney-general");
  ASSERT_TRUE(AnswerConsultation(*referral, doj::v1::CONSULTATION_VIEW_CONCURS).ok());
  EXPECT_THAT(Missing(), testing::IsEmpty());
  EXPECT_EQ(Get().next_move().what(), "propose the letter");
  ASSERT_TRUE(Propose(v1::LETTER_KIND_CERTIFICATION).ok());
  EXPECT_EQ(Get().next_move().what(), "a second official confirms the letter");
  ASSERT_TRUE(Confirm(Get().proposal().proposal_id()).ok());
  EXPECT_EQ(Get().next_move().agency(), "");
  EXPECT_EQ(Get().next_move().what(), "the person has the letter");
}

TEST_F(CasesTest, ACitizenIsDueNoLetterAndNobodyHoldsAMove) {
  ASSERT_TRUE(Open(Years(30), v1::CASE_DOOR_SELF, v1::IMMIGRATION_CLASS_CITIZEN).ok());
  EXPECT_EQ(Get().letter_due(), v1::LETTER_KIND_UNSPECIFIED);
  EXPECT_EQ(Get().next_move().agency(), "");
  EXPECT_EQ(ReasonOf(Consult().status()), "LETTER_NOT_NEEDED");
}

TEST_F(CasesTest, ListsByPagesNewestFirst) {
  for (int i = 0; i < 3; ++i) {
    v1::OpenCaseRequest request;
    request.set_door(v1::CASE_DOOR_SELF);
    ASSERT_TRUE(Call<v1::OpenCaseResponse>([&](agency::Tx& tx, auto& out) {
                  return OpenCase(Officer(), request, desk_.random(), tx, out);
                }).ok());
  }
  const v1::ListCasesResponse first = List("", 2);
  EXPECT_EQ(first.cases_size(), 2);
  const v1::ListCasesResponse second = List("", 2, first.next_page_token());
  EXPECT_EQ(second.cases_size(), 1);
  EXPECT_EQ(second.next_page_token(), "");
  EXPECT_NE(second.cases(0).person(), first.cases(1).person());
}

TEST_F(CasesTest, TheStatementOfTheLatestDayCounts) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(State(true, Date(2002, 1, 7)).ok());
  ASSERT_TRUE(State(false, Date(2002, 1, 6)).ok());  // An older one, recorded late.
  EXPECT_THAT(Missing(), testing::Not(testing::Contains("WILLINGNESS_MISSING")));
  ASSERT_TRUE(State(false, Date(2002, 1, 7)).ok());
  EXPECT_THAT(Missing(), testing::Contains("WILLINGNESS_MISSING"));
  EXPECT_EQ(Get().willingness_size(), 3);
  EXPECT_EQ(ReasonOf(State(true, Date(2002, 1, 10))), "FIELD_INVALID");
  types::v1::Date no_day = Date(2002, 1, 1);
  no_day.set_day(32);
  EXPECT_EQ(ReasonOf(State(true, no_day)), "DATE_INVALID");
  EXPECT_EQ(Get().willingness_size(), 3);
}

TEST_F(CasesTest, AsksNoCooperationUnderEighteenNorTellsTheAttorneyGeneral) {
  ASSERT_TRUE(Open(Years(14)).ok());
  Notify(v1::STATUS_EVENT_PRESENCE_GRANTED);
  const size_t sent = desk_.sent().size();
  for (const types::v1::PersonAge& age :
       {Years(14), Years(15), Years(17), types::v1::PersonAge()}) {
    ASSERT_TRUE(SetFacts(age).ok());
    const absl::Status refused = State(true);
    EXPECT_EQ(ReasonOf(refused), "COOPERATION_NOT_ASKED");
    EXPECT_THAT(refused.ToString(), HasSubstr("TVPA 107(b)(1)(C)(ii)(I)"));
    EXPECT_EQ(ReasonOf(Consult().status()), "COOPERATION_NOT_ASKED");
  }
  EXPECT_EQ(Get().willingness_size(), 0);
  EXPECT_EQ(desk_.sent().size(), sent);
  ASSERT_TRUE(SetFacts(Years(18)).ok());
  EXPECT_TRUE(State(true).ok());
  EXPECT_TRUE(Consult().ok());
}

TEST_F(CasesTest, ConsultsUnderTheStatutoryDutyAndOnlyOnceAtATime) {
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(ReasonOf(Consult().status()), "WILLINGNESS_MISSING");
  ASSERT_TRUE(State(true).ok());
  EXPECT_EQ(ReasonOf(Consult().status()), "STATUS_BASIS_MISSING");
  EXPECT_TRUE(desk_.sent().empty());
  Notify(v1::STATUS_EVENT_PRESENCE_GRANTED);
  auto referral = Consult();
  ASSERT_TRUE(referral.ok()) << referral.status();
  const agency::CaseContent& sent = desk_.sent().back();
  EXPECT_EQ(sent.to_unit(), "doj/attorney-general");
  EXPECT_EQ(sent.disclosure_basis().kind(), referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
  EXPECT_THAT(sent.disclosure_basis().citation(), HasSubstr("TVPA 107(b)(1)(E)(i)"));
  doj::v1::Consultation body;
  ASSERT_TRUE(sent.body().UnpackTo(&body));
  EXPECT_EQ(body.basis(), "continued presence cp-1");
  EXPECT_EQ(body.willingness(), "will testify");
  EXPECT_EQ(ReasonOf(Consult().status()), "CONSULTATION_OPEN");
  // Returned, it was no consultation; it can be asked again.
  ASSERT_TRUE(Step("doj", *referral, types::v1::TRANSITION_RETURN).ok());
  EXPECT_THAT(Missing(), testing::ElementsAre("ATTORNEY_GENERAL_NOT_CONSULTED"));
  EXPECT_TRUE(Consult().ok());
}

TEST_F(CasesTest, AConsultationThatTheBusRefusedCanBeAskedAgain) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(State(true).ok());
  Notify(v1::STATUS_EVENT_PRESENCE_GRANTED);
  ASSERT_TRUE(Consult().ok());
  desk_.RefuseLast();
  EXPECT_EQ(Get().next_move().what(), "consult the Attorney General");
  EXPECT_TRUE(Consult().ok());
}

}  // namespace
}  // namespace waystation::hhs
