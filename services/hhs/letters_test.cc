#include "services/hhs/letters.h"

#include "common/crypto/certificate.h"
#include "common/evidence/verifier.h"
#include "services/hhs/hhs_fixture.h"
#include "waystation/audit/v1/compliance.pb.h"

namespace waystation::hhs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LettersTest : public HhsTest {
 protected:
  std::string RefusalOf(v1::LetterKind kind) {
    const v1::CertificationCase before = Get();
    const absl::Status refused = Propose(kind).status();
    EXPECT_EQ(Get().SerializeAsString(), before.SerializeAsString());
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
    EXPECT_THAT(refused.ToString(), HasSubstr("TVPA 107(b)(1)"));
    return ReasonOf(refused);
  }

  v1::LetterState StateOf(const std::string& number) {
    auto verified = Verify(number);
    EXPECT_TRUE(verified.ok()) << verified.status();
    return verified.ok() ? verified->state() : v1::LETTER_STATE_UNSPECIFIED;
  }

  v1::LetterRecord Record() { return *Get().letters().rbegin(); }

  absl::Status VerifyOffline(const v1::SignedLetter& letter) {
    return evidence::Verifier(*bus_.View())
        .Verify(kLetterContent, letter.letter(), letter.signature(), letter.signer());
  }
};

TEST_F(LettersTest, CertifiesAnAdultWithNoticeWillingnessAndConsultation) {
  Prepare();
  auto signed_letter = Issue(v1::LETTER_KIND_CERTIFICATION);
  ASSERT_TRUE(signed_letter.ok()) << signed_letter.status();
  v1::Letter letter;
  ASSERT_TRUE(letter.ParseFromString(signed_letter->letter()));
  EXPECT_EQ(letter.number().size(), 13u);
  EXPECT_EQ(letter.kind(), v1::LETTER_KIND_CERTIFICATION);
  EXPECT_EQ(letter.issued_on().SerializeAsString(), Date(2002, 1, 9).SerializeAsString());
  EXPECT_THAT(letter.basis(), HasSubstr("107(b)(1)(C)(ii)(II)"));
  // Neither the person nor the status.
  for (const char* secret : {"pv-1", "cp-1", "presence"}) {
    EXPECT_THAT(signed_letter->letter(), Not(HasSubstr(secret)));
  }
  EXPECT_EQ(Record().issued_by_size(), 2);
  EXPECT_FALSE(Get().has_proposal());
}

TEST_F(LettersTest, TheAuditorHearsHowFarTheCertificationIsAndNotWhatIsMissing) {
  Prepare();
  ASSERT_TRUE(Issue(v1::LETTER_KIND_CERTIFICATION).ok());
  std::vector<audit::v1::CertificationStage> stages;
  for (const agency::MemoDraft& memo : desk_.memos()) {
    audit::v1::ComplianceEvent event;
    ASSERT_TRUE(event.ParseFromString(memo.body));
    EXPECT_EQ(event.certification().reference(), "cp-1");
    EXPECT_THAT(event.certification().waits_for(), Not(HasSubstr("WILLING")));
    if (!stages.empty() && stages.back() == event.certification().stage()) continue;
    stages.push_back(event.certification().stage());
  }
  EXPECT_THAT(stages, testing::ElementsAre(audit::v1::CERTIFICATION_STAGE_NOTICE_FILED,
                                           audit::v1::CERTIFICATION_STAGE_LETTER_ISSUED));
}

TEST_F(LettersTest, ACitizenNeedsNoneAndTheAuditorHearsIt) {
  Prepare();
  ASSERT_TRUE(SetFacts(Years(30), v1::IMMIGRATION_CLASS_CITIZEN).ok());
  audit::v1::ComplianceEvent event;
  ASSERT_TRUE(event.ParseFromString(desk_.memos().back().body));
  EXPECT_EQ(event.certification().stage(), audit::v1::CERTIFICATION_STAGE_NOT_NEEDED);
}

TEST_F(LettersTest, EachAgeGetsItsOwnLetter) {
  ASSERT_TRUE(Open().ok());
  for (const types::v1::PersonAge& age :
       {Years(14), Years(15), Years(17), types::v1::PersonAge()}) {
    ASSERT_TRUE(SetFacts(age).ok());
    EXPECT_EQ(RefusalOf(v1::LETTER_KIND_CERTIFICATION), "LETTER_KIND_WRONG");
    EXPECT_TRUE(Propose(v1::LETTER_KIND_ELIGIBILITY).ok());
  }
  ASSERT_TRUE(SetFacts(Years(18)).ok());
  EXPECT_EQ(RefusalOf(v1::LETTER_KIND_ELIGIBILITY), "LETTER_KIND_WRONG");
}

