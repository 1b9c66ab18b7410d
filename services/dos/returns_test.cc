#include "services/dos/returns.h"

#include <functional>
#include <string>
#include <vector>

#include "services/dos/desk_fixture.h"
#include "waystation/dos/v1/return.pb.h"
#include "waystation/usaid/v1/reintegration.pb.h"

namespace waystation::dos {
namespace {

using ::testing::HasSubstr;
using types::v1::Transition;

constexpr int kPurposes[] = {referral::v1::CONSENT_PURPOSE_RETURN,
                             referral::v1::CONSENT_PURPOSE_TELL_ORIGIN_GOVERNMENT,
                             referral::v1::CONSENT_PURPOSE_SHARE_WITH_IOM};

class ReturnsTest : public DeskTest {
 protected:
  static void Give(v1::ReturnConsent& consent) {
    consent.set_given(true);
    consent.set_consent_id("cs-1");
    *consent.mutable_valid_until() = Date(2002, 2, 9);
  }

  static v1::ReturnReferral Body() {
    v1::ReturnReferral body;
    body.set_country("MD");
    Give(*body.mutable_return_consent());
    Give(*body.mutable_origin_government_consent());
    Give(*body.mutable_iom_consent());
    *body.mutable_risk()->mutable_made_on() = Date(2002, 1, 4);
    body.mutable_risk()->set_level(v1::RISK_LEVEL_MANAGEABLE);
    body.mutable_risk()->set_summary("shelter on arrival");
    *body.mutable_age()->mutable_birth_date() = Date(1975, 3, 3);
    return body;
  }

  static referral::v1::ConsentScope Scope() {
    referral::v1::ConsentScope scope;
    for (int purpose : kPurposes) {
      scope.add_purposes(static_cast<referral::v1::ConsentPurpose>(purpose));
    }
    scope.add_agencies("dos");
    scope.add_agencies("usaid");
    const absl::Time end =
        absl::FromCivil(absl::CivilSecond(2002, 2, 9, 18, 0, 0), absl::UTCTimeZone());
    *scope.mutable_valid_until() = agency::ToProtoTime(end);
    return scope;
  }

  static agency::CaseContent Request(const v1::ReturnReferral& body,
                                     const referral::v1::ConsentScope& scope = Scope()) {
    agency::CaseContent content;
    content.set_from_unit("hhs/orr");
    content.set_to_unit(std::string(kPrmUnit));
    *content.add_officials() = Officer("hhs/orr");
    content.set_person("pv-1");
    referral::v1::DisclosureBasis& basis = *content.mutable_disclosure_basis();
    basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_CONSENT);
    basis.set_consent_id("cs-1");
    basis.set_scope_version(1);
    *basis.mutable_scope() = scope;
    content.mutable_body()->PackFrom(body);
    return content;
  }

  std::string Bring(const agency::CaseContent& content = Request(Body())) {
    EXPECT_TRUE(Deliver("hhs", content).ok());
    return last_brought_;
  }

  std::string TakenUp() {
    const std::string id = Bring();
    EXPECT_TRUE(OfficerSteps(id, types::v1::TRANSITION_TAKE_UP).ok());
    return id;
  }

  // Brings a return that goes back at once, and says by which rule.
  std::string ReturnedFor(const agency::CaseContent& content) {
    const std::string id = Bring(content);
    EXPECT_EQ(desk_.Referral(id).state, types::v1::REFERRAL_STATE_RETURNED);
    const agency::CaseContent& back = desk_.sent().back();
    EXPECT_EQ(back.transition(), types::v1::TRANSITION_RETURN);
    EXPECT_EQ(back.return_detail().reason(), types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW);
    EXPECT_THAT(back.reason_text(), HasSubstr(back.return_detail().citation()));
    EXPECT_FALSE(back.return_detail().citation().empty());
    return back.return_detail().rule_reason();
  }

  std::string ReturnedFor(const std::function<void(v1::ReturnReferral&)>& change) {
    v1::ReturnReferral body = Body();
    change(body);
    return ReturnedFor(Request(body));
  }

  absl::Status Forward(const std::string& id, const std::string& country = "MD") {
    usaid::v1::ReintegrationReferral body;
    body.set_country(country);
    body.add_support(usaid::v1::REINTEGRATION_SUPPORT_SHELTER);
    casework::v1::ForwardReferralRequest request;
    request.set_referral_id(id);
    request.set_to_unit("usaid/missions");
    request.mutable_body()->PackFrom(body);
    casework::v1::ForwardReferralResponse out;
    absl::Status sent = desk_.Write([&](agency::Tx& tx) {
      return casework::ForwardReferral(procedures_, Officer(kPrmUnit), request, tx, out);
    });
    child_ = out.referral().referral_id();
    return sent;
  }

