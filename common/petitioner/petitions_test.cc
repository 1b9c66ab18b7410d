#include "common/petitioner/petitions.h"

#include "common/petitioner/petitioner_fixture.h"

namespace waystation::petitioner {
namespace {

using testing::HasSubstr;
using types::v1::REFERRAL_STATE_CANCEL_ASKED;
using types::v1::REFERRAL_STATE_CANCELLED;

class PetitionsTest : public PetitionerTest {
 protected:
  absl::Status Cancel(const v1::Petition& petition, int64_t version,
                      const std::string& unit = "doj/fbi") {
    v1::CancelPetitionRequest request;
    request.set_referral_id(petition.referral_id());
    request.set_expected_version(version);
    request.set_reason("charges were dropped");
    v1::CancelPetitionResponse out;
    return desk_.Write([&](agency::Tx& tx) {
      return CancelPetition(petitioner_, Officer(unit), request, tx, out);
    });
  }

  absl::StatusOr<v1::Petition> Renew(const std::string& presence_id, const types::v1::Date& until,
                                     const std::string& unit = "doj/fbi") {
    v1::RequestRenewalRequest request;
    request.set_unit(unit);
    request.set_presence_id(presence_id);
    *request.mutable_terms() = Terms();
    *request.mutable_terms()->mutable_requested_until() = until;
    v1::RequestRenewalResponse out;
    WS_RETURN_IF_ERROR(desk_.Write([&](agency::Tx& tx) {
      return RequestRenewal(petitioner_, Officer(unit), request, tx, out);
    }));
    return out.petition();
  }

