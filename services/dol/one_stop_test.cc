// One-Stop services as DOL takes them (C9).

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/dol/line_fixture.h"
#include "waystation/dol/v1/services.pb.h"

namespace waystation::dol {
namespace {

using testing::HasSubstr;

class OneStopTest : public LineTest {
 protected:
  static v1::ServicesReferral Services() {
    v1::ServicesReferral body;
    body.add_services(v1::SERVICE_KIND_JOB_TRAINING);
    body.add_services(v1::SERVICE_KIND_WAGE_CLAIM);
    body.set_needs("mornings only");
    return body;
  }

  // HHS refers a person; returns the referral.
  std::string Arrives(const v1::ServicesReferral& body, const std::string& unit = kEtaUnit) {
    agency::CaseContent content;
    content.set_from_unit("hhs/orr");
    content.set_to_unit(unit);
    content.set_person("pv-1");
    *content.add_officials() = Officer("hhs/orr");
    auto& basis = *content.mutable_disclosure_basis();
    basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_CONSENT);
    basis.set_consent_id("cs-1");
    basis.set_scope_version(1);
    basis.mutable_scope()->add_purposes(referral::v1::CONSENT_PURPOSE_SERVICES);
    basis.mutable_scope()->add_agencies("dol");
    *basis.mutable_scope()->mutable_valid_until() =
        agency::ToProtoTime(desk_.clock().Now() + absl::Hours(1));
    content.mutable_body()->PackFrom(body);
    EXPECT_TRUE(Deliver("hhs", content).ok());
    return last_referral_;
  }

  absl::Status TakeUp(const std::string& id, const std::string& unit = kEtaUnit) {
    casework::v1::StepReferralRequest request;
    request.set_referral_id(id);
    request.set_expected_version(static_cast<int64_t>(desk_.Referral(id).version));
    request.set_transition(types::v1::TRANSITION_TAKE_UP);
    casework::v1::StepReferralResponse out;
    return desk_.Write([&](agency::Tx& tx) {
      return casework::StepReferral(procedures_, Officer(unit), request, tx, out);
    });
  }

  absl::Status Answer(const std::string& id, const v1::ServicesOutcome& outcome) {
    casework::v1::ProposeAnswerRequest request;
    request.set_referral_id(id);
    request.set_expected_version(static_cast<int64_t>(desk_.Referral(id).version));
    request.mutable_body()->PackFrom(outcome);
    casework::v1::ProposeAnswerResponse out;
    return desk_.Write([&](agency::Tx& tx) {
      return casework::ProposeAnswer(procedures_, Officer(kEtaUnit), request, desk_.random(), tx,
                                     out);
    });
  }

  static v1::ServicesOutcome Outcome() {
    v1::ServicesOutcome outcome;
    for (v1::ServiceKind kind : {v1::SERVICE_KIND_JOB_TRAINING, v1::SERVICE_KIND_WAGE_CLAIM}) {
      v1::ServiceOutcome& one = *outcome.add_outcomes();
      one.set_service(kind);
      one.set_outcome(v1::SERVICES_OUTCOME_KIND_ENROLLED);
    }
    return outcome;
  }
};

// TVPA 107(b)(1)(B), 22 U.S.C. 7105(b)(1)(B): the Secretary of Labor expands benefits and services
// to victims of severe forms of trafficking "without regard to the immigration status of such
// victims". So no status is asked, and a person without a letter is taken up like one with it.
TEST_F(OneStopTest, ServesAPersonWithoutLetterRegardlessOfStatus) {
  ASSERT_EQ(Services().letter_number(), "");
  const std::string id = Arrives(Services());
  EXPECT_EQ(ReadReferral(id, kEtaUnit).broken_rules_size(), 0);
  EXPECT_TRUE(TakeUp(id).ok());
  EXPECT_EQ(desk_.Referral(id).state, types::v1::REFERRAL_STATE_TAKEN_UP);
}

TEST_F(OneStopTest, ServesAPersonWithALetterAlike) {
  v1::ServicesReferral body = Services();
  body.set_letter_number("2002000000017");
  EXPECT_TRUE(TakeUp(Arrives(body)).ok());
}

// Nothing in the request can tell a status: a field for one would have to be added here first.
TEST_F(OneStopTest, HasNoFieldForAnImmigrationStatus) {
  const auto* fields = v1::ServicesReferral::descriptor();
  std::vector<std::string> known;
  for (int i = 0; i < fields->field_count(); ++i) known.push_back(fields->field(i)->name());
  EXPECT_THAT(known, testing::ElementsAre("services", "language", "needs", "letter_number"));
}

TEST_F(OneStopTest, AnswersForEachServiceByOneOfficial) {
  const std::string id = Arrives(Services());
  ASSERT_TRUE(TakeUp(id).ok());
  EXPECT_TRUE(Answer(id, Outcome()).ok());
  EXPECT_EQ(desk_.Referral(id).state, types::v1::REFERRAL_STATE_ANSWERED);
}

TEST_F(OneStopTest, RefusesAnAnswerThatLeavesAServiceOut) {
  const std::string id = Arrives(Services());
  ASSERT_TRUE(TakeUp(id).ok());
  v1::ServicesOutcome outcome = Outcome();
  outcome.mutable_outcomes()->RemoveLast();
  EXPECT_EQ(ReasonOf(Answer(id, outcome)), "FIELD_INVALID");
  EXPECT_EQ(desk_.Referral(id).state, types::v1::REFERRAL_STATE_TAKEN_UP);
}

TEST_F(OneStopTest, WithholdsServicesFromTheComplaintLine) {
  const std::string id = Arrives(Services());
  EXPECT_TRUE(ReadReferral(id, kEtaUnit).has_request());
  const casework::v1::Referral line = ReadReferral(id, std::string(kComplaintLine));
  EXPECT_FALSE(line.has_request());
  EXPECT_FALSE(line.has_basis());
  EXPECT_THAT(line.withheld_because(), HasSubstr("dol/eta"));
  EXPECT_EQ(ReasonOf(TakeUp(id, std::string(kComplaintLine))), "UNIT_NOT_OWN");
}

TEST_F(OneStopTest, ReturnsServicesThatAreAskedOfTheLine) {
  const std::string id = Arrives(Services(), std::string(kComplaintLine));
  EXPECT_EQ(desk_.Referral(id).state, types::v1::REFERRAL_STATE_RETURNED);
  EXPECT_FALSE(ReadReferral(id, std::string(kComplaintLine)).has_request());
}

}  // namespace
}  // namespace waystation::dol