  void UsaidAnswers() {
    usaid::v1::ReintegrationOutcome outcome;
    outcome.add_arranged(usaid::v1::REINTEGRATION_SUPPORT_SHELTER);
    EXPECT_TRUE(Step("usaid", child_, types::v1::TRANSITION_TAKE_UP).ok());
    EXPECT_TRUE(Step("usaid", child_, types::v1::TRANSITION_ANSWER, &outcome).ok());
  }

  absl::Status RequesterChanges(const std::string& id, const referral::v1::ConsentScope& scope) {
    return Step("hhs", id, types::v1::TRANSITION_CHANGE_SCOPE, &scope);
  }

  static v1::ReturnOutcome Outcome(v1::ReturnOutcomeKind kind) {
    v1::ReturnOutcome outcome;
    outcome.set_kind(kind);
    if (kind == v1::RETURN_OUTCOME_KIND_RETURNED) {
      *outcome.mutable_returned_on() = Date(2002, 1, 9);
    }
    return outcome;
  }

  absl::Status Returned(const std::string& id) {
    return Answer(id, Outcome(v1::RETURN_OUTCOME_KIND_RETURNED));
  }

  std::string child_;
};

TEST_F(ReturnsTest, TakesAReturnThatNoRuleStandsAgainst) {
  const std::string id = Bring();
  EXPECT_EQ(desk_.Referral(id).state, types::v1::REFERRAL_STATE_RECEIVED);
  EXPECT_EQ(Get(id).broken_rules_size(), 0);
  EXPECT_TRUE(OfficerSteps(id, types::v1::TRANSITION_TAKE_UP).ok());
  EXPECT_TRUE(Returned(id).ok());
  EXPECT_EQ(desk_.Referral(id).state, types::v1::REFERRAL_STATE_ANSWERED);
}

TEST_F(ReturnsTest, SendsBackAtOnceWithoutEachConsent) {
  EXPECT_EQ(ReturnedFor([](auto& body) { body.clear_return_consent(); }), "RETURN_CONSENT_MISSING");
  EXPECT_EQ(ReturnedFor([](auto& body) { body.clear_origin_government_consent(); }),
            "ORIGIN_GOVERNMENT_CONSENT_MISSING");
  EXPECT_EQ(ReturnedFor([](auto& body) { body.mutable_iom_consent()->set_given(false); }),
            "IOM_CONSENT_MISSING");
}

TEST_F(ReturnsTest, SendsBackAtOnceWithALapsedConsent) {
  const types::v1::Date yesterday = Date(2002, 1, 8);
  EXPECT_EQ(ReturnedFor([&](auto& body) {
              *body.mutable_return_consent()->mutable_valid_until() = yesterday;
            }),
            "RETURN_CONSENT_LAPSED");
  EXPECT_EQ(ReturnedFor([&](auto& body) {
              *body.mutable_origin_government_consent()->mutable_valid_until() = yesterday;
            }),
            "ORIGIN_GOVERNMENT_CONSENT_LAPSED");
  EXPECT_EQ(ReturnedFor([&](auto& body) {
              *body.mutable_iom_consent()->mutable_valid_until() = yesterday;
            }),
            "IOM_CONSENT_LAPSED");
}

TEST_F(ReturnsTest, SendsBackAtOnceForTheRisk) {
  EXPECT_EQ(ReturnedFor([](auto& body) { body.clear_risk(); }), "RISK_ASSESSMENT_MISSING");
  EXPECT_EQ(
      ReturnedFor([](auto& body) { *body.mutable_risk()->mutable_made_on() = Date(2001, 10, 10); }),
      "RISK_ASSESSMENT_STALE");
  EXPECT_EQ(ReturnedFor([](auto& body) { body.mutable_risk()->set_level(v1::RISK_LEVEL_HIGH); }),
            "RETURN_NOT_SAFE");
}

TEST_F(ReturnsTest, AsksForTheBestInterestsOfAChildAndOfAnUnknownAge) {
  const auto child = [](v1::ReturnReferral& body) {
    *body.mutable_age()->mutable_birth_date() = Date(1984, 1, 10);
  };
  const auto unknown = [](v1::ReturnReferral& body) { body.clear_age(); };
  EXPECT_EQ(ReturnedFor(child), "BEST_INTERESTS_MISSING");
  EXPECT_EQ(ReturnedFor(unknown), "BEST_INTERESTS_MISSING");
  v1::ReturnReferral body = Body();
  unknown(body);
  body.set_best_interests_determined(true);
  const std::string id = Bring(Request(body));
  EXPECT_TRUE(OfficerSteps(id, types::v1::TRANSITION_TAKE_UP).ok());
}

// Under a duty or an order nobody could call the return off.
TEST_F(ReturnsTest, SendsBackAReturnThatRestsOnNoConsent) {
  agency::CaseContent content = Request(Body());
  content.mutable_disclosure_basis()->Clear();
  content.mutable_disclosure_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_STATUTORY_DUTY);
  content.mutable_disclosure_basis()->set_citation("TVPA 107(a)(1)");
  EXPECT_EQ(ReturnedFor(content), "RETURN_CONSENT_MISSING");
}

