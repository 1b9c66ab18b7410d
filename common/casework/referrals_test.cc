#include "common/casework/referrals.h"

#include <string>

#include "common/casework/casework_fixture.h"
#include "gmock/gmock.h"

namespace waystation::casework {
namespace {

using testing::HasSubstr;
using types::v1::REFERRAL_STATE_ANSWERED;
using types::v1::REFERRAL_STATE_CANCEL_ASKED;
using types::v1::REFERRAL_STATE_CANCELLED;
using types::v1::REFERRAL_STATE_RECEIVED;
using types::v1::REFERRAL_STATE_RETURNED;
using types::v1::REFERRAL_STATE_TAKEN_UP;

constexpr statute::Rule kTestRule{
    "T.1", "TEST_RULE", {"TVPA 107(b)", "text", statute::kPolicySource, statute::kPolicyEffective}};

// Rules as an agency would have them.
class Guarded : public Procedure {
 public:
  using Procedure::Procedure;

  std::vector<std::string> also_seen_by() const override { return {"dol/inspector"}; }
  absl::StatusOr<std::vector<statute::Broken>> Bars(const Case& one, agency::Tx&) const override {
    return IfSays(one, "barred");
  }
  absl::StatusOr<std::vector<statute::Broken>> Objections(const Case& one,
                                                          agency::Tx&) const override {
    return IfSays(one, "objectionable");
  }
  absl::Status OnAnswering(const Case&, const google::protobuf::Message&,
                           agency::Tx&) const override {
    ++answering;
    return absl::OkStatus();
  }
  absl::Status OnAnswerRefused(const Case&, const google::protobuf::Message&,
                               agency::Tx&) const override {
    --answering;
    return absl::OkStatus();
  }

  mutable int answering = 0;

 private:
  static std::vector<statute::Broken> IfSays(const Case& one, std::string_view word) {
    if (Body<dol::v1::ServicesReferral>(one.request).needs() != word) return {};
    return {{&kTestRule, statute::Refuse(kTestRule, "services", "not so", "", "otherwise")}};
  }
};

// HHS asks DOL; the consent is there.
class ReferralsTest : public CaseworkTest {
 protected:
  ReferralsTest() { consent_id_ = Consent(hhs_, ConsentRequest(hhs_))->consent_id(); }

  absl::StatusOr<v1::Referral> AskServices(const std::string& needs = "") {
    dol::v1::ServicesReferral body = Services();
    body.set_needs(needs);
    return Ask(hhs_, Request("dol/eta", consent_id_, body));
  }

  // A referral that DOL has.
  std::string Arrived(const std::string& needs = "") {
    const std::string id = AskServices(needs)->referral_id();
    Carry();
    return id;
  }

  std::string TakenUp() {
    const std::string id = Arrived();
    EXPECT_TRUE(Step(dol_, id, types::v1::TRANSITION_TAKE_UP, "dol/eta").ok());
    Carry();
    return id;
  }