  v1::Petition Granted() {
    v1::Petition petition = Filed();
    EXPECT_TRUE(Answer(petition, Grant()).ok());
    desk_.clock().Advance(absl::Hours(24));
    return Get(petition.referral_id());
  }
};

TEST_F(PetitionsTest, SendsWhatWasFoundButNotTheEvidence) {
  const v1::Petition petition = Filed();
  EXPECT_EQ(petition.state(), types::v1::REFERRAL_STATE_REQUESTED);
  ASSERT_EQ(desk_.sent().size(), 1u);
  const agency::CaseContent& sent = desk_.sent()[0];
  EXPECT_EQ(sent.officials(0).staff_id(), "agent-1");
  EXPECT_EQ(sent.to_unit(), kDefaultToUnit);
  EXPECT_THAT(sent.disclosure_basis().citation(), HasSubstr("28 CFR 1100.35"));
  ins::v1::ContinuedPresencePetition body;
  ASSERT_TRUE(sent.body().UnpackTo(&body));
  EXPECT_EQ(body.finding().made_by_unit(), "doj/fbi");
  EXPECT_THAT(body.ShortDebugString(), Not(HasSubstr("passport")));
  // Wednesday 9 January: ten business days end on Wednesday 23 January.
  EXPECT_EQ(petition.due_time().seconds(),
            absl::ToUnixSeconds(absl::FromCivil(absl::CivilDay(2002, 1, 24), absl::UTCTimeZone())));
  EXPECT_THAT(petition.due_basis(), HasSubstr("POLICY-CP-3"));
}

TEST_F(PetitionsTest, NeedsTheUnitsOwnPositiveFinding) {
  const std::string person = Open();
  EXPECT_EQ(ReasonOf(File(Petition(person)).status()), "FINDING_MISSING");
  // Another unit's finding binds nobody here.
  EXPECT_TRUE(Find(Finding(person, "doj/us-attorneys")).ok());
  const absl::Status refused = File(Petition(person)).status();
  EXPECT_EQ(ReasonOf(refused), "FINDING_MISSING");
  EXPECT_THAT(refused.ToString(), HasSubstr("28 CFR 1100.35"));
  EXPECT_TRUE(Find(Finding(person)).ok());
  v1::RecordFindingRequest later = Finding(person);
  later.set_result(v1::FINDING_RESULT_NOT_FOUND);
  EXPECT_TRUE(Find(later).ok());
  EXPECT_EQ(ReasonOf(File(Petition(person)).status()), "FINDING_MISSING");
}

TEST_F(PetitionsTest, OnlyWarnsAUnitThatIsNotLawEnforcement) {
  const std::string person = Open();
  ASSERT_TRUE(Find(Finding(person, "doj/ovc")).ok());
  v1::FilePetitionRequest request = Petition(person, "doj/ovc");
  const absl::Status refused = File(request).status();
  EXPECT_EQ(ReasonOf(refused), "WARNINGS_NOT_ACKNOWLEDGED");
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.ToString(), HasSubstr("UNIT_MAY_NOT_PETITION"));
  EXPECT_THAT(refused.ToString(), HasSubstr("TVPA 107(c)(3)"));
  EXPECT_TRUE(desk_.sent().empty());
  request.set_acknowledge_warnings(true);
  const v1::Petition petition = *File(request);
  ASSERT_EQ(petition.warnings_size(), 1);
  EXPECT_EQ(petition.warnings(0).reason(), "UNIT_MAY_NOT_PETITION");
  EXPECT_EQ(desk_.sent().size(), 1u);
}

TEST_F(PetitionsTest, RefusesASecondOpenPetitionOfTheUnit) {
  const v1::Petition petition = Filed();
  EXPECT_EQ(ReasonOf(File(Petition(petition.person())).status()), "PETITION_OPEN");
  // Another unit of DOJ is free to petition on its own finding.
  ASSERT_TRUE(Find(Finding(petition.person(), "doj/us-attorneys")).ok());
  EXPECT_TRUE(File(Petition(petition.person(), "doj/us-attorneys")).ok());
  EXPECT_TRUE(Cancel(petition, 1).ok());
  EXPECT_TRUE(File(Petition(petition.person())).ok());
}

TEST_F(PetitionsTest, RefusesTermsThatCannotBe) {
  const std::string person = Open();
  ASSERT_TRUE(Find(Finding(person)).ok());
  v1::FilePetitionRequest request = Petition(person);
  *request.mutable_terms()->mutable_requested_until() = request.terms().requested_from();
  EXPECT_EQ(ReasonOf(File(request).status()), "FIELD_INVALID");
  request = Petition(person);
  request.mutable_terms()->set_case_number("a b");
  EXPECT_EQ(ReasonOf(File(request).status()), "FIELD_INVALID");
  request = Petition(person);
  request.mutable_terms()->set_circumstances("her name is X");
  EXPECT_EQ(ReasonOf(File(request).status()), "NAME_NOT_ALLOWED");
  request = Petition(person);
  request.set_to_unit("hhs/orr");
  EXPECT_EQ(ReasonOf(File(request).status()), "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(File(Petition("pv-nobody")).status()), "PERSON_UNKNOWN");
  EXPECT_TRUE(desk_.sent().empty());
}

TEST_F(PetitionsTest, MayNeedAnAnswerSoonerThanThePolicyButNeverLater) {
  const std::string person = Open();
  ASSERT_TRUE(Find(Finding(person)).ok());
  const int64_t now = absl::ToUnixSeconds(desk_.clock().Now());
  v1::FilePetitionRequest request = Petition(person);
  for (int64_t seconds :
       {now, now - 1, now + int64_t{30} * 86'400, int64_t{-1} << 40, int64_t{1} << 40}) {
    request.mutable_needed_by()->set_seconds(seconds);
    EXPECT_EQ(ReasonOf(File(request).status()), "FIELD_INVALID") << seconds;
  }
  request.mutable_needed_by()->set_seconds(now + 3'600);
  const v1::Petition petition = *File(request);
  EXPECT_EQ(petition.due_time().seconds(), now + 3'600);
  EXPECT_THAT(petition.due_basis(), HasSubstr("POLICY-CP-3"));
}

TEST_F(PetitionsTest, CancelsUntilReceivedThenAsks) {
  const v1::Petition first = Filed();
  EXPECT_EQ(ReasonOf(Cancel(first, 1, "doj/ovc")), "UNIT_NOT_OWN");
  EXPECT_EQ(ReasonOf(Cancel(first, 2)), "VERSION_STALE");
  EXPECT_EQ(ReasonOf(Cancel(first, 0)), "FIELD_INVALID");
  EXPECT_TRUE(Cancel(first, 1).ok());
  EXPECT_EQ(Get(first.referral_id()).state(), REFERRAL_STATE_CANCELLED);
  EXPECT_EQ(ReasonOf(Cancel(first, 2)), "TRANSITION_NOT_ALLOWED");

  const v1::Petition second = Filed();
  desk_.Receive(second.referral_id());
  // Who saw it before INS received it decided on what is no longer so.
  EXPECT_EQ(ReasonOf(Cancel(second, 1)), "VERSION_STALE");
  EXPECT_TRUE(Cancel(second, 2).ok());
  EXPECT_EQ(Get(second.referral_id()).state(), REFERRAL_STATE_CANCEL_ASKED);
}

TEST_F(PetitionsTest, AnswerBeatsALateCancellation) {
  const v1::Petition petition = Filed();
  desk_.Receive(petition.referral_id());
  ASSERT_TRUE(Cancel(petition, 2).ok());
  agency::CaseContent content = FromIns(petition, types::v1::TRANSITION_ANSWER);
  content.mutable_body()->PackFrom(Grant());
  EXPECT_TRUE(Deliver(content).ok());
  const v1::Petition now = Get(petition.referral_id());
  EXPECT_EQ(now.state(), types::v1::REFERRAL_STATE_ANSWERED);
  EXPECT_EQ(now.decision().presence_id(), "cp-1");
}

TEST_F(PetitionsTest, RenewsAPresenceThatRuns) {
  const v1::Petition granted = Granted();
  EXPECT_EQ(ReasonOf(Renew("cp-9", Date(2003, 7, 1)).status()), "PRESENCE_UNKNOWN");
  EXPECT_EQ(ReasonOf(Renew("cp-1", Date(2003, 7, 1), "doj/ovc").status()), "UNIT_NOT_OWN");
  const absl::Status nothing = Renew("cp-1", Date(2002, 12, 1)).status();
  EXPECT_EQ(ReasonOf(nothing), "WARNINGS_NOT_ACKNOWLEDGED");
  EXPECT_THAT(nothing.ToString(), HasSubstr("RENEWAL_EXTENDS_NOTHING"));
  const v1::Petition renewal = *Renew("cp-1", Date(2003, 7, 1));
  EXPECT_EQ(renewal.renews_referral_id(), granted.referral_id());
  EXPECT_EQ(renewal.content().prior_presence_id(), "cp-1");
  EXPECT_EQ(renewal.content().kind(), ins::v1::PETITION_KIND_RENEWAL);
}

TEST_F(PetitionsTest, DoesNotRenewWhatHasEnded) {
  Granted();
  desk_.clock().Advance(absl::Hours(24 * 366));
  const absl::Status refused = Renew("cp-1", Date(2004, 1, 1)).status();
  EXPECT_EQ(ReasonOf(refused), "PRESENCE_ENDED");
  EXPECT_THAT(refused.ToString(), HasSubstr("28 CFR 1100.35"));
}

TEST_F(PetitionsTest, DoesNotRenewWhatInsEnded) {
  const v1::Petition granted = Granted();
  ins::v1::PresenceEndedNotice notice;
  notice.set_presence_id("cp-1");
  *notice.mutable_ended_on() = Date(2002, 3, 1);
  notice.set_reason(ins::v1::PRESENCE_END_REASON_OTHER_STATUS);
  *notice.mutable_officials() = Grant().officials();
  agency::CaseContent content = FromIns(granted, types::v1::TRANSITION_REQUEST);
  content.clear_referral_id();
  content.mutable_body()->PackFrom(notice);
  ASSERT_TRUE(Deliver(content).ok());
  const absl::Status refused = Renew("cp-1", Date(2003, 7, 1)).status();
  EXPECT_EQ(ReasonOf(refused), "PRESENCE_ENDED");
  EXPECT_THAT(refused.ToString(), HasSubstr("2002-03-01"));
}

TEST_F(PetitionsTest, ListsByStateAndPerson) {
  const v1::Petition first = Filed();
  const v1::Petition second = Filed();
  ASSERT_TRUE(Cancel(first, 1).ok());
  v1::ListPetitionsRequest request;
  v1::ListPetitionsResponse all;
  ASSERT_TRUE(desk_
                  .Read([&](agency::Tx& tx) {
                    return ListPetitions(petitioner_, Officer("doj/fbi"), request, tx, all);
                  })
                  .ok());
  ASSERT_EQ(all.petitions_size(), 2);
  EXPECT_EQ(all.petitions(0).referral_id(), second.referral_id());
  EXPECT_FALSE(all.petitions(0).has_content());
  request.add_states(REFERRAL_STATE_CANCELLED);
  v1::ListPetitionsResponse cancelled;
  ASSERT_TRUE(desk_
                  .Read([&](agency::Tx& tx) {
                    return ListPetitions(petitioner_, Officer("doj/fbi"), request, tx, cancelled);
                  })
                  .ok());
  ASSERT_EQ(cancelled.petitions_size(), 1);
  EXPECT_EQ(cancelled.petitions(0).referral_id(), first.referral_id());
  request.set_person(second.person());
  v1::ListPetitionsResponse none;
  ASSERT_TRUE(desk_
                  .Read([&](agency::Tx& tx) {
                    return ListPetitions(petitioner_, Officer("doj/fbi"), request, tx, none);
                  })
                  .ok());
  EXPECT_EQ(none.petitions_size(), 0);
  request.set_page_size(201);
  EXPECT_EQ(ReasonOf(desk_.Read([&](agency::Tx& tx) {
              return ListPetitions(petitioner_, Officer("doj/fbi"), request, tx, none);
            })),
            "PAGE_SIZE_INVALID");
}

TEST_F(PetitionsTest, ReadingTheOutcomeTakesItOutOfTheInboxForItsUnitOnly) {
  const v1::Petition petition = Granted();
  ASSERT_TRUE(desk_
                  .Read([&](agency::Tx& tx) {
                    EXPECT_TRUE(IsFirstReading(Officer("doj/fbi"), petition, tx));
                    EXPECT_FALSE(IsFirstReading(Officer("doj/ovc"), petition, tx));
                    return absl::OkStatus();
                  })
                  .ok());
}

}  // namespace
}  // namespace waystation::petitioner
