#include "services/doj/procedures.h"

#include <string>

#include "common/agency/fake_desk.h"
#include "common/casework/case_table.h"
#include "common/casework/incoming.h"
#include "common/casework/referrals.h"
#include "common/petitioner/casebook.h"
#include "common/petitioner/intakes.h"
#include "common/procedures/doj.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "waystation/doj/v1/complaint.pb.h"
#include "waystation/doj/v1/consultation.pb.h"

namespace waystation::doj {
namespace {

using ::testing::HasSubstr;

constexpr char kPerson[] = "pv-7q4k";

// DOJ at work on 9 January 2002.
class ProceduresTest : public testing::Test {
 protected:
  static bus::v1::Directory MakeDirectory() {
    bus::v1::Directory directory;
    directory.set_version(1);
    for (const char* agency : {"doj", "dol", "hhs"}) {
      directory.add_identities()->set_identity(agency::FakeDesk::IdentityOf(agency));
    }
    return directory;
  }

  static agency::Officer Officer(std::string_view unit) {
    agency::Officer officer;
    officer.set_office("office");
    officer.set_title("title");
    officer.set_staff_id("staff-1");
    officer.set_unit(std::string(unit));
    return officer;
  }

  // A request of another agency, in an emergency.
  absl::Status Bring(std::string_view from, std::string_view to_unit,
                     const google::protobuf::Message& body) {
    agency::CaseContent content;
    content.set_transition(types::v1::TRANSITION_REQUEST);
    content.set_from_unit(std::string(from) + "/unit");
    content.set_to_unit(std::string(to_unit));
    content.set_person(kPerson);
    *content.add_officials() = Officer(content.from_unit());
    content.mutable_disclosure_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_EMERGENCY);
    content.mutable_disclosure_basis()->set_citation("TVPA 107(c)(1)(C)");
    content.mutable_body()->PackFrom(body);
    return desk_.Deliver(from, content, [&](const agency::CaseMessage& message, agency::Tx& tx) {
      id_ = message.content.referral_id();
      return casework::OnCase(procedures_, message, tx);
    });
  }

  absl::Status BringComplaint() {
    v1::ComplaintReferral body;
    body.set_call_id("call-1");
    body.set_circumstances("cannot leave the place of work");
    return Bring("dol", procedures::kWorkerExploitation, body);
  }

  absl::Status Step(types::v1::Transition transition,
                    std::string_view unit = procedures::kWorkerExploitation) {
    casework::v1::StepReferralRequest request;
    request.set_referral_id(id_);
    request.set_expected_version(static_cast<int64_t>(desk_.Referral(id_).version));
    request.set_transition(transition);
    if (transition == types::v1::TRANSITION_RETURN) {
      request.mutable_return_detail()->set_reason(types::v1::RETURN_REASON_NOT_OURS);
      request.set_reason_text("another agency's");
    }
    casework::v1::StepReferralResponse out;
    return desk_.Write([&](agency::Tx& tx) {
      return casework::StepReferral(procedures_, Officer(unit), request, tx, out);
    });
  }

  absl::Status Answer(const google::protobuf::Message& body,
                      std::string_view unit = procedures::kWorkerExploitation) {
    casework::v1::ProposeAnswerRequest request;
    request.set_referral_id(id_);
    request.set_expected_version(static_cast<int64_t>(desk_.Referral(id_).version));
    request.mutable_body()->PackFrom(body);
    casework::v1::ProposeAnswerResponse out;
    return desk_.Write([&](agency::Tx& tx) {
      return casework::ProposeAnswer(procedures_, Officer(unit), request, desk_.random(), tx, out);
    });
  }

  static v1::ComplaintOutcome Outcome(v1::ComplaintOutcomeKind kind) {
    v1::ComplaintOutcome outcome;
    outcome.set_kind(kind);
    outcome.set_unit("doj/fbi");
    outcome.set_advice("the line is open day and night");
    return outcome;
  }

  absl::StatusOr<v1::Intake> Open(const std::string& person) {
    v1::OpenIntakeRequest request;
    request.set_unit("doj/fbi");
    request.set_circumstances("held in a house");
    request.set_person(person);
    v1::OpenIntakeResponse out;
    WS_RETURN_IF_ERROR(desk_.Write([&](agency::Tx& tx) {
      return petitioner::OpenIntake(petitioner_, Officer("doj/fbi"), request, tx, out);
    }));
    return out.intake();
  }

