#include "services/ins/petitions.h"

#include "gmock/gmock.h"
#include "services/ins/casework_fixture.h"

namespace waystation::ins {
namespace {

using testing::HasSubstr;

class PetitionsTest : public CaseworkTest {
 protected:
  absl::Status Hold(const std::string& id, const types::v1::Date& until) {
    v1::HoldPetitionRequest request;
    request.set_referral_id(id);
    request.set_expected_version(Version(id));
    *request.mutable_until() = until;
    request.set_reason("waiting for the file");
    v1::HoldPetitionResponse out;
    return desk_.Write(
        [&](agency::Tx& tx) { return HoldPetition(Officer("adjudicator-1"), request, tx, out); });
  }

  absl::Status Resume(const std::string& id) {
    v1::ResumePetitionRequest request;
    request.set_referral_id(id);
    request.set_expected_version(Version(id));
    v1::ResumePetitionResponse out;
    return desk_.Write(
        [&](agency::Tx& tx) { return ResumePetition(Officer("adjudicator-1"), request, tx, out); });
  }

  absl::Status Return(const std::string& id, types::v1::ReturnReason reason,
                      const std::string& citation, int64_t version) {
    v1::ReturnPetitionRequest request;
    request.set_referral_id(id);
    request.set_expected_version(version);
    request.set_reason(reason);
    request.set_citation(citation);
    request.set_reason_text("because");
    v1::ReturnPetitionResponse out;
    return desk_.Write(
        [&](agency::Tx& tx) { return ReturnPetition(Officer("adjudicator-1"), request, tx, out); });
  }

