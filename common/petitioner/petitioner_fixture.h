#ifndef WAYSTATION_COMMON_PETITIONER_PETITIONER_FIXTURE_H_
#define WAYSTATION_COMMON_PETITIONER_PETITIONER_FIXTURE_H_

#include <string>
#include <string_view>
#include <utility>

#include "common/agency/fake_desk.h"
#include "common/agency/fields.h"
#include "common/casework/case_table.h"
#include "common/casework/procedures.h"
#include "common/petitioner/casebook.h"
#include "common/petitioner/incoming.h"
#include "common/petitioner/intakes.h"
#include "common/petitioner/petitions.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waystation::petitioner {

// An agency that petitions at work on 9 January 2002: DOJ, with the FBI and the US Attorneys as
// federal law enforcement and the OVC as none. It knows of "pv-known" from elsewhere.
//
// Single-threaded: the test.
class PetitionerTest : public testing::Test {
 protected:
  static Petitioner MakePetitioner(RandomSource random) {
    Petitioner petitioner;
    petitioner.agency = "doj";
    petitioner.office = "Department of Justice";
    petitioner.knows_person = [](std::string_view person, std::string_view, agency::Tx&) {
      return absl::StatusOr<bool>(person == "pv-known");
    };
    petitioner.random = std::move(random);
    return petitioner;
  }

  static bus::v1::Directory MakeDirectory() {
    bus::v1::Directory directory;
    directory.set_version(1);
    bus::v1::Identity& doj = *directory.add_identities();
    doj.set_identity(agency::FakeDesk::IdentityOf("doj"));
    for (const char* name : {"doj/fbi", "doj/us-attorneys", "doj/ovc"}) {
      bus::v1::Unit& unit = *doj.add_units();
      unit.set_name(name);
      if (std::string(name) != "doj/ovc") unit.add_attributes("federal_lea");
    }
    directory.add_identities()->set_identity(agency::FakeDesk::IdentityOf("ins"));
    return directory;
  }

  static agency::Officer Officer(const std::string& unit, const std::string& staff = "agent-1") {
    agency::Officer officer;
    officer.set_office("office");
    officer.set_title("title");
    officer.set_staff_id(staff);
    officer.set_unit(unit);
    return officer;
  }

  static types::v1::Date Date(int year, int month, int day) {
    return agency::ToDate(absl::CivilDay(year, month, day));
  }

  std::string Open(const std::string& unit = "doj/fbi") {
    v1::OpenIntakeRequest request;
    request.set_unit(unit);
    request.set_circumstances("held in a house");
    v1::OpenIntakeResponse out;
    EXPECT_TRUE(desk_
                    .Write([&](agency::Tx& tx) {
                      return OpenIntake(petitioner_, Officer(unit), request, tx, out);
                    })
                    .ok());
    return out.intake().person();
  }

  static v1::RecordFindingRequest Finding(const std::string& person,
                                          const std::string& unit = "doj/fbi") {
    v1::RecordFindingRequest request;
    request.set_person(person);
    request.set_unit(unit);
    request.set_result(v1::FINDING_RESULT_SEVERE_FORM);
    request.mutable_elements()->set_act(types::v1::EXPLOITATION_ACT_LABOR_OR_SERVICES);
    request.mutable_elements()->add_conduct(types::v1::TRAFFICKING_CONDUCT_HARBORING);
    request.mutable_elements()->add_means(types::v1::TRAFFICKING_MEANS_COERCION);
    request.mutable_elements()->add_purposes(types::v1::LABOR_PURPOSE_PEONAGE);
    request.set_evidence_summary("passport kept, debts");
    *request.mutable_made_on() = Date(2002, 1, 8);
    return request;
  }

  absl::Status Find(const v1::RecordFindingRequest& request) {
    v1::RecordFindingResponse out;
    return desk_.Write([&](agency::Tx& tx) {
      return RecordFinding(petitioner_, Officer(request.unit()), request, tx, out);
    });
  }

