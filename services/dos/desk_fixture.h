#ifndef WAYSTATION_SERVICES_DOS_DESK_FIXTURE_H_
#define WAYSTATION_SERVICES_DOS_DESK_FIXTURE_H_

#include <string>
#include <string_view>

#include "common/agency/fake_desk.h"
#include "common/agency/fields.h"
#include "common/agency/officers.h"
#include "common/agency/time_proto.h"
#include "common/casework/case_table.h"
#include "common/casework/consents.h"
#include "common/casework/incoming.h"
#include "common/casework/referrals.h"
#include "common/petitioner/casebook.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/dos/register.h"
#include "services/dos/reports.h"
#include "services/dos/returns.h"

namespace waystation::dos {

inline constexpr std::string_view kPrmUnit = "dos/prm";

// DOS at work on 9 January 2002.
//
// Single-threaded: the test.
class DeskTest : public testing::Test {
 protected:
  static bus::v1::Directory MakeDirectory() {
    bus::v1::Directory directory;
    directory.set_version(1);
    for (const char* agency : {"dos", "doj", "hhs", "ins", "usaid"}) {
      directory.add_identities()->set_identity(agency::FakeDesk::IdentityOf(agency));
    }
    bus::v1::Identity& dos = *directory.mutable_identities(0);
    for (std::string_view name : {kConsular, kDiplomaticSecurity, kPrmUnit}) {
      dos.add_units()->set_name(std::string(name));
    }
    dos.mutable_units(1)->add_attributes("federal_lea");
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

  static types::v1::Date Date(int year, int month, int day) {
    return agency::ToDate(absl::CivilDay(year, month, day));
  }

  // A message of another agency.
  absl::Status Deliver(std::string_view from, const agency::CaseContent& content) {
    return desk_.Deliver(from, content, [&](const agency::CaseMessage& message, agency::Tx& tx) {
      last_brought_ = message.content.referral_id();
      return casework::OnCase(procedures_, message, tx);
    });
  }

  // A step of the other agency on a referral that is there.
  absl::Status Step(std::string_view from, const std::string& referral_id,
                    types::v1::Transition transition,
                    const google::protobuf::Message* body = nullptr) {
    agency::CaseContent content;
    content.set_referral_id(referral_id);
    content.set_transition(transition);
    if (body != nullptr) content.mutable_body()->PackFrom(*body);
    return Deliver(from, content);
  }

  int64_t Version(const std::string& referral_id) {
    return static_cast<int64_t>(desk_.Referral(referral_id).version);
  }

  absl::Status OfficerSteps(const std::string& referral_id, types::v1::Transition transition,
                            std::string_view unit = kPrmUnit) {
    casework::v1::StepReferralRequest request;
    request.set_referral_id(referral_id);
    request.set_expected_version(Version(referral_id));
    request.set_transition(transition);
    casework::v1::StepReferralResponse out;
    return desk_.Write([&](agency::Tx& tx) {
      return casework::StepReferral(procedures_, Officer(unit), request, tx, out);
    });
  }

  absl::Status Answer(const std::string& referral_id, const google::protobuf::Message& body) {
    casework::v1::ProposeAnswerRequest request;
    request.set_referral_id(referral_id);
    request.set_expected_version(Version(referral_id));
    request.mutable_body()->PackFrom(body);
    casework::v1::ProposeAnswerResponse out;
    return desk_.Write([&](agency::Tx& tx) {
      return casework::ProposeAnswer(procedures_, Officer(kPrmUnit), request, desk_.random(), tx,
                                     out);
    });
  }

  casework::v1::Referral Get(const std::string& referral_id, std::string_view unit = kPrmUnit) {
    casework::v1::GetReferralRequest request;
    request.set_referral_id(referral_id);
    casework::v1::GetReferralResponse out;
    absl::Status read = desk_.Read([&](agency::Tx& tx) {
      return casework::GetReferral(procedures_, Officer(unit), request, tx, out);
    });
    EXPECT_TRUE(read.ok()) << read;
    return out.referral();
  }

  std::string last_brought_;
  casework::Procedures procedures_ = MakeProcedures();
  agency::FakeDesk desk_{
      "dos",
      {casework::CaseTable::schema(), petitioner::Casebook::schema(), Register::schema()},
      MakeDirectory()};
};

}  // namespace waystation::dos

#endif  // WAYSTATION_SERVICES_DOS_DESK_FIXTURE_H_
