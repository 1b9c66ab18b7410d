#include "common/petitioner/intakes.h"

#include "common/petitioner/petitioner_fixture.h"
#include "waystation/audit/v1/compliance.pb.h"

namespace waystation::petitioner {
namespace {

using testing::HasSubstr;

class IntakesTest : public PetitionerTest {
 protected:
  absl::StatusOr<v1::Intake> OpenWith(const v1::OpenIntakeRequest& request,
                                      const std::string& officers_unit = "doj/fbi") {
    v1::OpenIntakeResponse out;
    WS_RETURN_IF_ERROR(desk_.Write([&](agency::Tx& tx) {
      return OpenIntake(petitioner_, Officer(officers_unit), request, tx, out);
    }));
    return out.intake();
  }

  static v1::OpenIntakeRequest Request() {
    v1::OpenIntakeRequest request;
    request.set_unit("doj/fbi");
    request.set_circumstances("held in a house");
    return request;
  }

  v1::Intake GetOne(const std::string& person) {
    v1::GetIntakeRequest request;
    request.set_person(person);
    v1::GetIntakeResponse out;
    EXPECT_TRUE(desk_
                    .Read([&](agency::Tx& tx) {
                      return GetIntake(petitioner_, Officer("doj/fbi"), request, tx, out);
                    })
                    .ok());
    return out.intake();
  }