  std::string id_;
  casework::Procedures procedures_ = MakeProcedures();
  petitioner::Petitioner petitioner_ = MakePetitioner();
  agency::FakeDesk desk_{
      "doj", {casework::CaseTable::schema(), petitioner::Casebook::schema()}, MakeDirectory()};
};

TEST_F(ProceduresTest, AnIntakeGoesByTheComplaintsPerson) {
  EXPECT_EQ(ReasonOf(Open(kPerson).status()), "PERSON_UNKNOWN");
  ASSERT_TRUE(BringComplaint().ok());
  EXPECT_EQ(ReasonOf(Open("pv-other").status()), "PERSON_UNKNOWN");
  absl::StatusOr<v1::Intake> intake = Open(kPerson);
  ASSERT_TRUE(intake.ok()) << intake.status();
  EXPECT_EQ(intake->person(), kPerson);
  EXPECT_EQ(ReasonOf(Open(kPerson).status()), "INTAKE_EXISTS");
}

TEST_F(ProceduresTest, AnIntakeIsAnsweredOnlyWhenThereIsOne) {
  for (auto kind : {v1::COMPLAINT_OUTCOME_KIND_INTAKE_OPENED, v1::COMPLAINT_OUTCOME_KIND_JOINED}) {
    ASSERT_TRUE(BringComplaint().ok());
    ASSERT_TRUE(Step(types::v1::TRANSITION_TAKE_UP).ok());
    const absl::Status refused = Answer(Outcome(kind));
    EXPECT_EQ(ReasonOf(refused), "INTAKE_MISSING");
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(refused.ToString(), HasSubstr(kPerson));
    EXPECT_EQ(desk_.Referral(id_).state, types::v1::REFERRAL_STATE_TAKEN_UP) << "nothing changed";
  }
  ASSERT_TRUE(Open(kPerson).ok());
  EXPECT_TRUE(Answer(Outcome(v1::COMPLAINT_OUTCOME_KIND_JOINED)).ok());
  EXPECT_EQ(desk_.Referral(id_).state, types::v1::REFERRAL_STATE_ANSWERED);
}

TEST_F(ProceduresTest, ThatAnIntakeWasOpenedIsAnswered) {
  ASSERT_TRUE(BringComplaint().ok());
  ASSERT_TRUE(Step(types::v1::TRANSITION_TAKE_UP).ok());
  ASSERT_TRUE(Open(kPerson).ok());
  EXPECT_TRUE(Answer(Outcome(v1::COMPLAINT_OUTCOME_KIND_INTAKE_OPENED)).ok());
  EXPECT_EQ(desk_.sent().back().transition(), types::v1::TRANSITION_ANSWER);
}

TEST_F(ProceduresTest, NoFederalMatterNeedsNoIntakeAndTheHandleStaysKnown) {
  ASSERT_TRUE(BringComplaint().ok());
  ASSERT_TRUE(Step(types::v1::TRANSITION_TAKE_UP).ok());
  v1::ComplaintOutcome outcome = Outcome(v1::COMPLAINT_OUTCOME_KIND_NO_FEDERAL_MATTER);
  outcome.clear_advice();
  EXPECT_EQ(ReasonOf(Answer(outcome)), "FIELD_INVALID");
  EXPECT_TRUE(Answer(Outcome(v1::COMPLAINT_OUTCOME_KIND_NO_FEDERAL_MATTER)).ok());
  EXPECT_TRUE(Open(kPerson).ok());
}

TEST_F(ProceduresTest, AComplaintThatWasGivenBackMakesNobodyKnown) {
  ASSERT_TRUE(BringComplaint().ok());
  ASSERT_TRUE(Step(types::v1::TRANSITION_RETURN).ok());
  EXPECT_EQ(ReasonOf(Open(kPerson).status()), "PERSON_UNKNOWN");
}

TEST_F(ProceduresTest, AComplaintThatCannotBeReadMakesNobodyKnown) {
  ASSERT_TRUE(Bring("dol", procedures::kWorkerExploitation, v1::ComplaintReferral()).ok());
  EXPECT_EQ(desk_.sent().back().transition(), types::v1::TRANSITION_RETURN);
  EXPECT_EQ(ReasonOf(Open(kPerson).status()), "PERSON_UNKNOWN");
}

TEST_F(ProceduresTest, TheAttorneyGeneralIsConsultedAndThatMakesNobodyKnown) {
  v1::Consultation body;
  body.set_certification_case_id("cc-1");
  body.set_willingness("will testify");
  body.set_basis("continued presence cp-1");
  ASSERT_TRUE(Bring("hhs", procedures::kAttorneyGeneral, body).ok());
  EXPECT_EQ(ReasonOf(Step(types::v1::TRANSITION_TAKE_UP)), "UNIT_NOT_OWN");
  ASSERT_TRUE(Step(types::v1::TRANSITION_TAKE_UP, procedures::kAttorneyGeneral).ok());
  v1::ConsultationAnswer answer;
  answer.set_view(v1::CONSULTATION_VIEW_OBJECTS);
  EXPECT_EQ(ReasonOf(Answer(answer, procedures::kAttorneyGeneral)), "FIELD_INVALID") << "why?";
  answer.set_view(v1::CONSULTATION_VIEW_CONCURS);
  EXPECT_TRUE(Answer(answer, procedures::kAttorneyGeneral).ok());
  EXPECT_EQ(ReasonOf(Open(kPerson).status()), "PERSON_UNKNOWN");
}

}  // namespace
}  // namespace waystation::doj