  Guarded* guarded_ = new Guarded(procedures::OneStopServices());
  Office& hhs_ = Open("hhs", ListOf(Plain(procedures::OneStopServices())));
  Office& dol_ =
      Open("dol", ListOf(std::unique_ptr<Procedure>(guarded_), Plain(procedures::ChildToHhs())));
  std::string consent_id_;
};

TEST_F(ReferralsTest, TravelsIsTakenUpAndAnswered) {
  const std::string id = TakenUp();
  EXPECT_EQ(Get(hhs_, id, "hhs/orr")->state(), REFERRAL_STATE_TAKEN_UP);
  const v1::Referral at_dol = *Get(dol_, id, "dol/eta");
  EXPECT_EQ(at_dol.procedure(), "services");
  EXPECT_EQ(at_dol.basis().consent_id(), consent_id_);
  EXPECT_EQ(at_dol.basis().scope_version(), 1);

  EXPECT_TRUE(Answer(dol_, id, Completed(), "dol/eta").ok());
  EXPECT_EQ(guarded_->answering, 1);
  Carry();
  const v1::Referral at_hhs = *Get(hhs_, id, "hhs/orr");
  EXPECT_EQ(at_hhs.state(), REFERRAL_STATE_ANSWERED);
  dol::v1::ServicesOutcome outcome;
  ASSERT_TRUE(at_hhs.answer().UnpackTo(&outcome));
  EXPECT_EQ(outcome.outcomes(0).outcome(), dol::v1::SERVICES_OUTCOME_KIND_COMPLETED);
  EXPECT_EQ(at_hhs.ended_by(0).staff_id(), "worker-1");
}

TEST_F(ReferralsTest, OnlyTheUnitThatHasItActsOrSeesContent) {
  const std::string id = Arrived();
  EXPECT_EQ(ReasonOf(Step(dol_, id, types::v1::TRANSITION_TAKE_UP, "dol/complaint-line").status()),
            "UNIT_NOT_OWN");
  EXPECT_TRUE(Get(dol_, id, "dol/eta")->has_request());
  EXPECT_TRUE(Get(dol_, id, "dol/inspector")->has_request());
  const v1::Referral withheld = *Get(dol_, id, "dol/complaint-line");
  EXPECT_FALSE(withheld.has_request());
  EXPECT_FALSE(withheld.has_basis());
  EXPECT_THAT(withheld.withheld_because(), HasSubstr("dol/eta"));
  v1::OpenReferralRequest request = Request("dol/eta", consent_id_, Services());
  request.set_from_unit("hhs/other");
  auto opened = Call<v1::OpenReferralResponse>(hhs_, [&](agency::Tx& tx, auto& out) {
    return OpenReferral(hhs_.procedures, Officer("asker-1", "hhs/orr"), request, tx, out);
  });
  EXPECT_EQ(ReasonOf(opened.status()), "UNIT_NOT_OWN");
}

TEST_F(ReferralsTest, ReturnsAtOnceWhatALawBars) {
  const std::string id = Arrived("barred");
  const v1::Referral referral = *Get(hhs_, id, "hhs/orr");
  EXPECT_EQ(referral.state(), REFERRAL_STATE_RETURNED);
  EXPECT_EQ(referral.return_detail().reason(), types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW);
  EXPECT_EQ(referral.return_detail().citation(), "TVPA 107(b)");
  EXPECT_EQ(referral.return_detail().rule_reason(), "TEST_RULE");
  EXPECT_EQ(referral.ended_by(0).staff_id(), "automatic");
}

TEST_F(ReferralsTest, ShowsObjectionsAndRefusesToTakeUp) {
  const std::string id = Arrived("objectionable");
  EXPECT_EQ(Get(dol_, id, "dol/eta")->broken_rules(0).reason(), "TEST_RULE");
  EXPECT_EQ(ReasonOf(Step(dol_, id, types::v1::TRANSITION_TAKE_UP, "dol/eta").status()),
            "TEST_RULE");
  EXPECT_EQ(Get(dol_, id, "dol/eta")->state(), REFERRAL_STATE_RECEIVED);
}

TEST_F(ReferralsTest, RefusesToSendWhatHasNotTheForm) {
  dol::v1::ServicesReferral empty;
  EXPECT_EQ(ReasonOf(Ask(hhs_, Request("dol/eta", consent_id_, empty)).status()), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(Ask(hhs_, Request("dol/else", consent_id_, Services())).status()),
            "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(Ask(hhs_, Request("dol/eta", consent_id_, Completed())).status()),
            "PROCEDURE_UNKNOWN");
  v1::OpenReferralRequest request = Request("dol/eta", consent_id_, Services());
  request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_UNSPECIFIED);
  EXPECT_EQ(ReasonOf(Ask(hhs_, request).status()), "FIELD_INVALID");
  EXPECT_TRUE(hhs_.desk.sent().empty());
}

TEST_F(ReferralsTest, ReturnsWhatCameWithoutTheForm) {
  const std::string id = AskServices()->referral_id();
  agency::CaseContent content = hhs_.desk.sent().back();
  // A field that the contract does not have may hold what must not be sent.
  std::string body = content.body().value();
  body += std::string("\x9a\x06\x04name", 7);
  content.mutable_body()->set_value(body);
  ASSERT_TRUE(Bring("hhs", dol_, content).ok());
  EXPECT_EQ(dol_.desk.Referral(id).state, REFERRAL_STATE_RETURNED);
  EXPECT_FALSE(Get(dol_, id, "dol/eta")->has_request());

  content.clear_referral_id();
  content.mutable_body()->PackFrom(Services());
  content.mutable_body()->set_value("\xff");
  ASSERT_TRUE(Bring("hhs", dol_, content).ok());
  EXPECT_EQ(dol_.desk.sent().back().return_detail().reason(), types::v1::RETURN_REASON_INCOMPLETE);

  content.clear_referral_id();
  content.mutable_body()->PackFrom(Completed());
  ASSERT_TRUE(Bring("hhs", dol_, content).ok());
  EXPECT_EQ(dol_.desk.sent().back().return_detail().reason(), types::v1::RETURN_REASON_NOT_OURS);

  content.clear_referral_id();
  content.mutable_body()->PackFrom(Services());
  content.set_to_unit("dol/complaint-line");
  ASSERT_TRUE(Bring("hhs", dol_, content).ok());
  EXPECT_EQ(dol_.desk.sent().back().return_detail().reason(), types::v1::RETURN_REASON_NOT_OURS);
}

TEST_F(ReferralsTest, AnswerMustBeTheProceduresAndFitTheRequest) {
  const std::string id = TakenUp();
  EXPECT_EQ(ReasonOf(Answer(dol_, id, Services(), "dol/eta").status()), "ANSWER_TYPE_WRONG");
  dol::v1::ServicesOutcome other = Completed();
  other.mutable_outcomes(0)->set_service(dol::v1::SERVICE_KIND_JOB_SEARCH);
  EXPECT_EQ(ReasonOf(Answer(dol_, id, other, "dol/eta").status()), "FIELD_INVALID");
  // The requester asks again: it does not take the sender's word.
  agency::CaseContent content = dol_.desk.sent().back();
  content.set_transition(types::v1::TRANSITION_ANSWER);
  content.mutable_body()->PackFrom(other);
  EXPECT_EQ(ReasonOf(Bring("dol", hhs_, content)), "FIELD_INVALID");
  EXPECT_FALSE(Get(hhs_, id, "hhs/orr")->has_answer());
}

TEST_F(ReferralsTest, StaleVersionIsAborted) {
  const std::string id = Arrived();
  v1::StepReferralRequest request;
  request.set_referral_id(id);
  request.set_transition(types::v1::TRANSITION_TAKE_UP);
  request.set_expected_version(1);
  auto done = Call<v1::StepReferralResponse>(dol_, [&](agency::Tx& tx, auto& out) {
    return StepReferral(dol_.procedures, Officer("w", "dol/eta"), request, tx, out);
  });
  EXPECT_EQ(ReasonOf(done.status()), "VERSION_STALE");
}

TEST_F(ReferralsTest, ReturnByTheLawNeedsItsCitation) {
  const std::string id = Arrived();
  v1::StepReferralRequest request;
  request.set_referral_id(id);
  request.set_transition(types::v1::TRANSITION_RETURN);
  request.set_reason_text("not so");
  EXPECT_EQ(ReasonOf(Step(dol_, request, "dol/eta").status()), "FIELD_INVALID");
  request.mutable_return_detail()->set_reason(types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW);
  EXPECT_EQ(ReasonOf(Step(dol_, request, "dol/eta").status()), "CITATION_MISSING");
  request.mutable_return_detail()->set_citation("TVPA 107(b)");
  EXPECT_TRUE(Step(dol_, request, "dol/eta").ok());
  Carry();
  EXPECT_EQ(Get(hhs_, id, "hhs/orr")->return_detail().citation(), "TVPA 107(b)");
}

TEST_F(ReferralsTest, HoldNeedsADayAndAReason) {
  const std::string id = TakenUp();
  v1::StepReferralRequest request;
  request.set_referral_id(id);
  request.set_transition(types::v1::TRANSITION_HOLD);
  request.set_reason_text("waits for a place");
  EXPECT_EQ(ReasonOf(Step(dol_, request, "dol/eta").status()), "DATE_INVALID");
  *request.mutable_hold_until() = agency::ToDate(absl::CivilDay(2002, 1, 8));
  EXPECT_EQ(ReasonOf(Step(dol_, request, "dol/eta").status()), "FIELD_INVALID");
  *request.mutable_hold_until() = agency::ToDate(absl::CivilDay(2002, 1, 20));
  EXPECT_TRUE(Step(dol_, request, "dol/eta").ok());
  EXPECT_TRUE(Step(dol_, id, types::v1::TRANSITION_RESUME, "dol/eta").ok());
}

TEST_F(ReferralsTest, RequesterCancelsOrAsksTo) {
  v1::StepReferralRequest request;
  request.set_transition(types::v1::TRANSITION_CANCEL);
  EXPECT_EQ(ReasonOf(Step(
                         hhs_,
                         [&] {
                           v1::StepReferralRequest bare = request;
                           bare.set_referral_id(AskServices()->referral_id());
                           return bare;
                         }(),
                         "hhs/orr")
                         .status()),
            "FIELD_INVALID");
  request.set_reason_text("found work");
  request.set_referral_id(AskServices()->referral_id());
  EXPECT_EQ(Step(hhs_, request, "hhs/orr")->state(), REFERRAL_STATE_CANCELLED);
  request.set_referral_id(TakenUp());
  EXPECT_EQ(Step(hhs_, request, "hhs/orr")->state(), REFERRAL_STATE_CANCEL_ASKED);
  Carry();
  // An outcome beats a late cancellation.
  EXPECT_TRUE(Answer(dol_, request.referral_id(), Completed(), "dol/eta").ok());
}

TEST_F(ReferralsTest, AnswerThatTheBusRefusedIsUndone) {
  const std::string id = TakenUp();
  ASSERT_TRUE(Answer(dol_, id, Completed(), "dol/eta").ok());
  const agency::CaseMessage lost = dol_.desk.RefuseLast();
  ASSERT_TRUE(dol_.desk
                  .Write([&](agency::Tx& tx) {
                    return OnRefused(dol_.procedures, lost, absl::AbortedError("refused"), tx);
                  })
                  .ok());
  EXPECT_EQ(guarded_->answering, 0);
  EXPECT_FALSE(Get(dol_, id, "dol/eta")->has_answer());
  EXPECT_TRUE(Answer(dol_, id, Completed(), "dol/eta").ok());
}

TEST_F(ReferralsTest, ListsByPersonProcedureAndPart) {
  const std::string id = TakenUp();
  v1::ListReferralsRequest request;
  auto count = [&](Office& office) {
    return Call<v1::ListReferralsResponse>(
               office,
               [&](agency::Tx& tx, auto& out) { return ListReferrals(SeesAll, request, tx, out); })
        ->referrals_size();
  };
  EXPECT_EQ(count(dol_), 1);
  request.set_role(v1::ROLE_REQUESTER);
  EXPECT_EQ(count(dol_), 0);
  EXPECT_EQ(count(hhs_), 1);
  request.set_person("pv-2");
  EXPECT_EQ(count(hhs_), 0);
  request.set_person("pv-1");
  request.set_procedure("complaint");
  EXPECT_EQ(count(hhs_), 0);
}

// The same with two officials for an answer.
class TwoOfficialsTest : public CaseworkTest {
 protected:
  static const Contract& Two() {
    static const Contract contract = [] {
      Contract two = procedures::OneStopServices();
      two.terms.two_officials = true;
      return two;
    }();
    return contract;
  }

