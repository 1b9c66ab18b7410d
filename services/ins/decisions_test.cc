#include "services/ins/decisions.h"

#include "gmock/gmock.h"
#include "services/ins/casework_fixture.h"

namespace waystation::ins {
namespace {

using testing::HasSubstr;

using DecisionsTest = CaseworkTest;

v1::DecisionTerms Denial(const std::string& reasons) {
  v1::DecisionTerms terms;
  terms.set_outcome(v1::DECISION_OUTCOME_DENIED);
  terms.set_reasons(reasons);
  return terms;
}

TEST_F(DecisionsTest, SendsNothingUntilASecondOfficialConfirms) {
  const std::string id = TakenUp();
  const v1::Petition proposed = *Propose(id, Grant());
  EXPECT_EQ(proposed.proposal().proposed_by().staff_id(), "adjudicator-1");
  EXPECT_EQ(desk_.sent().size(), 1u);  // The take-up.
  const v1::ConfirmDecisionResponse out = *Confirm(id, proposed.proposal().proposal_id());
  EXPECT_EQ(out.petition().state(), types::v1::REFERRAL_STATE_ANSWERED);
  ASSERT_EQ(desk_.sent().size(), 2u);
  v1::ContinuedPresenceDecision sent;
  ASSERT_TRUE(desk_.sent()[1].body().UnpackTo(&sent));
  EXPECT_EQ(sent.outcome(), v1::DECISION_OUTCOME_GRANTED);
  EXPECT_EQ(sent.presence_id(), out.presence().presence_id());
  ASSERT_EQ(sent.officials_size(), 2);
  EXPECT_EQ(sent.officials(0).staff_id(), "adjudicator-1");
  EXPECT_EQ(sent.officials(1).staff_id(), "supervisor-1");
  EXPECT_EQ(desk_.sent()[1].officials_size(), 2);
  EXPECT_EQ(out.presence().state(), v1::PRESENCE_STATE_ACTIVE);
}

TEST_F(DecisionsTest, RefusesTheProposerAsSecondOfficial) {
  const std::string id = TakenUp();
  const v1::Petition proposed = *Propose(id, Grant());
  const absl::Status refused =
      Confirm(id, proposed.proposal().proposal_id(), "adjudicator-1").status();
  EXPECT_EQ(ReasonOf(refused), "SECOND_OFFICIAL_REQUIRED");
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.ToString(), HasSubstr("policy CP-2"));
  EXPECT_TRUE(Presences().empty());
  EXPECT_EQ(desk_.sent().size(), 1u);
}

TEST_F(DecisionsTest, ConfirmsWhatWasReadAndNothingElse) {
  const std::string id = TakenUp();
  EXPECT_EQ(ReasonOf(Confirm(id, "pr-1").status()), "PROPOSAL_MISSING");
  const std::string first = Propose(id, Grant())->proposal().proposal_id();
  const std::string second = Propose(id, Denial("8 CFR 212.5"))->proposal().proposal_id();
  EXPECT_EQ(ReasonOf(Confirm(id, first).status()), "PROPOSAL_CHANGED");
  EXPECT_TRUE(Confirm(id, second).ok());
  EXPECT_EQ(ReasonOf(Confirm(id, second).status()), "TRANSITION_NOT_ALLOWED");
  EXPECT_EQ(Get(id).decision().outcome(), v1::DECISION_OUTCOME_DENIED);
  EXPECT_TRUE(Presences().empty());
}

TEST_F(DecisionsTest, GrantNeedsMechanismAndPeriod) {
  const std::string id = TakenUp();
  v1::DecisionTerms terms = Grant();
  terms.clear_mechanism();
  EXPECT_EQ(ReasonOf(Propose(id, terms).status()), "MECHANISM_MISSING");
  terms.set_mechanism(v1::PRESENCE_MECHANISM_OTHER);
  EXPECT_EQ(ReasonOf(Propose(id, terms).status()), "MECHANISM_MISSING");
  terms = Grant();
  *terms.mutable_expires_on() = terms.effective_date();
  EXPECT_EQ(ReasonOf(Propose(id, terms).status()), "PERIOD_INVALID");
  terms = Grant();
  *terms.mutable_effective_date() = Date(2001, 10, 1);
  *terms.mutable_expires_on() = Date(2002, 1, 8);
  EXPECT_EQ(ReasonOf(Propose(id, terms).status()), "PERIOD_INVALID");
  terms.clear_expires_on();
  EXPECT_EQ(ReasonOf(Propose(id, terms).status()), "DATE_INVALID");
  EXPECT_EQ(ReasonOf(Propose(id, {}).status()), "FIELD_INVALID");
}

TEST_F(DecisionsTest, DenialNeedsReasonsAndGrantsNothing) {
  const std::string id = TakenUp();
  const absl::Status refused = Propose(id, Denial("")).status();
  EXPECT_EQ(ReasonOf(refused), "DENIAL_NEEDS_REASONS");
  EXPECT_THAT(refused.ToString(), HasSubstr("policy CP-1"));
  v1::DecisionTerms mixed = Denial("8 CFR 212.5");
  mixed.set_mechanism(v1::PRESENCE_MECHANISM_PAROLE);
  EXPECT_EQ(ReasonOf(Propose(id, mixed).status()), "FIELD_INVALID");
  EXPECT_TRUE(Propose(id, Denial("8 CFR 212.5")).ok());
}

TEST_F(DecisionsTest, WorkAuthorizationWithAGrantStaysWithinIt) {
  const std::string id = TakenUp();
  v1::DecisionTerms terms = Grant();
  v1::WorkAuthorizationTerms& work = *terms.mutable_work_authorization();
  work.set_basis(v1::WORK_AUTHORIZATION_BASIS_PAROLE);
  *work.mutable_effective_date() = Date(2002, 1, 9);
  *work.mutable_expires_on() = Date(2003, 1, 10);
  const absl::Status refused = Propose(id, terms).status();
  EXPECT_EQ(ReasonOf(refused), "WORK_AUTHORIZATION_OUTLASTS_PRESENCE");
  EXPECT_THAT(refused.ToString(), HasSubstr("8 CFR 274a.12(c)"));
  *work.mutable_expires_on() = Date(2003, 1, 9);
  const v1::Petition proposed = *Propose(id, terms);
  const auto out = *Confirm(id, proposed.proposal().proposal_id());
  EXPECT_EQ(out.presence().work_authorization().issued_by().staff_id(), "supervisor-1");
  EXPECT_TRUE(out.petition().decision().has_work_authorization());
}

TEST_F(DecisionsTest, AnswerBeatsACancellationThatWasAskedFor) {
  const std::string id = TakenUp();
  const v1::Petition proposed = *Propose(id, Grant());
  ASSERT_TRUE(DojSteps(id, types::v1::TRANSITION_ASK_TO_CANCEL).ok());
  EXPECT_TRUE(Confirm(id, proposed.proposal().proposal_id()).ok());
  EXPECT_EQ(Get(id).state(), types::v1::REFERRAL_STATE_ANSWERED);
}

TEST_F(DecisionsTest, AnswerThatTheBusRefusesIsOpenAgainWithItsProposal) {
  const v1::Presence prior = Granted();
  v1::ContinuedPresencePetition body = Body();
  body.set_kind(v1::PETITION_KIND_RENEWAL);
  body.set_prior_presence_id(prior.presence_id());
  *body.mutable_requested_until() = Date(2003, 7, 1);
  const std::string id = TakenUp(Request(body));
  v1::DecisionTerms terms = Grant();
  *terms.mutable_expires_on() = Date(2003, 7, 1);
  const std::string proposal = Propose(id, terms)->proposal().proposal_id();
  ASSERT_TRUE(Confirm(id, proposal).ok());
  LoseLast();
  EXPECT_FALSE(Get(id).has_decision());
  EXPECT_EQ(Get(id).proposal().proposal_id(), proposal);
  ASSERT_EQ(Presences().size(), 1u);
  EXPECT_EQ(Presences()[0].state(), v1::PRESENCE_STATE_ACTIVE);
  EXPECT_TRUE(Confirm(id, proposal).ok());
  EXPECT_EQ(Presences().size(), 2u);
}

}  // namespace
}  // namespace waystation::ins