TEST_F(ReturnsTest, ReadsTheOtherConsentsInTheScopeWhenTheyAreTheSameObject) {
  referral::v1::ConsentScope narrow = Scope();
  narrow.mutable_purposes()->Truncate(2);
  EXPECT_EQ(ReturnedFor(Request(Body(), narrow)), "IOM_CONSENT_MISSING");
  v1::ReturnReferral body = Body();
  body.mutable_iom_consent()->set_consent_id("cs-2");
  const std::string id = Bring(Request(body, narrow));
  EXPECT_EQ(desk_.Referral(id).state, types::v1::REFERRAL_STATE_RECEIVED);
}

TEST_F(ReturnsTest, AsksAgainAtTakeUp) {
  const std::string id = Bring();
  desk_.clock().Advance(absl::Hours(24 * 31));
  EXPECT_TRUE(Get(id).broken_rules().empty()) << "9 February is the last day";
  desk_.clock().Advance(absl::Hours(4));
  EXPECT_EQ(Get(id).broken_rules(0).reason(), "RETURN_CONSENT_LAPSED") << "it ended at 18:00";
  EXPECT_EQ(ReasonOf(OfficerSteps(id, types::v1::TRANSITION_TAKE_UP)), "RETURN_CONSENT_LAPSED");
  EXPECT_EQ(desk_.Referral(id).state, types::v1::REFERRAL_STATE_RECEIVED);
}

TEST_F(ReturnsTest, RefusesTakeUpOnceTheConsentIsWithdrawn) {
  const std::string id = Bring();
  ASSERT_TRUE(RequesterChanges(id, {}).ok());
  EXPECT_EQ(ReasonOf(OfficerSteps(id, types::v1::TRANSITION_TAKE_UP)), "RETURN_CONSENT_MISSING");
}

TEST_F(ReturnsTest, ForwardsToUsaidAndReportsTheReturnAfterItsAnswer) {
  const std::string id = TakenUp();
  ASSERT_TRUE(Forward(id).ok());
  const agency::CaseContent& asked = desk_.sent().back();
  EXPECT_EQ(asked.to_unit(), "usaid/missions");
  EXPECT_EQ(asked.person(), "pv-1");
  EXPECT_EQ(asked.disclosure_basis().consent_id(), "cs-1");
  EXPECT_EQ(ReasonOf(Returned(id)), "REINTEGRATION_OPEN");
  UsaidAnswers();
  ASSERT_TRUE(Returned(id).ok());
  EXPECT_TRUE(desk_.sent().back().onward(0).answered());
}

TEST_F(ReturnsTest, DoesNotWaitForAReintegrationThatCameBack) {
  const std::string id = TakenUp();
  ASSERT_TRUE(Forward(id).ok());
  ASSERT_TRUE(Step("usaid", child_, types::v1::TRANSITION_RETURN).ok());
  EXPECT_TRUE(Returned(id).ok());
}

TEST_F(ReturnsTest, ForwardsToTheCountryOfReturnAlone) {
  const std::string id = TakenUp();
  const size_t sent = desk_.sent().size();
  EXPECT_EQ(ReasonOf(Forward(id, "UA")), "FIELD_INVALID");
  EXPECT_EQ(desk_.sent().size(), sent);
}

