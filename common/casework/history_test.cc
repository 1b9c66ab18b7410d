#include "common/casework/history.h"

#include <string>

#include "common/casework/casework_fixture.h"
#include "gmock/gmock.h"

namespace waystation::casework {
namespace {

// HHS asks DOS, which forwards to USAID.
class HistoryTest : public CaseworkTest {
 protected:
  v1::GetHistoryResponse History(Office& office, const std::string& id, const std::string& unit) {
    v1::GetHistoryResponse response;
    const absl::Status filled = office.desk.Read([&](agency::Tx& tx) -> absl::Status {
      WS_ASSIGN_OR_RETURN(auto stored, CaseTable(tx.db()).Get(id));
      return FillHistory(office.procedures, Officer("reader", unit), stored, tx, response);
    });
    EXPECT_TRUE(filled.ok()) << filled;
    return response;
  }

  std::string Referred() {
    const std::string consent = Consent(hhs_, ConsentRequest(hhs_))->consent_id();
    dos::v1::ReturnReferral body;
    body.set_country("MD");
    auto asked = Ask(hhs_, Request("dos/prm", consent, body));
    EXPECT_TRUE(asked.ok()) << asked.status();
    Carry();
    return asked->referral_id();
  }

  std::string Forwarded(const std::string& id) {
    EXPECT_TRUE(Step(dos_, id, types::v1::TRANSITION_TAKE_UP, "dos/prm").ok());
    v1::ForwardReferralRequest request;
    request.set_referral_id(id);
    request.set_to_unit("usaid/missions");
    usaid::v1::ReintegrationReferral body;
    body.set_country("MD");
    body.add_support(usaid::v1::REINTEGRATION_SUPPORT_SHELTER);
    request.mutable_body()->PackFrom(body);
    auto done = Call<v1::ForwardReferralResponse>(dos_, [&](agency::Tx& tx, auto& out) {
      return ForwardReferral(dos_.procedures, Officer("worker-1", "dos/prm"), request, tx, out);
    });
    EXPECT_TRUE(done.ok()) << done.status();
    Carry();
    return done->referral().referral_id();
  }

  Office& hhs_ = Open("hhs", ListOf(Plain(procedures::SafeReturn())));
  Office& dos_ =
      Open("dos", ListOf(Plain(procedures::SafeReturn()), Plain(procedures::Reintegration())));
  Office& usaid_ = Open("usaid", ListOf(Plain(procedures::Reintegration())));
};

TEST_F(HistoryTest, OnwardHopsShowOnlyThatTheyWereAnswered) {
  const std::string id = Referred();
  const std::string child = Forwarded(id);
  ASSERT_EQ(History(dos_, id, "dos/prm").onward_size(), 1);
  EXPECT_EQ(History(dos_, id, "dos/prm").onward(0).referral_id(), child);
  EXPECT_FALSE(History(dos_, id, "dos/prm").onward(0).answered());
  // The requester learns of it with the answer, and neither agency nor handle.
  EXPECT_EQ(History(hhs_, id, "hhs/orr").onward_size(), 0);
  EXPECT_EQ(History(usaid_, child, "usaid/missions").onward_size(), 0);
}

TEST_F(HistoryTest, RequesterSeesNeitherHandleNorAgencyOfAnAnsweredHop) {
  const std::string id = Referred();
  const std::string child = Forwarded(id);
  ASSERT_TRUE(Step(usaid_, child, types::v1::TRANSITION_TAKE_UP, "usaid/missions").ok());
  usaid::v1::ReintegrationOutcome arranged;
  arranged.add_arranged(usaid::v1::REINTEGRATION_SUPPORT_SHELTER);
  arranged.set_partner("partner");
  ASSERT_TRUE(Answer(usaid_, child, arranged, "usaid/missions").ok());
  Carry();
  EXPECT_TRUE(History(dos_, id, "dos/prm").onward(0).answered());
  dos::v1::ReturnOutcome outcome;
  outcome.set_kind(dos::v1::RETURN_OUTCOME_KIND_DECLINED);
  ASSERT_TRUE(Answer(dos_, id, outcome, "dos/prm").ok());
  Carry();
  const v1::GetHistoryResponse seen = History(hhs_, id, "hhs/orr");
  ASSERT_EQ(seen.onward_size(), 1);
  EXPECT_TRUE(seen.onward(0).answered());
  EXPECT_EQ(seen.onward(0).referral_id(), "");
}

TEST_F(HistoryTest, RecipientOfAForwardedReferralIsNotToldTheRoot) {
  const std::string id = Referred();
  const std::string child = Forwarded(id);
  const v1::Referral seen = *Get(usaid_, child, "usaid/missions");
  EXPECT_EQ(seen.forwards_referral_id(), "");
  EXPECT_EQ(seen.SerializeAsString().find(id), std::string::npos);
}

}  // namespace
}  // namespace waystation::casework
