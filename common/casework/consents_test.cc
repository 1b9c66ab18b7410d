#include "common/casework/consents.h"

#include <string>

#include "common/casework/casework_fixture.h"
#include "gmock/gmock.h"

namespace waystation::casework {
namespace {

using referral::v1::SCOPE_ANSWER_CONFIRMED;
using referral::v1::SCOPE_ANSWER_PENDING;
using referral::v1::SCOPE_ANSWER_RETAINED;
using testing::HasSubstr;

// HHS refers a person's return to DOS, which forwards to USAID.
class ConsentsTest : public CaseworkTest {
 protected:
  static dos::v1::ReturnReferral Return() {
    dos::v1::ReturnReferral body;
    body.set_country("MD");
    return body;
  }

  static usaid::v1::ReintegrationReferral Shelter() {
    usaid::v1::ReintegrationReferral body;
    body.set_country("MD");
    body.add_support(usaid::v1::REINTEGRATION_SUPPORT_SHELTER);
    return body;
  }

  absl::StatusOr<v1::Referral> Forward(const std::string& id) {
    v1::ForwardReferralRequest request;
    request.set_referral_id(id);
    request.set_to_unit("usaid/missions");
    request.mutable_body()->PackFrom(Shelter());
    auto done = Call<v1::ForwardReferralResponse>(dos_, [&](agency::Tx& tx, auto& out) {
      return ForwardReferral(dos_.procedures, Officer("w", "dos/prm"), request, tx, out);
    });
    WS_RETURN_IF_ERROR(done.status());
    return done->referral();
  }

  absl::StatusOr<v1::ChangeConsentResponse> Change(const referral::v1::ConsentScope& scope) {
    v1::ChangeConsentRequest request;
    request.set_consent_id(consent_id_);
    *request.mutable_scope() = scope;
    request.set_reason_text("the person changed the mind");
    return Call<v1::ChangeConsentResponse>(hhs_, [&](agency::Tx& tx, auto& out) {
      return ChangeConsent(Officer("asker-1", "hhs/orr"), request, tx, out);
    });
  }

  v1::GetConsentResponse Holders() {
    v1::GetConsentRequest request;
    request.set_consent_id(consent_id_);
    return *Call<v1::GetConsentResponse>(
        hhs_, [&](agency::Tx& tx, auto& out) { return GetConsent(request, tx, out); });
  }

  // A return that DOS has taken up.
  std::string TakenUp() {
    const std::string id = Ask(hhs_, Request("dos/prm", consent_id_, Return()))->referral_id();
    Carry();
    EXPECT_TRUE(Step(dos_, id, types::v1::TRANSITION_TAKE_UP, "dos/prm").ok());
    Carry();
    return id;
  }