TEST_F(LettersTest, AChildsLetterNeedsNoNoticeNoWillingnessAndNoConsultation) {
  ASSERT_TRUE(Open(types::v1::PersonAge()).ok());
  auto letter = Issue(v1::LETTER_KIND_ELIGIBILITY);
  ASSERT_TRUE(letter.ok()) << letter.status();
  EXPECT_TRUE(desk_.sent().empty());
  EXPECT_EQ(ReasonOf(Propose(v1::LETTER_KIND_ELIGIBILITY).status()), "LETTER_STANDS");
}

TEST_F(LettersTest, RefusesACertificationThatLacksOneElement) {
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(RefusalOf(v1::LETTER_KIND_CERTIFICATION), "WILLINGNESS_MISSING");
  ASSERT_TRUE(State(true).ok());
  EXPECT_EQ(RefusalOf(v1::LETTER_KIND_CERTIFICATION), "STATUS_BASIS_MISSING");
  Notify(v1::STATUS_EVENT_T_APPLICATION_BONA_FIDE, Date(2002, 1, 9), "t-1");
  EXPECT_EQ(RefusalOf(v1::LETTER_KIND_CERTIFICATION), "ATTORNEY_GENERAL_NOT_CONSULTED");
  auto referral = Consult();
  ASSERT_TRUE(referral.ok());
  EXPECT_EQ(RefusalOf(v1::LETTER_KIND_CERTIFICATION), "ATTORNEY_GENERAL_NOT_CONSULTED");
  // An objection does not bind.
  ASSERT_TRUE(AnswerConsultation(*referral, doj::v1::CONSULTATION_VIEW_OBJECTS).ok());
  EXPECT_TRUE(Propose(v1::LETTER_KIND_CERTIFICATION).ok());
  Notify(v1::STATUS_EVENT_T_APPLICATION_DENIED, Date(2002, 1, 9), "t-1");
  EXPECT_EQ(RefusalOf(v1::LETTER_KIND_CERTIFICATION), "T_APPLICATION_DENIED");
}

TEST_F(LettersTest, RefusesAfterWithdrawnWillingness) {
  Prepare();
  ASSERT_TRUE(State(false, Date(2002, 1, 9)).ok());
  EXPECT_EQ(RefusalOf(v1::LETTER_KIND_CERTIFICATION), "WILLINGNESS_MISSING");
}

TEST_F(LettersTest, RefusesAfterThePresenceEndedOrRanOut) {
  Prepare();
  SetToday(absl::CivilDay(2003, 1, 9));
  EXPECT_TRUE(Propose(v1::LETTER_KIND_CERTIFICATION).ok());
  SetToday(absl::CivilDay(2003, 1, 10));
  EXPECT_EQ(RefusalOf(v1::LETTER_KIND_CERTIFICATION), "CERTIFICATION_BASIS_ENDED");
  SetToday(absl::CivilDay(2002, 3, 1));
  Notify(v1::STATUS_EVENT_PRESENCE_ENDED, Date(2002, 3, 1));
  EXPECT_EQ(RefusalOf(v1::LETTER_KIND_CERTIFICATION), "CERTIFICATION_BASIS_ENDED");
}

TEST_F(LettersTest, CitizensAndPermanentResidentsNeedNone) {
  Prepare();
  for (v1::ImmigrationClass one :
       {v1::IMMIGRATION_CLASS_CITIZEN, v1::IMMIGRATION_CLASS_PERMANENT_RESIDENT}) {
    ASSERT_TRUE(SetFacts(Years(18), one).ok());
    EXPECT_EQ(RefusalOf(v1::LETTER_KIND_CERTIFICATION), "LETTER_NOT_NEEDED");
    ASSERT_TRUE(SetFacts(Years(14), one).ok());
    EXPECT_EQ(RefusalOf(v1::LETTER_KIND_ELIGIBILITY), "LETTER_NOT_NEEDED");
    EXPECT_THAT(Propose(v1::LETTER_KIND_ELIGIBILITY).status().ToString(),
                HasSubstr("none is needed"));
  }
}

TEST_F(LettersTest, NeedsTwoOfficialsAndTheProposalThatWasRead) {
  Prepare();
  EXPECT_EQ(ReasonOf(Confirm("pr-none").status()), "PROPOSAL_MISSING");
  auto first = Propose(v1::LETTER_KIND_CERTIFICATION);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(ReasonOf(Confirm(*first, "orr-1").status()), "SECOND_OFFICIAL_REQUIRED");
  auto second = Propose(v1::LETTER_KIND_CERTIFICATION, "orr-3");
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(ReasonOf(Confirm(*first).status()), "PROPOSAL_CHANGED");
  EXPECT_TRUE(Get().letters().empty());
  EXPECT_TRUE(Confirm(*second).ok());
  EXPECT_EQ(ReasonOf(Confirm(*second).status()), "PROPOSAL_MISSING");
  EXPECT_EQ(Get().letters_size(), 1);
}