  absl::StatusOr<v1::Referral> Confirm(const std::string& id, const std::string& proposal_id,
                                       const std::string& staff) {
    v1::ConfirmAnswerRequest request;
    request.set_referral_id(id);
    request.set_expected_version(static_cast<int64_t>(dol_.desk.Referral(id).version));
    request.set_proposal_id(proposal_id);
    auto done = Call<v1::ConfirmAnswerResponse>(dol_, [&](agency::Tx& tx, auto& out) {
      return ConfirmAnswer(dol_.procedures, Officer(staff, "dol/eta"), request, tx, out);
    });
    WS_RETURN_IF_ERROR(done.status());
    return done->referral();
  }

  Office& hhs_ = Open("hhs", ListOf(Plain(Two())));
  Office& dol_ = Open("dol", ListOf(Plain(Two())));
};

TEST_F(TwoOfficialsTest, AnswerGoesOutOnlyWithTheSecond) {
  const std::string consent_id = Consent(hhs_, ConsentRequest(hhs_))->consent_id();
  const std::string id = Ask(hhs_, Request("dol/eta", consent_id, Services()))->referral_id();
  Carry();
  ASSERT_TRUE(Step(dol_, id, types::v1::TRANSITION_TAKE_UP, "dol/eta").ok());
  EXPECT_EQ(ReasonOf(Confirm(id, "pr-1", "worker-2").status()), "PROPOSAL_MISSING");
  const v1::Referral first = *Answer(dol_, id, Completed(), "dol/eta");
  const v1::Referral second = *Answer(dol_, id, Completed(), "dol/eta");
  EXPECT_EQ(second.state(), REFERRAL_STATE_TAKEN_UP);
  EXPECT_EQ(ReasonOf(Confirm(id, first.proposal().proposal_id(), "worker-2").status()),
            "PROPOSAL_CHANGED");
  const std::string open = second.proposal().proposal_id();
  EXPECT_EQ(ReasonOf(Confirm(id, open, "worker-1").status()), "SECOND_OFFICIAL_REQUIRED");
  ASSERT_TRUE(Confirm(id, open, "worker-2").ok());
  Carry();
  EXPECT_EQ(Get(hhs_, id, "hhs/orr")->ended_by_size(), 2);

  // What the bus refuses comes back as a proposal, not as nothing.
  const agency::CaseMessage lost = dol_.desk.RefuseLast();
  ASSERT_TRUE(dol_.desk
                  .Write([&](agency::Tx& tx) {
                    return OnRefused(dol_.procedures, lost, absl::AbortedError("refused"), tx);
                  })
                  .ok());
  EXPECT_EQ(Get(dol_, id, "dol/eta")->proposal().proposal_id(), open);
}

TEST_F(ReferralsTest, ListsOnlyWhatTheOfficerLearnsOf) {
  TakenUp();
  auto listed = [&](const Sees& sees) {
    return Call<v1::ListReferralsResponse>(
               dol_, [&](agency::Tx& tx, auto& out) { return ListReferrals(sees, {}, tx, out); })
        ->referrals_size();
  };
  auto only = [](const std::string& mine) -> Sees {
    return [mine](const std::string& unit) {
      return unit == mine ? absl::OkStatus() : absl::PermissionDeniedError("another unit's");
    };
  };
  EXPECT_EQ(listed(only("dol/eta")), 1);
  EXPECT_EQ(listed(only("dol/complaint-line")), 0);
}

}  // namespace
}  // namespace waystation::casework
