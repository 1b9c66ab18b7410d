#include <string>
#include <utility>

#include "common/petitioner/intakes.h"
#include "common/petitioner/petitioner_fixture.h"
#include "common/petitioner/petitioning_agency.h"
#include "common/petitioner/petitions.h"

namespace waystation::petitioner {
namespace {

// An agency whose units do not see each other's people.
class UnitsApartTest : public PetitionerTest {
 protected:
  UnitsApartTest() { petitioner_.units_apart = true; }

  // What an officer of `unit` is answered by one of this room's functions.
  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(absl::Status (*act)(const Petitioner&, const agency::Officer&,
                                                   const Request&, agency::Tx&, Response&),
                               const std::string& unit, const Request& request) {
    Response out;
    WS_RETURN_IF_ERROR(desk_.Write(
        [&](agency::Tx& tx) { return act(petitioner_, Officer(unit), request, tx, out); }));
    return out;
  }
};

constexpr char kOther[] = "doj/us-attorneys";

TEST_F(UnitsApartTest, AnIntakeIsItsUnitsAlone) {
  const std::string person = Open();
  v1::GetIntakeRequest get;
  get.set_person(person);
  EXPECT_TRUE(Ask(GetIntake, "doj/fbi", get).ok());
  EXPECT_EQ(ReasonOf(Ask(GetIntake, kOther, get).status()), "PERSON_UNKNOWN");
  EXPECT_EQ(Ask(ListIntakes, "doj/fbi", v1::ListIntakesRequest())->intakes_size(), 1);
  EXPECT_EQ(Ask(ListIntakes, kOther, v1::ListIntakesRequest())->intakes_size(), 0);
}

TEST_F(UnitsApartTest, NobodyElseFindsOrPetitionsForItsPerson) {
  const std::string person = Open();
  EXPECT_EQ(ReasonOf(Find(Finding(person, kOther))), "PERSON_UNKNOWN");
  v1::RecordDutyRequest duty;
  duty.set_person(person);
  duty.set_kind(v1::DUTY_KIND_PROTECTION);
  *duty.mutable_done_on() = Date(2002, 1, 9);
  EXPECT_EQ(ReasonOf(Ask(RecordDuty, kOther, duty).status()), "PERSON_UNKNOWN");
  EXPECT_EQ(ReasonOf(File(Petition(person, kOther)).status()), "PERSON_UNKNOWN");
  EXPECT_TRUE(Ask(RecordDuty, "doj/fbi", duty).ok());
  EXPECT_TRUE(Find(Finding(person)).ok());
  EXPECT_TRUE(File(Petition(person)).ok());
}

TEST_F(UnitsApartTest, APetitionIsItsUnitsAlone) {
  const v1::Petition petition = Filed();
  v1::GetPetitionRequest get;
  get.set_referral_id(petition.referral_id());
  EXPECT_TRUE(Ask(GetPetition, "doj/fbi", get).ok());
  EXPECT_EQ(ReasonOf(Ask(GetPetition, kOther, get).status()), "REFERRAL_UNKNOWN");
  EXPECT_EQ(Ask(ListPetitions, "doj/fbi", v1::ListPetitionsRequest())->petitions_size(), 1);
  EXPECT_EQ(Ask(ListPetitions, kOther, v1::ListPetitionsRequest())->petitions_size(), 0);
  v1::CancelPetitionRequest cancel;
  cancel.set_referral_id(petition.referral_id());
  cancel.set_expected_version(petition.version());
  cancel.set_reason("a reason");
  EXPECT_EQ(ReasonOf(Ask(CancelPetition, kOther, cancel).status()), "REFERRAL_UNKNOWN");
  EXPECT_EQ(desk_.sent().size(), 1u);
}

// Its hook, which the lists of CaseworkService ask.
class Hooked : public PetitioningAgency {
 public:
  explicit Hooked(Petitioner petitioner)
      : PetitioningAgency(casework::Procedures("doj", casework::Procedures::List()),
                          std::move(petitioner)) {}
  using PetitioningAgency::CheckSees;
};

TEST_F(UnitsApartTest, AUnitLearnsOfItsOwnReferralsAlone) {
  const Hooked apart(petitioner_);
  EXPECT_TRUE(apart.CheckSees(Officer("doj/fbi"), "doj/fbi").ok());
  EXPECT_EQ(ReasonOf(apart.CheckSees(Officer(kOther), "doj/fbi")), "UNIT_NOT_OWN");
  petitioner_.units_apart = false;
  EXPECT_TRUE(Hooked(petitioner_).CheckSees(Officer(kOther), "doj/fbi").ok());
}

}  // namespace
}  // namespace waystation::petitioner
