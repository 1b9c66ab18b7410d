#ifndef WAYSTATION_SERVICES_HHS_HHS_FIXTURE_H_
#define WAYSTATION_SERVICES_HHS_HHS_FIXTURE_H_

#include <functional>
#include <string>
#include <utility>

#include "common/agency/fake_desk.h"
#include "common/agency/fields.h"
#include "common/casework/case_table.h"
#include "common/casework/incoming.h"
#include "common/casework/referrals.h"
#include "common/evidence/test_bus.h"
#include "common/procedures/doj.h"
#include "common/procedures/hhs.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/hhs/case_law.h"
#include "services/hhs/cases.h"
#include "services/hhs/letters.h"
#include "services/hhs/procedures.h"
#include "services/hhs/register.h"
#include "waystation/doj/v1/consultation.pb.h"
#include "waystation/hhs/v1/notices.pb.h"

namespace waystation::hhs {

// HHS at work on 9 January 2002.
//
// Single-threaded: the test.
class HhsTest : public testing::Test {
 protected:
  static constexpr char kPerson[] = "pv-1";

  static bus::v1::Directory MakeDirectory() {
    bus::v1::Directory directory;
    directory.set_version(1);
    for (const char* name : {"doj/fbi", "doj/ovc", "dol/eta", "dos/diplomatic-security", "dos/prm",
                             "ins/investigations", "ins/vermont-service-center", "hhs/orr"}) {
      const std::string unit = name;
      const std::string identity = agency::FakeDesk::IdentityOf(unit.substr(0, 3));
      if (directory.identities().empty() ||
          directory.identities().rbegin()->identity() != identity) {
        directory.add_identities()->set_identity(identity);
      }
      bus::v1::Unit& added = *directory.mutable_identities()->rbegin()->add_units();
      added.set_name(unit);
      if (unit == "doj/fbi" || unit == "dos/diplomatic-security" || unit == "ins/investigations") {
        added.add_attributes("federal_lea");
      }
    }
    return directory;
  }