  absl::Status Word(const std::string& id, v1::CancellationOutcome outcome,
                    const std::string& reason) {
    v1::DecideCancellationRequest request;
    request.set_referral_id(id);
    request.set_expected_version(Version(id));
    request.set_outcome(outcome);
    request.set_reason(reason);
    v1::DecideCancellationResponse out;
    return desk_.Write([&](agency::Tx& tx) {
      return DecideCancellation(Officer("adjudicator-1"), request, tx, out);
    });
  }
};

TEST_F(PetitionsTest, TakesUpHoldsAndResumes) {
  const std::string id = Bring(Request(Body()));
  EXPECT_EQ(ReasonOf(Hold(id, Date(2002, 2, 1))), "TRANSITION_NOT_ALLOWED");
  ASSERT_TRUE(TakeUp(id).ok());
  EXPECT_EQ(desk_.sent().back().officials(0).staff_id(), "adjudicator-1");
  EXPECT_EQ(desk_.sent().back().to_unit(), "doj/fbi");
  EXPECT_EQ(ReasonOf(TakeUp(id)), "TRANSITION_NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Hold(id, Date(2002, 1, 9))), "FIELD_INVALID");
  ASSERT_TRUE(Hold(id, Date(2002, 1, 10)).ok());
  EXPECT_EQ(desk_.sent().back().hold_until().day(), 10);
  EXPECT_EQ(desk_.sent().back().reason_text(), "waiting for the file");
  EXPECT_EQ(ReasonOf(Propose(id, Grant()).status()), "TRANSITION_NOT_ALLOWED");
  ASSERT_TRUE(Resume(id).ok());
  EXPECT_EQ(Get(id).state(), types::v1::REFERRAL_STATE_TAKEN_UP);
}

TEST_F(PetitionsTest, RefusesStaleAbsentAndUnknown) {
  const std::string id = Bring(Request(Body()));
  EXPECT_EQ(ReasonOf(Return(id, types::v1::RETURN_REASON_DUPLICATE, "", 1)), "VERSION_STALE");
  EXPECT_EQ(ReasonOf(Return(id, types::v1::RETURN_REASON_DUPLICATE, "", 0)), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(Return("0123456789abcdef", types::v1::RETURN_REASON_DUPLICATE, "", 1)),
            "REFERRAL_UNKNOWN");
  EXPECT_EQ(ReasonOf(Return("short", types::v1::RETURN_REASON_DUPLICATE, "", 1)), "FIELD_INVALID");
  EXPECT_TRUE(desk_.sent().empty());
}

TEST_F(PetitionsTest, ReturnNamesItsReasonAndTheLawItsRule) {
  const std::string id = TakenUp();
  ASSERT_TRUE(Propose(id, Grant()).ok());
  const int64_t version = Version(id);
  EXPECT_EQ(ReasonOf(Return(id, types::v1::RETURN_REASON_UNSPECIFIED, "", version)),
            "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(Return(id, types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW, "", version)),
            "CITATION_MISSING");
  ASSERT_TRUE(
      Return(id, types::v1::RETURN_REASON_NOT_AUTHORIZED_BY_LAW, "28 CFR 1100.35", version).ok());
  EXPECT_EQ(desk_.sent().back().return_detail().citation(), "28 CFR 1100.35");
  EXPECT_FALSE(Get(id).has_proposal());
}

TEST_F(PetitionsTest, OfficerDeclinesACancellationWithAReason) {
  const std::string id = TakenUp();
  ASSERT_TRUE(DojSteps(id, types::v1::TRANSITION_ASK_TO_CANCEL).ok());
  EXPECT_EQ(Get(id).cancel_reason(), "charges were dropped");
  EXPECT_EQ(ReasonOf(Word(id, v1::CANCELLATION_OUTCOME_CONTINUED, "")), "FIELD_INVALID");
  ASSERT_TRUE(Word(id, v1::CANCELLATION_OUTCOME_CONTINUED, "with the second official").ok());
  EXPECT_EQ(desk_.sent().back().transition(), types::v1::TRANSITION_CONTINUE);
  EXPECT_EQ(desk_.sent().back().reason_text(), "with the second official");
  EXPECT_EQ(Get(id).state(), types::v1::REFERRAL_STATE_TAKEN_UP);
  EXPECT_EQ(Get(id).cancel_reason(), "");
}

TEST_F(PetitionsTest, OfficerConfirmsACancellation) {
  const std::string id = TakenUp();
  ASSERT_TRUE(Propose(id, Grant()).ok());
  ASSERT_TRUE(DojSteps(id, types::v1::TRANSITION_ASK_TO_CANCEL).ok());
  EXPECT_TRUE(Get(id).has_proposal());
  ASSERT_TRUE(Word(id, v1::CANCELLATION_OUTCOME_CONFIRMED, "").ok());
  EXPECT_EQ(Get(id).state(), types::v1::REFERRAL_STATE_CANCELLED);
  EXPECT_FALSE(Get(id).has_proposal());
  EXPECT_EQ(Get(id).cancel_reason(), "charges were dropped");
}

TEST_F(PetitionsTest, RefusesAnAnswerToACancellationThatNobodyAskedOrThatIsNone) {
  const std::string id = TakenUp();
  EXPECT_EQ(ReasonOf(Word(id, v1::CANCELLATION_OUTCOME_CONFIRMED, "")), "TRANSITION_NOT_ALLOWED");
  ASSERT_TRUE(DojSteps(id, types::v1::TRANSITION_ASK_TO_CANCEL).ok());
  EXPECT_EQ(ReasonOf(Word(id, v1::CANCELLATION_OUTCOME_UNSPECIFIED, "why")), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(Word(id, static_cast<v1::CancellationOutcome>(9), "why")), "FIELD_INVALID");
  EXPECT_EQ(Get(id).state(), types::v1::REFERRAL_STATE_CANCEL_ASKED);
}

TEST_F(PetitionsTest, ListsByStateWithoutContent) {
  const std::string returned = Bring(Request(Body("doj/ovc"), "doj/ovc"));
  const std::string open = Bring(Request(Body()));
  v1::ListPetitionsRequest request;
  v1::ListPetitionsResponse all;
  ASSERT_TRUE(desk_
                  .Read([&](agency::Tx& tx) {
                    return ListPetitions(Officer("adjudicator-1"), request, tx, all);
                  })
                  .ok());
  ASSERT_EQ(all.petitions_size(), 2);
  EXPECT_EQ(all.petitions(0).referral_id(), open);
  EXPECT_FALSE(all.petitions(0).has_content());
  request.add_states(types::v1::REFERRAL_STATE_RETURNED);
  v1::ListPetitionsResponse some;
  ASSERT_TRUE(desk_
                  .Read([&](agency::Tx& tx) {
                    return ListPetitions(Officer("adjudicator-1"), request, tx, some);
                  })
                  .ok());
  ASSERT_EQ(some.petitions_size(), 1);
  EXPECT_EQ(some.petitions(0).referral_id(), returned);
}

}  // namespace
}  // namespace waystation::ins
