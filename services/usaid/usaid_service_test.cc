#include "services/usaid/usaid_service.h"

#include <memory>
#include <string>

#include "common/agency/fake_desk.h"
#include "common/agency/time_proto.h"
#include "common/casework/casework_service.h"
#include "common/casework/referrals.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "waystation/usaid/v1/reintegration.pb.h"

namespace waystation::usaid {
namespace {

using types::v1::Transition;

// USAID's missions, asked by DOS under a person's consent.
class UsaidTest : public testing::Test {
 protected:
  static bus::v1::Directory MakeDirectory() {
    bus::v1::Directory directory;
    directory.set_version(1);
    return directory;
  }

  static agency::Officer Officer(const std::string& unit) {
    agency::Officer officer;
    officer.set_office("office");
    officer.set_title("title");
    officer.set_staff_id("staff-1");
    officer.set_unit(unit);
    return officer;
  }

  agency::CaseContent Request(const std::string& unit = "usaid/missions") {
    v1::ReintegrationReferral body;
    body.set_country("MD");
    body.add_support(v1::REINTEGRATION_SUPPORT_SHELTER);
    agency::CaseContent content;
    content.set_from_unit("dos/prm");
    content.set_to_unit(unit);
    *content.add_officials() = Officer("dos/prm");
    content.set_person("pv-1");
    content.mutable_body()->PackFrom(body);
    referral::v1::DisclosureBasis& basis = *content.mutable_disclosure_basis();
    basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_CONSENT);
    basis.set_consent_id("cs-1");
    basis.set_scope_version(1);
    basis.mutable_scope()->add_purposes(referral::v1::CONSENT_PURPOSE_RETURN);
    basis.mutable_scope()->add_agencies("usaid");
    *basis.mutable_scope()->mutable_valid_until() =
        agency::ToProtoTime(desk_.clock().Now() + absl::Hours(24));
    return content;
  }

  std::string Bring(const agency::CaseContent& content) {
    std::string id = content.referral_id();
    absl::Status taken =
        desk_.Deliver("dos", content, [&](const agency::CaseMessage& message, agency::Tx& tx) {
          id = message.content.referral_id();
          return service_->OnCase(message, tx);
        });
    EXPECT_TRUE(taken.ok()) << taken;
    return id;
  }

  absl::Status Step(const std::string& id, Transition transition) {
    casework::v1::StepReferralRequest request;
    request.set_referral_id(id);
    request.set_expected_version(static_cast<int64_t>(desk_.Referral(id).version));
    request.set_transition(transition);
    casework::v1::StepReferralResponse out;
    return desk_.Write([&](agency::Tx& tx) {
      return casework::StepReferral(procedures(), Officer("usaid/missions"), request, tx, out);
    });
  }

  absl::Status Answer(const std::string& id, const v1::ReintegrationOutcome& outcome) {
    casework::v1::ProposeAnswerRequest request;
    request.set_referral_id(id);
    request.set_expected_version(static_cast<int64_t>(desk_.Referral(id).version));
    request.mutable_body()->PackFrom(outcome);
    casework::v1::ProposeAnswerResponse out;
    return desk_.Write([&](agency::Tx& tx) {
      return casework::ProposeAnswer(procedures(), Officer("usaid/missions"), request,
                                     desk_.random(), tx, out);
    });
  }

  const casework::Procedures& procedures() const {
    return static_cast<const casework::CaseworkAgency&>(*service_).procedures();
  }

  std::unique_ptr<agency::Service> service_ = MakeService({}, SystemClock());
  agency::FakeDesk desk_{"usaid", service_->schemas(), MakeDirectory()};
};

TEST_F(UsaidTest, TakesReintegrationUpAndAnswersIt) {
  const std::string id = Bring(Request());
  ASSERT_TRUE(Step(id, types::v1::TRANSITION_TAKE_UP).ok());
  v1::ReintegrationOutcome outcome;
  EXPECT_EQ(ReasonOf(Answer(id, outcome)), "FIELD_INVALID") << "nothing arranged, and no reason";
  outcome.add_arranged(v1::REINTEGRATION_SUPPORT_LEGAL);
  EXPECT_EQ(ReasonOf(Answer(id, outcome)), "FIELD_INVALID") << "not asked for";
  outcome.set_arranged(0, v1::REINTEGRATION_SUPPORT_SHELTER);
  ASSERT_TRUE(Answer(id, outcome).ok());
  EXPECT_EQ(desk_.sent().back().transition(), types::v1::TRANSITION_ANSWER);
  EXPECT_EQ(desk_.sent().back().to_unit(), "dos/prm");
}

TEST_F(UsaidTest, ConfirmsAWithdrawalOnce) {
  const std::string id = Bring(Request());
  ASSERT_TRUE(Step(id, types::v1::TRANSITION_TAKE_UP).ok());
  EXPECT_EQ(ReasonOf(Step(id, types::v1::TRANSITION_SCOPE_CONFIRMED)), "TRANSITION_NOT_ALLOWED");
  agency::CaseContent withdrawn;
  withdrawn.set_referral_id(id);
  withdrawn.set_transition(types::v1::TRANSITION_CHANGE_SCOPE);
  withdrawn.mutable_body()->PackFrom(referral::v1::ConsentScope());
  Bring(withdrawn);
  EXPECT_TRUE(Step(id, types::v1::TRANSITION_SCOPE_CONFIRMED).ok());
  EXPECT_EQ(ReasonOf(Step(id, types::v1::TRANSITION_SCOPE_CONFIRMED)), "TRANSITION_NOT_ALLOWED");
}

TEST_F(UsaidTest, SendsBackWhatItDoesNotTake) {
  agency::CaseContent other_unit = Request("usaid/budget");
  Bring(other_unit);
  EXPECT_EQ(desk_.sent().back().return_detail().reason(), types::v1::RETURN_REASON_NOT_OURS);
  agency::CaseContent uncovered = Request();
  uncovered.mutable_disclosure_basis()->mutable_scope()->set_agencies(0, "hhs");
  Bring(uncovered);
  EXPECT_EQ(desk_.sent().back().return_detail().reason(), types::v1::RETURN_REASON_INCOMPLETE);
  EXPECT_EQ(desk_.sent().size(), 2u);
}

}  // namespace
}  // namespace waystation::usaid