TEST_F(LettersTest, AsksEveryRuleAgainWhenTheSecondOfficialConfirms) {
  Prepare();
  auto proposed = Propose(v1::LETTER_KIND_CERTIFICATION);
  ASSERT_TRUE(proposed.ok());
  Notify(v1::STATUS_EVENT_PRESENCE_ENDED);
  EXPECT_EQ(ReasonOf(Confirm(*proposed).status()), "CERTIFICATION_BASIS_ENDED");
  EXPECT_TRUE(Get().letters().empty());
}

TEST_F(LettersTest, IsVoidFromTheDayOnWhichThePresenceEnded) {
  const std::string number = Certified();
  EXPECT_EQ(StateOf(number), v1::LETTER_STATE_VALID);
  SetToday(absl::CivilDay(2002, 4, 2));
  Notify(v1::STATUS_EVENT_PRESENCE_ENDED, Date(2002, 4, 3));
  EXPECT_EQ(StateOf(number), v1::LETTER_STATE_VALID);
  SetToday(absl::CivilDay(2002, 4, 3));
  EXPECT_EQ(StateOf(number), v1::LETTER_STATE_VOID);
  EXPECT_EQ(Record().void_from().day(), 3);
  EXPECT_THAT(Record().void_reason(), HasSubstr("cp-1 has ended (TVPA 107(b)(1)(E)(ii)"));
  // A void letter stays void; a new presence carries a new letter.
  Notify(v1::STATUS_EVENT_PRESENCE_GRANTED, Date(2002, 4, 3), "cp-2");
  EXPECT_EQ(StateOf(number), v1::LETTER_STATE_VOID);
  EXPECT_TRUE(Issue(v1::LETTER_KIND_CERTIFICATION).ok());
  EXPECT_EQ(Get().letters_size(), 2);
  EXPECT_EQ(Record().state(), v1::LETTER_STATE_VALID);
}

TEST_F(LettersTest, StandsWhileAnotherBasisCarriesIt) {
  const std::string number = Certified();
  Notify(v1::STATUS_EVENT_T_APPLICATION_BONA_FIDE, Date(2002, 1, 9), "t-1");
  Notify(v1::STATUS_EVENT_PRESENCE_ENDED);
  EXPECT_EQ(StateOf(number), v1::LETTER_STATE_VALID);
  Notify(v1::STATUS_EVENT_T_APPLICATION_DENIED, Date(2002, 1, 9), "t-1");
  EXPECT_EQ(StateOf(number), v1::LETTER_STATE_VOID);
}

TEST_F(LettersTest, AnEndAheadIsForgottenWhenThePresenceIsGrantedAnew) {
  const std::string number = Certified();
  Notify(v1::STATUS_EVENT_PRESENCE_ENDED, Date(2002, 2, 1));
  EXPECT_TRUE(Record().has_void_from());
  Notify(v1::STATUS_EVENT_PRESENCE_GRANTED, Date(2002, 1, 9), "cp-2");
  EXPECT_FALSE(Record().has_void_from());
  SetToday(absl::CivilDay(2002, 2, 2));
  EXPECT_EQ(StateOf(number), v1::LETTER_STATE_VALID);
}

TEST_F(LettersTest, APresenceThatRanOutVoidsNothingAndMakesInsSpeak) {
  const std::string number = Certified();
  SetToday(absl::CivilDay(2003, 1, 10));
  EXPECT_EQ(StateOf(number), v1::LETTER_STATE_VALID);
  EXPECT_EQ(Get().next_move().agency(), "ins");
}

TEST_F(LettersTest, WithdrawnWillingnessAndAnEighteenthBirthdayVoidNothing) {
  const std::string certified = Certified();
  ASSERT_TRUE(State(false, Date(2002, 1, 9)).ok());
  EXPECT_EQ(StateOf(certified), v1::LETTER_STATE_VALID);
  // An eligibility letter stands whatever INS tells.
  ASSERT_TRUE(SetFacts(Years(17)).ok());
  ASSERT_TRUE(Issue(v1::LETTER_KIND_ELIGIBILITY).ok());
  Notify(v1::STATUS_EVENT_PRESENCE_ENDED);
  SetToday(absl::CivilDay(2003, 1, 9));
  EXPECT_EQ(Get().letter_due(), v1::LETTER_KIND_CERTIFICATION);
  EXPECT_EQ(Get().letters(0).state(), v1::LETTER_STATE_VOID);
  EXPECT_EQ(Get().letters(1).state(), v1::LETTER_STATE_VALID);
}

