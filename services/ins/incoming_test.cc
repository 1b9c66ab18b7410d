#include "services/ins/incoming.h"

#include <functional>
#include <vector>

#include "gmock/gmock.h"
#include "services/ins/casework_fixture.h"

namespace waystation::ins {
namespace {

using testing::HasSubstr;
using types::v1::REFERRAL_STATE_RECEIVED;
using types::v1::REFERRAL_STATE_RETURNED;

using IncomingTest = CaseworkTest;

TEST_F(IncomingTest, ListsAPetitionOfFederalLawEnforcement) {
  const v1::Petition petition = Get(Bring(Request(Body())));
  EXPECT_EQ(petition.state(), REFERRAL_STATE_RECEIVED);
  EXPECT_EQ(petition.from_unit(), "doj/fbi");
  EXPECT_EQ(petition.from_agency(), "doj");
  EXPECT_EQ(petition.refusals_size(), 0);
  EXPECT_TRUE(desk_.sent().empty());
}

TEST_F(IncomingTest, ReturnsAPetitionOfAnyOtherUnitWithTheCitation) {
  const v1::Petition petition = Get(Bring(Request(Body("doj/ovc"), "doj/ovc")));
  EXPECT_EQ(petition.state(), REFERRAL_STATE_RETURNED);
  ASSERT_EQ(petition.refusals_size(), 1);
  EXPECT_EQ(petition.refusals(0).reason(), "UNIT_MAY_NOT_PETITION");
  ASSERT_EQ(desk_.sent().size(), 1u);
  const agency::CaseContent& sent = desk_.sent()[0];
  EXPECT_EQ(sent.transition(), types::v1::TRANSITION_RETURN);
  EXPECT_EQ(sent.return_detail().reason(), types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW);
  EXPECT_EQ(sent.return_detail().rule_reason(), "UNIT_MAY_NOT_PETITION");
  EXPECT_THAT(sent.return_detail().citation(), HasSubstr("TVPA 107(c)(3)"));
  EXPECT_THAT(sent.return_detail().citation(), HasSubstr("28 CFR 1100.35"));
  EXPECT_EQ(sent.officials(0).staff_id(), "automatic");
}

TEST_F(IncomingTest, JudgesTheUnitByTheDirectoryOfTheSendersAgency) {
  // Another agency that calls its unit "doj/fbi" is not the FBI.
  std::string id;
  ASSERT_TRUE(desk_
                  .Deliver("hhs", Request(Body()),
                           [&](const agency::CaseMessage& message, agency::Tx& tx) {
                             id = message.content.referral_id();
                             return OnCase(message, tx);
                           })
                  .ok());
  EXPECT_EQ(Get(id).state(), REFERRAL_STATE_RETURNED);
}

TEST_F(IncomingTest, TellsTheLawBeforeWhatIsIncomplete) {
  // HHS makes no findings, so its petition has none; the law is what it needs to hear.
  v1::ContinuedPresencePetition body = Body("hhs/orr");
  body.clear_finding();
  std::string id;
  ASSERT_TRUE(desk_
                  .Deliver("hhs", Request(body, "hhs/orr"),
                           [&](const agency::CaseMessage& message, agency::Tx& tx) {
                             id = message.content.referral_id();
                             return OnCase(message, tx);
                           })
                  .ok());
  EXPECT_EQ(Get(id).state(), REFERRAL_STATE_RETURNED);
  EXPECT_FALSE(Get(id).has_content());
  ASSERT_EQ(desk_.sent().size(), 1u);
  EXPECT_EQ(desk_.sent()[0].return_detail().rule_reason(), "UNIT_MAY_NOT_PETITION");
  EXPECT_THAT(desk_.sent()[0].return_detail().citation(), HasSubstr("28 CFR 1100.35"));
  // The same petition of a unit that may is incomplete.
  body.set_unit("doj/fbi");
  EXPECT_EQ(Get(Bring(Request(body))).state(), REFERRAL_STATE_RETURNED);
  EXPECT_EQ(desk_.sent().back().return_detail().reason(), types::v1::RETURN_REASON_INCOMPLETE);
}

TEST_F(IncomingTest, ReturnsWhatIsIncomplete) {
  const std::vector<std::function<void(v1::ContinuedPresencePetition&)>> changes = {
      [](auto& body) { body.set_unit("doj/us-attorneys"); },
      [](auto& body) { body.clear_case_number(); },
      [](auto& body) { body.clear_kind(); },
      [](auto& body) { body.set_prior_presence_id("cp-1"); },
      [](auto& body) { body.clear_circumstances(); },
      [](auto& body) { body.set_circumstances(std::string(8'001, 'x')); },
      [](auto& body) { body.set_circumstances("Name: X"); },
      [](auto& body) { body.clear_finding(); },
      [](auto& body) { body.clear_requested_from(); },
      [](auto& body) { body.mutable_requested_until()->set_day(32); },
      [](auto& body) { body.set_mechanism_suggested(static_cast<v1::PresenceMechanism>(9)); },
      [](auto& body) { *body.mutable_age()->mutable_birth_date() = Date(2002, 2, 1); }};
  for (const auto& change : changes) {
    v1::ContinuedPresencePetition body = Body();
    change(body);
    const std::string id = Bring(Request(body));
    EXPECT_EQ(Get(id).state(), REFERRAL_STATE_RETURNED) << body.ShortDebugString();
    EXPECT_EQ(desk_.sent().back().return_detail().reason(), types::v1::RETURN_REASON_INCOMPLETE);
    EXPECT_NE(desk_.sent().back().reason_text(), "");
  }
}

TEST_F(IncomingTest, ReturnsAPetitionSignedByAnOfficerOfAnotherUnit) {
  agency::CaseContent content = Request(Body());
  content.mutable_officials(0)->set_unit("doj/ovc");
  EXPECT_EQ(Get(Bring(content)).state(), REFERRAL_STATE_RETURNED);
  EXPECT_EQ(desk_.sent().back().return_detail().reason(), types::v1::RETURN_REASON_INCOMPLETE);
}

TEST_F(IncomingTest, ReturnsABodyThatCannotBeRead) {
  agency::CaseContent content = Request(Body());
  content.mutable_body()->set_value("\xff\xff\xff");
  EXPECT_EQ(Get(Bring(content)).state(), REFERRAL_STATE_RETURNED);
  EXPECT_EQ(desk_.sent().back().return_detail().reason(), types::v1::RETURN_REASON_INCOMPLETE);
  content.mutable_body()->set_type_url("type.googleapis.com/waystation.hhs.v1.Other");
  EXPECT_EQ(Get(Bring(content)).state(), REFERRAL_STATE_RETURNED);
  EXPECT_EQ(desk_.sent().back().return_detail().reason(), types::v1::RETURN_REASON_NOT_OURS);
}

TEST_F(IncomingTest, KeepsNoContentThatWasSentToAnEnforcementUnit) {
  agency::CaseContent content = Request(Body());
  content.set_to_unit("ins/investigations");
  const v1::Petition petition = Get(Bring(content));
  EXPECT_EQ(petition.state(), REFERRAL_STATE_RETURNED);
  EXPECT_FALSE(petition.has_content());
  EXPECT_EQ(desk_.sent().back().return_detail().reason(), types::v1::RETURN_REASON_NOT_OURS);
}

TEST_F(IncomingTest, LeavesOtherRulesToAnOfficerButDoesNotTakeUp) {
  v1::ContinuedPresencePetition body = Body();
  body.set_potential_witness_certified(false);
  const std::string id = Bring(Request(body));
  EXPECT_EQ(Get(id).state(), REFERRAL_STATE_RECEIVED);
  EXPECT_EQ(Get(id).refusals(0).reason(), "NOT_A_POTENTIAL_WITNESS");
  const absl::Status refused = TakeUp(id);
  EXPECT_EQ(ReasonOf(refused), "NOT_A_POTENTIAL_WITNESS");
  EXPECT_THAT(refused.ToString(), HasSubstr("28 CFR 1100.35"));
}

TEST_F(IncomingTest, WantsTheFindingToBeThePetitionersOwn) {
  v1::ContinuedPresencePetition body = Body();
  body.mutable_finding()->set_made_by_unit("doj/us-attorneys");
  EXPECT_EQ(ReasonOf(TakeUp(Bring(Request(body)))), "FINDING_NOT_OWN");
  body = Body();
  body.mutable_finding()->mutable_elements()->clear_purposes();
  EXPECT_EQ(ReasonOf(TakeUp(Bring(Request(body)))), "SEVERE_FORM_PURPOSE_MISSING");
}

TEST_F(IncomingTest, CancellationDiscardsTheProposal) {
  const std::string id = TakenUp();
  ASSERT_TRUE(Propose(id, Grant()).ok());
  ASSERT_TRUE(DojSteps(id, types::v1::TRANSITION_ENTERED_IN_ERROR).ok());
  EXPECT_FALSE(Get(id).has_proposal());
  EXPECT_EQ(ReasonOf(DojSteps(id, types::v1::TRANSITION_CHANGE_SCOPE)), "TRANSITION_NOT_ALLOWED");
}

}  // namespace
}  // namespace waystation::ins