  static agency::Officer Officer(const std::string& staff = "orr-1",
                                 const std::string& unit = "hhs/orr") {
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

  // Of so many years today.
  static types::v1::PersonAge Years(int years) {
    types::v1::PersonAge age;
    *age.mutable_birth_date() = Date(2002 - years, 1, 9);
    return age;
  }

  void SetToday(absl::CivilDay day) {
    desk_.clock().SetNow(absl::FromCivil(day, absl::UTCTimeZone()) + absl::Hours(15));
  }

  // Calls one rpc's function in a transaction.
  template <typename Response, typename Fn>
  absl::StatusOr<Response> Call(Fn fn) {
    Response response;
    WS_RETURN_IF_ERROR(desk_.Write([&](agency::Tx& tx) { return fn(tx, response); }));
    return response;
  }

  absl::StatusOr<v1::CertificationCase> Open(
      const types::v1::PersonAge& age = Years(18), v1::CaseDoor door = v1::CASE_DOOR_NGO,
      v1::ImmigrationClass immigration_class = v1::IMMIGRATION_CLASS_UNSPECIFIED) {
    v1::OpenCaseRequest request;
    request.set_person(kPerson);
    request.set_door(door);
    *request.mutable_age() = age;
    request.set_immigration_class(immigration_class);
    WS_ASSIGN_OR_RETURN(v1::OpenCaseResponse response,
                        Call<v1::OpenCaseResponse>([&](agency::Tx& tx, auto& out) {
                          return OpenCase(Officer(), request, desk_.random(), tx, out);
                        }));
    return response.certification_case();
  }

  std::string CaseId() { return Get().case_id(); }

  absl::StatusOr<v1::CertificationCase> Find() {
    v1::GetCaseRequest request;
    request.set_person(kPerson);
    v1::GetCaseResponse response;
    WS_RETURN_IF_ERROR(
        desk_.Read([&](agency::Tx& tx) { return GetCase(Officer(), request, tx, response); }));
    return response.certification_case();
  }

  v1::CertificationCase Get() {
    auto found = Find();
    EXPECT_TRUE(found.ok()) << found.status();
    return found.value_or(v1::CertificationCase());
  }

  absl::Status SetFacts(const types::v1::PersonAge& age,
                        v1::ImmigrationClass one = v1::IMMIGRATION_CLASS_UNSPECIFIED) {
    v1::RecordFactsRequest request;
    request.set_case_id(CaseId());
    *request.mutable_age() = age;
    request.set_immigration_class(one);
    return Call<v1::RecordFactsResponse>(
               [&](agency::Tx& tx, auto& out) { return RecordFacts(Officer(), request, tx, out); })
        .status();
  }

  absl::Status State(bool willing, const types::v1::Date& stated_on = Date(2002, 1, 8)) {
    v1::RecordWillingnessRequest request;
    request.set_case_id(CaseId());
    request.set_willing(willing);
    request.set_statement(willing ? "will testify" : "does not wish to");
    *request.mutable_stated_on() = stated_on;
    return Call<v1::RecordWillingnessResponse>([&](agency::Tx& tx, auto& out) {
             return RecordWillingness(Officer(), request, tx, out);
           })
        .status();
  }

  absl::StatusOr<std::string> Consult() {
    v1::ConsultAttorneyGeneralRequest request;
    request.set_case_id(CaseId());
    const casework::Procedure& procedure =
        *procedures_.ByName(procedures::AttorneyGeneralConsultation().terms.name);
    WS_ASSIGN_OR_RETURN(auto response,
                        Call<v1::ConsultAttorneyGeneralResponse>([&](agency::Tx& tx, auto& out) {
                          return ConsultAttorneyGeneral(procedure, Officer(), request, tx, out);
                        }));
    return response.certification_case().open_consultation_referral_id();
  }

  absl::Status Deliver(std::string_view from, const agency::CaseContent& content) {
    return desk_.Deliver(from, content, [&](const agency::CaseMessage& message, agency::Tx& tx) {
      last_id_ = message.content.referral_id();
      return casework::OnCase(procedures_, message, tx);
    });
  }

  // Brings a request to hhs/orr and returns its referral.
  std::string Ask(const std::string& unit, const google::protobuf::Message& body) {
    agency::CaseContent content;
    content.set_from_unit(unit);
    content.set_to_unit("hhs/orr");
    *content.add_officials() = Officer("officer-1", unit);
    content.set_person(kPerson);
    content.mutable_disclosure_basis()->set_kind(
        referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
    content.mutable_disclosure_basis()->set_citation("TVPA 107(b)(1)");
    content.mutable_body()->PackFrom(body);
    const absl::Status done = Deliver(unit.substr(0, unit.find('/')), content);
    EXPECT_TRUE(done.ok()) << done;
    return last_id_;
  }

  std::string Notify(v1::StatusEvent event, const types::v1::Date& on = Date(2002, 1, 9),
                     const std::string& reference = "cp-1",
                     const std::string& unit = "ins/vermont-service-center") {
    v1::StatusNotice notice;
    notice.set_event(event);
    notice.set_reference(reference);
    *notice.mutable_event_on() = on;
    if (event == v1::STATUS_EVENT_PRESENCE_GRANTED) {
      *notice.mutable_expires_on() = Date(2003, 1, 9);
    }
    return Ask(unit, notice);
  }

  // The other agency takes a step on a referral.
  absl::Status Step(std::string_view from, const std::string& referral_id,
                    types::v1::Transition transition,
                    const google::protobuf::Message* body = nullptr) {
    agency::CaseContent content;
    content.set_referral_id(referral_id);
    content.set_transition(transition);
    content.set_person(kPerson);
    if (body != nullptr) content.mutable_body()->PackFrom(*body);
    return Deliver(from, content);
  }

  absl::Status AnswerConsultation(const std::string& referral_id, doj::v1::ConsultationView view) {
    WS_RETURN_IF_ERROR(Step("doj", referral_id, types::v1::TRANSITION_TAKE_UP));
    doj::v1::ConsultationAnswer answer;
    answer.set_view(view);
    answer.set_comment("seen");
    return Step("doj", referral_id, types::v1::TRANSITION_ANSWER, &answer);
  }

  absl::StatusOr<std::string> Propose(v1::LetterKind kind, const std::string& staff = "orr-1") {
    v1::ProposeLetterRequest request;
    request.set_case_id(CaseId());
    request.set_kind(kind);
    WS_ASSIGN_OR_RETURN(auto response,
                        Call<v1::ProposeLetterResponse>([&](agency::Tx& tx, auto& out) {
                          return ProposeLetter(Officer(staff), request, desk_.random(), tx, out);
                        }));
    return response.certification_case().proposal().proposal_id();
  }

  absl::StatusOr<v1::SignedLetter> Confirm(const std::string& proposal_id,
                                           const std::string& staff = "orr-2") {
    v1::ConfirmLetterRequest request;
    request.set_case_id(CaseId());
    request.set_proposal_id(proposal_id);
    WS_ASSIGN_OR_RETURN(
        auto response, Call<v1::ConfirmLetterResponse>([&](agency::Tx& tx, auto& out) {
          return ConfirmLetter(Officer(staff), request, signer_, desk_.random(), tx, out);
        }));
    return response.letter();
  }

  // An adult with all that a certification needs.
  void Prepare() {
    ASSERT_TRUE(Open().ok());
    Notify(v1::STATUS_EVENT_PRESENCE_GRANTED);
    ASSERT_TRUE(State(true).ok());
    auto referral = Consult();
    ASSERT_TRUE(referral.ok()) << referral.status();
    ASSERT_TRUE(AnswerConsultation(*referral, doj::v1::CONSULTATION_VIEW_CONCURS).ok());
  }

  absl::StatusOr<v1::SignedLetter> Issue(v1::LetterKind kind) {
    WS_ASSIGN_OR_RETURN(std::string proposal_id, Propose(kind));
    return Confirm(proposal_id);
  }

  // The number of a certification letter of a prepared adult.
  std::string Certified() {
    Prepare();
    auto letter = Issue(v1::LETTER_KIND_CERTIFICATION);
    EXPECT_TRUE(letter.ok()) << letter.status();
    v1::Letter content;
    EXPECT_TRUE(content.ParseFromString(letter->letter()));
    return content.number();
  }

  absl::StatusOr<v1::VerifyLetterResponse> Verify(const std::string& number) {
    v1::VerifyLetterRequest request;
    request.set_number(number);
    request.set_office("county office 12");
    request.add_benefits(v1::BENEFIT_MEDICAID);
    return Call<v1::VerifyLetterResponse>([&](agency::Tx& tx, auto& out) {
      return VerifyLetter(Officer("line-1", "hhs/verification-line"), request, tx, out);
    });
  }

  evidence::TestBus bus_;
  evidence::Signer signer_ = bus_.Enroll("/agency/hhs");
  agency::FakeDesk desk_{
      "hhs", {casework::CaseTable::schema(), Register::schema()}, MakeDirectory()};
  casework::Procedures procedures_ = MakeProcedures(desk_.random());
  std::string last_id_;
};

}  // namespace waystation::hhs

#endif  // WAYSTATION_SERVICES_HHS_HHS_FIXTURE_H_