  static v1::PetitionRequestTerms Terms() {
    v1::PetitionRequestTerms terms;
    terms.set_case_number("31A-NY-1");
    terms.set_circumstances("needed for the trial");
    terms.set_potential_witness_certified(true);
    *terms.mutable_requested_from() = Date(2002, 1, 9);
    *terms.mutable_requested_until() = Date(2003, 1, 9);
    return terms;
  }

  static v1::FilePetitionRequest Petition(const std::string& person,
                                          const std::string& unit = "doj/fbi") {
    v1::FilePetitionRequest request;
    request.set_unit(unit);
    request.set_person(person);
    *request.mutable_terms() = Terms();
    return request;
  }

  absl::StatusOr<v1::Petition> File(const v1::FilePetitionRequest& request) {
    v1::FilePetitionResponse out;
    WS_RETURN_IF_ERROR(desk_.Write([&](agency::Tx& tx) {
      return FilePetition(petitioner_, Officer(request.unit()), request, tx, out);
    }));
    return out.petition();
  }

  // A petition that is on its way, for a person with a finding.
  v1::Petition Filed() {
    const std::string person = Open();
    EXPECT_TRUE(Find(Finding(person)).ok());
    absl::StatusOr<v1::Petition> petition = File(Petition(person));
    EXPECT_TRUE(petition.ok()) << petition.status();
    return *petition;
  }

  v1::Petition Get(const std::string& referral_id, const std::string& unit = "doj/fbi") {
    v1::GetPetitionRequest request;
    request.set_referral_id(referral_id);
    v1::GetPetitionResponse out;
    EXPECT_TRUE(desk_
                    .Read([&](agency::Tx& tx) {
                      return GetPetition(petitioner_, Officer(unit), request, tx, out);
                    })
                    .ok());
    return out.petition();
  }

  // What INS says of a petition, ready to be changed by the test.
  static agency::CaseContent FromIns(const v1::Petition& petition,
                                     types::v1::Transition transition) {
    agency::CaseContent content;
    content.set_referral_id(petition.referral_id());
    content.set_transition(transition);
    content.set_from_unit("ins/vermont-service-center");
    content.set_to_unit(petition.unit());
    content.set_person(petition.person());
    return content;
  }

  static ins::v1::ContinuedPresenceDecision Grant() {
    ins::v1::ContinuedPresenceDecision decision;
    decision.set_outcome(ins::v1::DECISION_OUTCOME_GRANTED);
    decision.set_presence_id("cp-1");
    decision.set_mechanism(ins::v1::PRESENCE_MECHANISM_PAROLE);
    *decision.mutable_effective_date() = Date(2002, 1, 10);
    *decision.mutable_expires_on() = Date(2003, 1, 9);
    *decision.add_officials() = Officer("ins/vermont-service-center", "first");
    *decision.add_officials() = Officer("ins/vermont-service-center", "second");
    return decision;
  }

  absl::Status Deliver(const agency::CaseContent& content, const std::string& from = "ins") {
    return desk_.Deliver(from, content, [this](const agency::CaseMessage& message, agency::Tx& tx) {
      return OnCase(petitioner_, procedures_, message, tx);
    });
  }

  absl::Status Answer(const v1::Petition& petition,
                      const ins::v1::ContinuedPresenceDecision& decision) {
    EXPECT_TRUE(Deliver(FromIns(petition, types::v1::TRANSITION_TAKE_UP)).ok());
    agency::CaseContent content = FromIns(petition, types::v1::TRANSITION_ANSWER);
    content.mutable_body()->PackFrom(decision);
    return Deliver(content);
  }

  agency::FakeDesk desk_{
      "doj", {casework::CaseTable::schema(), Casebook::schema()}, MakeDirectory()};
  const casework::Procedures procedures_{"doj", {}};
  Petitioner petitioner_ = MakePetitioner(desk_.random());
};

}  // namespace waystation::petitioner

#endif  // WAYSTATION_COMMON_PETITIONER_PETITIONER_FIXTURE_H_