TEST_F(ReturnsTest, TakesThatThePersonDeclinedOrStaysWithEverythingOpen) {
  for (v1::ReturnOutcomeKind kind :
       {v1::RETURN_OUTCOME_KIND_DECLINED, v1::RETURN_OUTCOME_KIND_INTEGRATION_HERE}) {
    const std::string id = TakenUp();
    ASSERT_TRUE(Forward(id).ok());
    ASSERT_TRUE(RequesterChanges(id, {}).ok());
    desk_.clock().Advance(absl::Hours(24 * 5));
    EXPECT_TRUE(Answer(id, Outcome(kind)).ok());
    EXPECT_EQ(desk_.Referral(id).state, types::v1::REFERRAL_STATE_ANSWERED);
  }
}

TEST_F(ReturnsTest, PassesAWithdrawalOnAndAnswersAfterUsaid) {
  const std::string id = TakenUp();
  ASSERT_TRUE(Forward(id).ok());
  ASSERT_TRUE(RequesterChanges(id, {}).ok());
  const agency::CaseContent passed_on = desk_.sent().back();
  EXPECT_EQ(passed_on.transition(), types::v1::TRANSITION_CHANGE_SCOPE);
  EXPECT_EQ(passed_on.referral_id(), child_);
  EXPECT_EQ(ReasonOf(OfficerSteps(id, types::v1::TRANSITION_SCOPE_CONFIRMED)), "ONWARD_UNANSWERED");
  ASSERT_TRUE(Step("usaid", child_, types::v1::TRANSITION_SCOPE_CONFIRMED).ok());
  ASSERT_TRUE(OfficerSteps(id, types::v1::TRANSITION_SCOPE_CONFIRMED).ok());
  EXPECT_EQ(desk_.sent().back().onward(0).agency(), "usaid");
  EXPECT_EQ(desk_.sent().back().onward(0).scope_answer(), referral::v1::SCOPE_ANSWER_CONFIRMED);
}

TEST_F(ReturnsTest, ReportsNoReturnAfterAWithdrawal) {
  const std::string id = TakenUp();
  ASSERT_TRUE(RequesterChanges(id, {}).ok());
  EXPECT_EQ(ReasonOf(Returned(id)), "RETURN_CONSENT_MISSING");
  EXPECT_EQ(ReasonOf(Forward(id)), "CONSENT_ENDED");
  EXPECT_EQ(desk_.Referral(id).state, types::v1::REFERRAL_STATE_TAKEN_UP);
}

TEST_F(ReturnsTest, ReportsNoReturnAfterOneConsentWasTakenBack) {
  const std::string id = TakenUp();
  referral::v1::ConsentScope narrow = Scope();
  narrow.mutable_purposes()->Truncate(1);
  ASSERT_TRUE(RequesterChanges(id, narrow).ok());
  EXPECT_EQ(ReasonOf(Returned(id)), "ORIGIN_GOVERNMENT_CONSENT_MISSING");
  narrow = Scope();
  narrow.mutable_agencies()->erase(narrow.mutable_agencies()->begin());
  ASSERT_TRUE(RequesterChanges(id, narrow).ok());
  EXPECT_EQ(ReasonOf(Returned(id)), "RETURN_CONSENT_MISSING");
}

TEST_F(ReturnsTest, ReportsLateAReturnThatWasInTime) {
  const std::string id = TakenUp();
  desk_.clock().Advance(absl::Hours(24 * 60));
  v1::ReturnOutcome outcome = Outcome(v1::RETURN_OUTCOME_KIND_RETURNED);
  *outcome.mutable_returned_on() = Date(2002, 2, 10);
  EXPECT_EQ(ReasonOf(Answer(id, outcome)), "RETURN_CONSENT_LAPSED");
  *outcome.mutable_returned_on() = Date(2002, 2, 9);
  EXPECT_TRUE(Answer(id, outcome).ok());
}

TEST_F(ReturnsTest, WithholdsContentFromOtherUnitsOfDos) {
  const std::string id = TakenUp();
  EXPECT_TRUE(Get(id).has_request());
  for (std::string_view unit : {kDiplomaticSecurity, kConsular}) {
    EXPECT_FALSE(Get(id, unit).has_request());
    EXPECT_FALSE(Get(id, unit).withheld_because().empty());
    EXPECT_EQ(ReasonOf(OfficerSteps(id, types::v1::TRANSITION_RESUME, unit)), "UNIT_NOT_OWN");
  }
}

}  // namespace
}  // namespace waystation::dos