TEST_F(LettersTest, VerifiesByNumberWithoutThePersonAndRecordsWhoAsked) {
  const std::string number = Certified();
  auto verified = Verify(number);
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->kind(), v1::LETTER_KIND_CERTIFICATION);
  EXPECT_EQ(verified->issued_on().SerializeAsString(), Date(2002, 1, 9).SerializeAsString());
  EXPECT_EQ(v1::VerifyLetterResponse::descriptor()->field_count(), 3);
  ASSERT_EQ(Record().verifications_size(), 1);
  EXPECT_EQ(Record().verifications(0).office(), "county office 12");
  EXPECT_EQ(Record().verifications(0).benefits(0), v1::BENEFIT_MEDICAID);
  EXPECT_EQ(Record().verifications(0).answered_by().staff_id(), "line-1");
}

TEST_F(LettersTest, RefusesEveryAlteredDigitAndUnknownNumbers) {
  const std::string good = Certified();
  for (size_t at = 0; at < good.size(); ++at) {
    for (char digit = '0'; digit <= '9'; ++digit) {
      if (digit == good[at]) continue;
      std::string bad = good;
      bad[at] = digit;
      EXPECT_EQ(ReasonOf(Verify(bad).status()), "LETTER_NUMBER_INVALID") << bad;
    }
  }
  EXPECT_EQ(ReasonOf(Verify("0000000079444").status()), "LETTER_UNKNOWN");
  EXPECT_EQ(Record().verifications_size(), 0);
}

TEST_F(LettersTest, VerificationNamesOfficeAndBenefits) {
  const std::string number = Certified();
  v1::VerifyLetterRequest request;
  request.set_number(number);
  auto reason = [&] {
    return ReasonOf(Call<v1::VerifyLetterResponse>([&](agency::Tx& tx, auto& out) {
                      return VerifyLetter(Officer(), request, tx, out);
                    }).status());
  };
  request.add_benefits(v1::BENEFIT_SSI);
  EXPECT_EQ(reason(), "FIELD_INVALID");
  request.set_office("office");
  EXPECT_EQ(reason(), "");
  request.add_benefits(v1::BENEFIT_SSI);
  EXPECT_EQ(reason(), "FIELD_INVALID");
  request.clear_benefits();
  EXPECT_EQ(reason(), "FIELD_INVALID");
}

TEST_F(LettersTest, SignatureVerifiesOfflineAndOneFlippedBitDoesNot) {
  Prepare();
  auto issued = Issue(v1::LETTER_KIND_CERTIFICATION);
  ASSERT_TRUE(issued.ok());
  EXPECT_TRUE(VerifyOffline(*issued).ok());
  for (size_t at = 0; at < issued->letter().size(); ++at) {
    v1::SignedLetter altered = *issued;
    (*altered.mutable_letter())[at] ^= 1;
    EXPECT_FALSE(VerifyOffline(altered).ok()) << at;
  }
  for (size_t at = 0; at < issued->signature().signature().size(); ++at) {
    v1::SignedLetter altered = *issued;
    (*altered.mutable_signature()->mutable_signature())[at] ^= 1;
    EXPECT_FALSE(VerifyOffline(altered).ok()) << at;
  }
  auto certificate = crypto::Certificate::FromDer(issued->certificate());
  ASSERT_TRUE(certificate.ok());
  EXPECT_EQ(crypto::AsBytes(certificate->sha256()), issued->signature().certificate_sha256());
}

TEST_F(LettersTest, ReturnsTheSameSignedBytesByNumberAndByCase) {
  Prepare();
  auto issued = Issue(v1::LETTER_KIND_CERTIFICATION);
  ASSERT_TRUE(issued.ok());
  v1::GetLetterRequest by_case;
  by_case.set_case_id(CaseId());
  v1::GetLetterRequest by_number;
  by_number.set_number(Record().number());
  for (const v1::GetLetterRequest& request : {by_case, by_number}) {
    v1::GetLetterResponse got;
    ASSERT_TRUE(
        desk_.Read([&](agency::Tx& tx) { return GetLetter(Officer(), request, tx, got); }).ok());
    EXPECT_EQ(got.letter().SerializeAsString(), issued->SerializeAsString());
    EXPECT_EQ(got.case_id(), CaseId());
    EXPECT_EQ(ReasonOf(desk_.Read([&](agency::Tx& tx) {
                return GetLetter(Officer("x-1", "hhs/other"), request, tx, got);
              })),
              "UNIT_NOT_OWN");
  }
}

}  // namespace
}  // namespace waystation::hhs