  absl::StatusOr<v1::RecordDutyResponse> Duty(const v1::RecordDutyRequest& request) {
    v1::RecordDutyResponse out;
    WS_RETURN_IF_ERROR(desk_.Write([&](agency::Tx& tx) {
      return RecordDuty(petitioner_, Officer("doj/ovc"), request, tx, out);
    }));
    return out;
  }
};

TEST_F(IntakesTest, GivesAHandleAndShowsEveryDutyMissing) {
  const v1::Intake intake = *OpenWith(Request());
  EXPECT_TRUE(agency::CheckPerson(intake.person()).ok()) << intake.person();
  EXPECT_EQ(intake.opened_by().staff_id(), "agent-1");
  // Two of the eight hold only in federal custody.
  EXPECT_EQ(intake.missing_duties_size(), 6);
  v1::OpenIntakeRequest held = Request();
  held.set_in_federal_custody(true);
  EXPECT_EQ(OpenWith(held)->missing_duties_size(), 8);
}

TEST_F(IntakesTest, GoesByTheHandleThatCameWithThePerson) {
  v1::OpenIntakeRequest request = Request();
  request.set_person("pv-known");
  EXPECT_EQ(OpenWith(request)->person(), "pv-known");
  EXPECT_EQ(GetOne("pv-known").circumstances(), request.circumstances());
  const absl::Status again = OpenWith(request).status();
  EXPECT_EQ(ReasonOf(again), "INTAKE_EXISTS");
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(IntakesTest, RefusesAHandleThatTheAgencyKnowsNothingOf) {
  v1::OpenIntakeRequest request = Request();
  request.set_person("pv-nobody");
  EXPECT_EQ(ReasonOf(OpenWith(request).status()), "PERSON_UNKNOWN");
  // A handle of an intake is no handle that came from elsewhere.
  request.set_person(Open());
  EXPECT_EQ(ReasonOf(OpenWith(request).status()), "PERSON_UNKNOWN");
  for (const std::string& person :
       {std::string("somebody"), std::string("pv-A"), std::string("pv-"),
        std::string("pv-") + std::string(62, 'a')}) {
    request.set_person(person);
    EXPECT_EQ(ReasonOf(OpenWith(request).status()), "FIELD_INVALID") << person;
  }
  v1::ListIntakesRequest all;
  v1::ListIntakesResponse out;
  ASSERT_TRUE(desk_
                  .Read([&](agency::Tx& tx) {
                    return ListIntakes(petitioner_, Officer("doj/fbi"), all, tx, out);
                  })
                  .ok());
  EXPECT_EQ(out.intakes_size(), 1);
}

TEST_F(IntakesTest, TreatsUnknownAgeAsChild) {
  EXPECT_TRUE(OpenWith(Request())->treated_as_child());
  v1::OpenIntakeRequest adult = Request();
  adult.mutable_age()->set_bracket(types::v1::AGE_BRACKET_TWENTY_ONE_OR_OLDER);
  EXPECT_FALSE(OpenWith(adult)->treated_as_child());
}

TEST_F(IntakesTest, ChildBecomesAdultOnTheBirthday) {
  v1::OpenIntakeRequest request = Request();
  *request.mutable_age()->mutable_birth_date() = Date(1984, 1, 10);
  const std::string person = OpenWith(request)->person();
  EXPECT_TRUE(GetOne(person).treated_as_child());
  desk_.clock().Advance(absl::Hours(24));
  EXPECT_FALSE(GetOne(person).treated_as_child());
}

TEST_F(IntakesTest, RefusesNamesAndOtherUnits) {
  v1::OpenIntakeRequest request = Request();
  request.set_circumstances("Name: X");
  EXPECT_EQ(ReasonOf(OpenWith(request).status()), "NAME_NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(OpenWith(Request(), "doj/ovc").status()), "UNIT_NOT_OWN");
  request = Request();
  request.set_circumstances(std::string(8'001, 'x'));
  EXPECT_EQ(ReasonOf(OpenWith(request).status()), "FIELD_INVALID");
  request = Request();
  request.set_language("e n");
  EXPECT_EQ(ReasonOf(OpenWith(request).status()), "FIELD_INVALID");
}

TEST_F(IntakesTest, PositiveFindingNeedsTheElements) {
  const std::string person = Open();
  v1::RecordFindingRequest request = Finding(person);
  EXPECT_TRUE(Find(request).ok());
  request.mutable_elements()->clear_purposes();
  const absl::Status refused = Find(request);
  EXPECT_EQ(ReasonOf(refused), "SEVERE_FORM_PURPOSE_MISSING");
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.ToString(), HasSubstr("TVPA 103(8)(B)"));
  request.set_result(v1::FINDING_RESULT_NOT_FOUND);
  EXPECT_TRUE(Find(request).ok());
  EXPECT_EQ(GetOne(person).findings_size(), 2);
}

TEST_F(IntakesTest, MinorityStandsInForMeansInSexTraffickingOnly) {
  v1::RecordFindingRequest request = Finding(Open());
  request.mutable_elements()->clear_means();
  request.mutable_elements()->set_under_eighteen_at_act(true);
  EXPECT_EQ(ReasonOf(Find(request)), "SEVERE_FORM_MEANS_MISSING");
  request.mutable_elements()->set_act(types::v1::EXPLOITATION_ACT_COMMERCIAL_SEX);
  EXPECT_TRUE(Find(request).ok());
}

TEST_F(IntakesTest, RefusesFindingsThatCannotBe) {
  v1::RecordFindingRequest request = Finding("pv-nobody");
  EXPECT_EQ(ReasonOf(Find(request)), "PERSON_UNKNOWN");
  request = Finding(Open());
  *request.mutable_made_on() = Date(2002, 1, 10);
  EXPECT_EQ(ReasonOf(Find(request)), "FIELD_INVALID");
  request.clear_made_on();
  EXPECT_EQ(ReasonOf(Find(request)), "DATE_INVALID");
  request = Finding(Open());
  request.set_result(static_cast<v1::FindingResult>(9));
  EXPECT_EQ(ReasonOf(Find(request)), "FIELD_INVALID");
}

TEST_F(IntakesTest, DutyIsClosedWhenDone) {
  v1::RecordDutyRequest request;
  request.set_person(Open());
  request.set_kind(v1::DUTY_KIND_RIGHTS_INFORMATION);
  *request.mutable_done_on() = Date(2002, 1, 9);
  const v1::RecordDutyResponse out = *Duty(request);
  EXPECT_EQ(out.missing_duties_size(), 5);
  EXPECT_THAT(out.duty().citation(), HasSubstr("107(c)(2)"));
  EXPECT_EQ(GetOne(request.person()).duties_size(), 1);
}

TEST_F(IntakesTest, TheAuditorHearsWhatIsOpenAtTheIntakeAndAfterEachDuty) {
  v1::RecordDutyRequest request;
  request.set_person(Open());
  request.set_kind(v1::DUTY_KIND_RIGHTS_INFORMATION);
  *request.mutable_done_on() = Date(2002, 1, 9);
  ASSERT_TRUE(Duty(request).ok());
  ASSERT_EQ(desk_.memos().size(), 2u);
  std::vector<int> open;
  for (const agency::MemoDraft& memo : desk_.memos()) {
    EXPECT_EQ(memo.recipient, "auditor");
    audit::v1::ComplianceEvent event;
    ASSERT_TRUE(event.ParseFromString(memo.body));
    EXPECT_EQ(event.duties().person(), request.person());
    EXPECT_EQ(event.duties().unit(), "doj/fbi");
    EXPECT_EQ(memo.body.find("held in a house"), std::string::npos) << "no content of the intake";
    open.push_back(event.duties().open_size());
  }
  EXPECT_THAT(open, testing::ElementsAre(6, 5));
}

TEST_F(IntakesTest, NotPracticableClosesOnlyWhereTheLawSaysSo) {
  v1::RecordDutyRequest request;
  request.set_person(Open());
  request.set_kind(v1::DUTY_KIND_PROTECTION);
  request.set_not_practicable_because("the person left the district");
  EXPECT_EQ(Duty(request)->missing_duties_size(), 5);
  request.set_kind(v1::DUTY_KIND_TRANSLATION);
  EXPECT_EQ(Duty(request)->missing_duties_size(), 5);
}

TEST_F(IntakesTest, RefusesDutiesThatCannotBe) {
  v1::RecordDutyRequest request;
  request.set_person(Open());
  request.set_kind(static_cast<v1::DutyKind>(99));
  *request.mutable_done_on() = Date(2002, 1, 9);
  EXPECT_EQ(ReasonOf(Duty(request).status()), "DUTY_UNKNOWN");
  request.set_kind(v1::DUTY_KIND_PROTECTION);
  *request.mutable_done_on() = Date(2002, 1, 10);
  EXPECT_EQ(ReasonOf(Duty(request).status()), "DUTY_DATE_IN_FUTURE");
  request.clear_outcome();
  EXPECT_EQ(ReasonOf(Duty(request).status()), "DUTY_NEEDS_DATE_OR_REASON");
  request.set_person("pv-nobody");
  EXPECT_EQ(ReasonOf(Duty(request).status()), "PERSON_UNKNOWN");
}

TEST_F(IntakesTest, ListsNewestFirstInPages) {
  for (int i = 0; i < 3; ++i) Open(i == 1 ? "doj/ovc" : "doj/fbi");
  v1::ListIntakesRequest request;
  request.set_page_size(2);
  v1::ListIntakesResponse first;
  ASSERT_TRUE(desk_
                  .Read([&](agency::Tx& tx) {
                    return ListIntakes(petitioner_, Officer("doj/fbi"), request, tx, first);
                  })
                  .ok());
  EXPECT_EQ(first.intakes_size(), 2);
  EXPECT_EQ(first.intakes(1).unit(), "doj/ovc");
  request.set_page_token(first.next_page_token());
  v1::ListIntakesResponse second;
  ASSERT_TRUE(desk_
                  .Read([&](agency::Tx& tx) {
                    return ListIntakes(petitioner_, Officer("doj/fbi"), request, tx, second);
                  })
                  .ok());
  EXPECT_EQ(second.intakes_size(), 1);
  EXPECT_EQ(second.next_page_token(), "");
  request.set_page_token("forged");
  EXPECT_EQ(ReasonOf(desk_.Read([&](agency::Tx& tx) {
              return ListIntakes(petitioner_, Officer("doj/fbi"), request, tx, second);
            })),
            "PAGE_TOKEN_INVALID");
  request.clear_page_token();
  request.set_unit("doj/ovc");
  v1::ListIntakesResponse ovc;
  ASSERT_TRUE(desk_
                  .Read([&](agency::Tx& tx) {
                    return ListIntakes(petitioner_, Officer("doj/fbi"), request, tx, ovc);
                  })
                  .ok());
  EXPECT_EQ(ovc.intakes_size(), 1);
}

}  // namespace
}  // namespace waystation::petitioner
