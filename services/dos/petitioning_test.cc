#include "services/dos/petitioning.h"

#include <string>

#include "common/petitioner/incoming.h"
#include "common/petitioner/intakes.h"
#include "common/petitioner/petitions.h"
#include "services/dos/desk_fixture.h"

namespace waystation::dos {
namespace {

namespace pv = petitioner::v1;
using ::testing::HasSubstr;

class PetitioningTest : public DeskTest {
 protected:
  // The person of a post's report, which is routed to `to`.
  std::string Reported(v1::PostReportRoute to) {
    v1::RecordPostReportRequest request;
    request.set_post("CHI");
    request.set_circumstances("came to the section and asked for help");
    v1::RecordPostReportResponse out;
    EXPECT_TRUE(desk_
                    .Write([&](agency::Tx& tx) {
                      return RecordPostReport(Officer(kConsular), request, desk_.random(), tx, out);
                    })
                    .ok());
    v1::RoutePostReportRequest route;
    route.set_report_id(out.report().report_id());
    route.set_to(to);
    v1::RoutePostReportResponse routed;
    EXPECT_TRUE(desk_
                    .Write([&](agency::Tx& tx) {
                      return RoutePostReport(procedures_, Officer(kConsular), route, tx, routed);
                    })
                    .ok());
    return out.report().person();
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Act(absl::Status (*act)(const petitioner::Petitioner&,
                                                   const agency::Officer&, const Request&,
                                                   agency::Tx&, Response&),
                               std::string_view unit, const Request& request) {
    Response out;
    WS_RETURN_IF_ERROR(desk_.Write(
        [&](agency::Tx& tx) { return act(petitioner_, Officer(unit), request, tx, out); }));
    return out;
  }

  // The intake's person. Empty: a new one.
  absl::StatusOr<std::string> Open(std::string_view unit, const std::string& person) {
    pv::OpenIntakeRequest request;
    request.set_unit(std::string(unit));
    request.set_circumstances("held in a house");
    request.set_person(person);
    WS_ASSIGN_OR_RETURN(auto out, Act(petitioner::OpenIntake, unit, request));
    return out.intake().person();
  }

  absl::Status Find(std::string_view unit, const std::string& person) {
    pv::RecordFindingRequest request;
    request.set_person(person);
    request.set_unit(std::string(unit));
    request.set_result(pv::FINDING_RESULT_SEVERE_FORM);
    request.mutable_elements()->set_act(types::v1::EXPLOITATION_ACT_LABOR_OR_SERVICES);
    request.mutable_elements()->add_conduct(types::v1::TRAFFICKING_CONDUCT_HARBORING);
    request.mutable_elements()->add_means(types::v1::TRAFFICKING_MEANS_COERCION);
    request.mutable_elements()->add_purposes(types::v1::LABOR_PURPOSE_PEONAGE);
    request.set_evidence_summary("passport kept, debts");
    *request.mutable_made_on() = Date(2002, 1, 8);
    return Act(petitioner::RecordFinding, unit, request).status();
  }

  absl::StatusOr<pv::Petition> File(std::string_view unit, const std::string& person,
                                    bool acknowledge = false) {
    pv::FilePetitionRequest request;
    request.set_unit(std::string(unit));
    request.set_person(person);
    request.set_acknowledge_warnings(acknowledge);
    pv::PetitionRequestTerms& terms = *request.mutable_terms();
    terms.set_case_number("DS-1");
    terms.set_circumstances("needed for the trial");
    terms.set_potential_witness_certified(true);
    *terms.mutable_requested_from() = Date(2002, 1, 9);
    *terms.mutable_requested_until() = Date(2003, 1, 9);
    WS_ASSIGN_OR_RETURN(auto out, Act(petitioner::FilePetition, unit, request));
    return out.petition();
  }

  // A petition of Diplomatic Security for a reported person.
  pv::Petition Filed() {
    const std::string person = Reported(v1::POST_REPORT_ROUTE_DIPLOMATIC_SECURITY);
    EXPECT_TRUE(Open(kDiplomaticSecurity, person).ok());
    EXPECT_TRUE(Find(kDiplomaticSecurity, person).ok());
    absl::StatusOr<pv::Petition> petition = File(kDiplomaticSecurity, person);
    EXPECT_TRUE(petition.ok()) << petition.status();
    return *petition;
  }

  petitioner::Petitioner petitioner_ = MakePetitioner();
};

TEST_F(PetitioningTest, DiplomaticSecurityPetitionsForAReportedPerson) {
  const pv::Petition petition = Filed();
  EXPECT_EQ(petition.warnings_size(), 0);
  ASSERT_EQ(desk_.sent().size(), 1u);
  EXPECT_EQ(desk_.sent()[0].from_unit(), kDiplomaticSecurity);
  EXPECT_EQ(desk_.sent()[0].to_unit(), petitioner::kDefaultToUnit);
  EXPECT_EQ(desk_.sent()[0].person(), petition.person());
}

TEST_F(PetitioningTest, AConsularSectionIsWarnedByTheRule) {
  const std::string person = *Open(kConsular, "");
  ASSERT_TRUE(Find(kConsular, person).ok());
  const absl::Status refused = File(kConsular, person).status();
  EXPECT_EQ(ReasonOf(refused), "WARNINGS_NOT_ACKNOWLEDGED");
  EXPECT_THAT(refused.ToString(), HasSubstr("UNIT_MAY_NOT_PETITION"));
  EXPECT_THAT(refused.ToString(), HasSubstr("TVPA 107(c)(3)"));
  EXPECT_TRUE(desk_.sent().empty());
  // INS answers for it, so it may be sent all the same.
  absl::StatusOr<pv::Petition> sent = File(kConsular, person, true);
  ASSERT_TRUE(sent.ok()) << sent.status();
  EXPECT_EQ(sent->warnings(0).reason(), "UNIT_MAY_NOT_PETITION");
}

TEST_F(PetitioningTest, AHandleIsKnownToDiplomaticSecurityFromTheRoutingOn) {
  const std::string routed = Reported(v1::POST_REPORT_ROUTE_DIPLOMATIC_SECURITY);
  const std::string elsewhere = Reported(v1::POST_REPORT_ROUTE_PRM);
  EXPECT_EQ(ReasonOf(Open(kDiplomaticSecurity, elsewhere).status()), "PERSON_UNKNOWN");
  EXPECT_EQ(ReasonOf(Open(kPrmUnit, elsewhere).status()), "PERSON_UNKNOWN");
  EXPECT_EQ(ReasonOf(Open(kConsular, routed).status()), "PERSON_UNKNOWN");
  EXPECT_EQ(*Open(kDiplomaticSecurity, routed), routed);
  EXPECT_EQ(ReasonOf(Open(kDiplomaticSecurity, routed).status()), "INTAKE_EXISTS");
}

TEST_F(PetitioningTest, OtherUnitsSeeNothingOfIt) {
  const pv::Petition petition = Filed();
  pv::GetIntakeRequest intake;
  intake.set_person(petition.person());
  pv::GetPetitionRequest get;
  get.set_referral_id(petition.referral_id());
  for (std::string_view unit : {kConsular, kPrmUnit}) {
    EXPECT_EQ(ReasonOf(Act(petitioner::GetIntake, unit, intake).status()), "PERSON_UNKNOWN");
    EXPECT_EQ(ReasonOf(Act(petitioner::GetPetition, unit, get).status()), "REFERRAL_UNKNOWN");
  }
  EXPECT_TRUE(Act(petitioner::GetIntake, kDiplomaticSecurity, intake).ok());
  EXPECT_TRUE(Act(petitioner::GetPetition, kDiplomaticSecurity, get).ok());
}

TEST_F(PetitioningTest, ANoticeOfNobodysPresenceGoesBackFromTheDepartmentOfState) {
  ins::v1::PresenceEndedNotice notice;
  notice.set_presence_id("cp-9");
  agency::CaseContent content;
  content.set_transition(types::v1::TRANSITION_REQUEST);
  content.set_from_unit("ins/vermont-service-center");
  content.set_to_unit(std::string(kDiplomaticSecurity));
  content.set_person("pv-1");
  content.mutable_body()->PackFrom(notice);
  ASSERT_TRUE(desk_
                  .Deliver("ins", content,
                           [&](const agency::CaseMessage& message, agency::Tx& tx) {
                             return petitioner::OnCase(petitioner_, procedures_, message, tx);
                           })
                  .ok());
  EXPECT_EQ(desk_.sent().back().return_detail().reason(), types::v1::RETURN_REASON_NOT_OURS);
  EXPECT_EQ(desk_.sent().back().officials(0).office(), "Department of State");
  EXPECT_EQ(desk_.sent().back().from_unit(), kDiplomaticSecurity);
}

}  // namespace
}  // namespace waystation::dos