  Office& hhs_ =
      Open("hhs", ListOf(Plain(procedures::SafeReturn()), Plain(procedures::OneStopServices())));
  Office& dos_ =
      Open("dos", ListOf(Plain(procedures::SafeReturn()), Plain(procedures::Reintegration())));
  Office& usaid_ = Open("usaid", ListOf(Plain(procedures::Reintegration())));
  std::string consent_id_ = Consent(hhs_, ConsentRequest(hhs_))->consent_id();
};

TEST_F(ConsentsTest, WithdrawalReachesEveryHolderAndEachAnswers) {
  const std::string id = TakenUp();
  const std::string child = Forward(id)->referral_id();
  Carry();
  const v1::ChangeConsentResponse changed = *Change({});
  EXPECT_EQ(changed.consent().scope_version(), 2);
  EXPECT_EQ(changed.holders(0).answer(), SCOPE_ANSWER_PENDING);
  Carry();
  EXPECT_TRUE(Get(dos_, id, "dos/prm")->scope_unanswered());
  EXPECT_TRUE(Get(usaid_, child, "usaid/missions")->scope_unanswered());

  // The answer that comes back speaks for all below.
  EXPECT_EQ(ReasonOf(Step(dos_, id, types::v1::TRANSITION_SCOPE_CONFIRMED, "dos/prm").status()),
            "ONWARD_UNANSWERED");
  v1::StepReferralRequest retain;
  retain.set_referral_id(child);
  retain.set_transition(types::v1::TRANSITION_RETAINED_UNDER);
  EXPECT_EQ(ReasonOf(Step(usaid_, retain, "usaid/missions").status()), "FIELD_INVALID");
  retain.set_authority("22 CFR 226.53");
  ASSERT_TRUE(Step(usaid_, retain, "usaid/missions").ok());
  EXPECT_EQ(ReasonOf(Step(usaid_, retain, "usaid/missions").status()), "TRANSITION_NOT_ALLOWED");
  Carry();
  ASSERT_TRUE(Step(dos_, id, types::v1::TRANSITION_SCOPE_CONFIRMED, "dos/prm").ok());
  Carry();
  const v1::GetConsentResponse holders = Holders();
  ASSERT_EQ(holders.holders_size(), 2);
  EXPECT_EQ(holders.holders(0).agency(), "dos");
  EXPECT_EQ(holders.holders(0).answer(), SCOPE_ANSWER_CONFIRMED);
  EXPECT_EQ(holders.holders(1).agency(), "usaid");
  EXPECT_TRUE(holders.holders(1).onward());
  EXPECT_EQ(holders.holders(1).answer(), SCOPE_ANSWER_RETAINED);
  EXPECT_EQ(holders.holders(1).authority(), "22 CFR 226.53");
}

TEST_F(ConsentsTest, RequesterSeesOfOnwardHopsOnlyThatTheyWereAnswered) {
  const std::string id = TakenUp();
  const std::string child = Forward(id)->referral_id();
  Carry();
  ASSERT_TRUE(Step(usaid_, child, types::v1::TRANSITION_TAKE_UP, "usaid/missions").ok());
  usaid::v1::ReintegrationOutcome arranged;
  arranged.add_arranged(usaid::v1::REINTEGRATION_SUPPORT_SHELTER);
  arranged.set_partner("IOM Chisinau");
  ASSERT_TRUE(Answer(usaid_, child, arranged, "usaid/missions").ok());
  Carry();
  dos::v1::ReturnOutcome stays;
  stays.set_kind(dos::v1::RETURN_OUTCOME_KIND_DECLINED);
  ASSERT_TRUE(Answer(dos_, id, stays, "dos/prm").ok());
  Carry();
  const v1::Referral seen = *Get(hhs_, id, "hhs/orr");
  ASSERT_EQ(seen.onward_size(), 1);
  EXPECT_TRUE(seen.onward(0).answered());
  EXPECT_TRUE(seen.onward(0).agency().empty());
  EXPECT_EQ(seen.SerializeAsString().find("Chisinau"), std::string::npos);
}

TEST_F(ConsentsTest, NothingGoesOutUnderAConsentThatDoesNotReach) {
  // Another person's, another purpose or agency, lapsed, withdrawn, unknown.
  v1::OpenReferralRequest request = Request("dos/prm", consent_id_, Return());
  request.set_person("pv-2");
  EXPECT_EQ(ReasonOf(Ask(hhs_, request).status()), "CONSENT_NOT_COVERING");
  EXPECT_EQ(ReasonOf(Ask(hhs_, Request("dos/prm", "cs-none", Return())).status()),
            "CONSENT_UNKNOWN");
  v1::RecordConsentRequest narrow = ConsentRequest(hhs_);
  narrow.mutable_scope()->clear_purposes();
  narrow.mutable_scope()->add_purposes(referral::v1::CONSENT_PURPOSE_SERVICES);
  const std::string services = Consent(hhs_, narrow)->consent_id();
  EXPECT_EQ(ReasonOf(Ask(hhs_, Request("dos/prm", services, Return())).status()),
            "CONSENT_NOT_COVERING");
  narrow = ConsentRequest(hhs_);
  narrow.mutable_scope()->clear_agencies();
  narrow.mutable_scope()->add_agencies("dol");
  const std::string dol_only = Consent(hhs_, narrow)->consent_id();
  EXPECT_EQ(ReasonOf(Ask(hhs_, Request("dos/prm", dol_only, Return())).status()),
            "CONSENT_NOT_COVERING");
  ASSERT_TRUE(Change({}).ok());
  EXPECT_EQ(ReasonOf(Ask(hhs_, Request("dos/prm", consent_id_, Return())).status()),
            "CONSENT_ENDED");
  hhs_.desk.clock().Advance(absl::Hours(24 * 101));
  EXPECT_EQ(ReasonOf(Ask(hhs_, Request("dos/prm", dol_only, Return())).status()), "CONSENT_ENDED");
  EXPECT_TRUE(hhs_.desk.sent().empty());
}

TEST_F(ConsentsTest, ForwardStaysWithinTheScope) {
  v1::RecordConsentRequest narrow = ConsentRequest(hhs_);
  narrow.mutable_scope()->clear_agencies();
  narrow.mutable_scope()->add_agencies("dos");
  consent_id_ = Consent(hhs_, narrow)->consent_id();
  const std::string id = TakenUp();
  const absl::Status refused = Forward(id).status();
  EXPECT_EQ(ReasonOf(refused), "CONSENT_NOT_COVERING");
  EXPECT_THAT(refused.ToString(), HasSubstr("(POLICY-CN-2)"));
  EXPECT_EQ(dos_.desk.sent().back().transition(), types::v1::TRANSITION_TAKE_UP);
}

TEST_F(ConsentsTest, ForwardsOnlyWhatIsTakenUp) {
  const std::string id = Ask(hhs_, Request("dos/prm", consent_id_, Return()))->referral_id();
  Carry();
  EXPECT_EQ(ReasonOf(Forward(id).status()), "TRANSITION_NOT_ALLOWED");
}

TEST_F(ConsentsTest, AChangeOnlyNarrows) {
  referral::v1::ConsentScope wider = ConsentRequest(hhs_).scope();
  wider.add_agencies("ins");
  EXPECT_EQ(ReasonOf(Change(wider).status()), "CONSENT_WIDENED");
  wider = ConsentRequest(hhs_).scope();
  wider.mutable_valid_until()->set_seconds(wider.valid_until().seconds() + 1);
  EXPECT_EQ(ReasonOf(Change(wider).status()), "CONSENT_WIDENED");
  EXPECT_THAT(Change(wider).status().ToString(), HasSubstr("(POLICY-CN-3)"));
  ASSERT_TRUE(Change({}).ok());
  EXPECT_EQ(ReasonOf(Change({}).status()), "CONSENT_ENDED");
  EXPECT_THAT(Change({}).status().ToString(), HasSubstr("(POLICY-CN-1)"));
}

TEST_F(ConsentsTest, AChildCannotConsentAlone) {
  v1::RecordConsentRequest request = ConsentRequest(hhs_);
  request.set_treated_as_child(true);
  EXPECT_EQ(ReasonOf(Consent(hhs_, request).status()), "GUARDIAN_REQUIRED");
  request.set_given_by(referral::v1::CONSENT_GIVER_GUARDIAN);
  EXPECT_TRUE(Consent(hhs_, request).ok());
}

TEST_F(ConsentsTest, RefusesAScopeThatReachesNobodyOrIsMalformed) {
  for (int fault = 0; fault < 6; ++fault) {
    v1::RecordConsentRequest request = ConsentRequest(hhs_);
    referral::v1::ConsentScope& scope = *request.mutable_scope();
    if (fault == 0) scope.clear_purposes();
    if (fault == 1) scope.clear_agencies();
    if (fault == 2) scope.clear_valid_until();
    if (fault == 3) scope.add_agencies("dol");
    if (fault == 4) scope.add_purposes(static_cast<referral::v1::ConsentPurpose>(99));
    if (fault == 5) *request.mutable_given_on() = agency::ToDate(absl::CivilDay(2002, 1, 10));
    EXPECT_EQ(ReasonOf(Consent(hhs_, request).status()), "FIELD_INVALID") << fault;
  }
}

TEST_F(ConsentsTest, AChangeOfScopeThatCannotBeReadIsRefused) {
  const std::string id = TakenUp();
  ASSERT_TRUE(Change({}).ok());
  agency::CaseContent content = hhs_.desk.sent().back();
  content.mutable_body()->PackFrom(Return());
  EXPECT_EQ(ReasonOf(Bring("hhs", dos_, content)), "FIELD_INVALID");
  EXPECT_FALSE(Get(dos_, id, "dos/prm")->scope_unanswered());
}

// The target's receipt was on the record before the requester knew of it.
TEST_F(ConsentsTest, AWithdrawalThatCameTooLateForTheVersionGoesOutAgain) {
  const std::string id = Ask(hhs_, Request("dos/prm", consent_id_, Return()))->referral_id();
  ASSERT_TRUE(Change({}).ok());
  const agency::CaseMessage lost = hhs_.desk.RefuseLast();
  hhs_.desk.Receive(id);
  const size_t before = hhs_.desk.sent().size();
  const absl::Status stale =
      Refusal(absl::StatusCode::kAborted, "STALE_VERSION", "referral: stale");
  auto refused = [&](const absl::Status& why) {
    return hhs_.desk.Write(
        [&](agency::Tx& tx) { return OnRefused(hhs_.procedures, lost, why, tx); });
  };
  ASSERT_TRUE(refused(stale).ok());
  ASSERT_EQ(hhs_.desk.sent().size(), before + 1);
  EXPECT_EQ(hhs_.desk.sent().back().transition(), types::v1::TRANSITION_CHANGE_SCOPE);
  EXPECT_EQ(Holders().holders(0).answer(), SCOPE_ANSWER_PENDING);

  // For any other reason it would only be refused again.
  const absl::Status other = Refusal(absl::StatusCode::kFailedPrecondition, "SCOPE_VERSION", "no");
  ASSERT_TRUE(refused(other).ok());
  EXPECT_EQ(hhs_.desk.sent().size(), before + 1);
  EXPECT_EQ(Holders().holders(0).answer(), referral::v1::SCOPE_ANSWER_UNSPECIFIED);
}

TEST_F(ConsentsTest, AScopeAnswerThatTheBusRefusedIsOpenAgain) {
  const std::string id = TakenUp();
  ASSERT_TRUE(Change({}).ok());
  Carry();
  ASSERT_TRUE(Step(dos_, id, types::v1::TRANSITION_SCOPE_CONFIRMED, "dos/prm").ok());
  const agency::CaseMessage lost = dos_.desk.RefuseLast();
  ASSERT_TRUE(dos_.desk
                  .Write([&](agency::Tx& tx) {
                    return OnRefused(dos_.procedures, lost, absl::AbortedError("refused"), tx);
                  })
                  .ok());
  EXPECT_TRUE(Get(dos_, id, "dos/prm")->scope_unanswered());
}

}  // namespace
}  // namespace waystation::casework
