#include <functional>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "services/ins/casework_fixture.h"

// Adjudication and enforcement are denied each other's cases (policy CP-4): what an
// officer of each unit is refused, and that an adjudicator is not.

namespace waystation::ins {
namespace {

using testing::HasSubstr;

constexpr char kEnforcement[] = "ins/investigations";

class SightTest : public CaseworkTest {
 protected:
  using Call = std::function<absl::Status(const agency::Officer&, agency::Tx&)>;

  template <typename Request, typename Response>
  static Call CallOf(absl::Status (*rpc)(const agency::Officer&, const Request&, agency::Tx&,
                                         Response&),
                     const Request& request = {}) {
    return [rpc, request](const agency::Officer& officer, agency::Tx& tx) {
      Response response;
      return rpc(officer, request, tx, response);
    };
  }

  // Each rpc of InsService, asked about a petition and a presence that exist.
  std::map<std::string, Call> Calls() {
    const v1::Presence granted = Granted();
    v1::GetPetitionRequest get;
    get.set_referral_id(granted.referral_id());
    v1::HoldPetitionRequest hold;
    hold.set_referral_id(granted.referral_id());
    hold.set_reason("why");
    *hold.mutable_until() = Date(2002, 2, 1);
    v1::ReturnPetitionRequest give_back;
    give_back.set_referral_id(granted.referral_id());
    give_back.set_reason(types::v1::RETURN_REASON_DUPLICATE);
    give_back.set_reason_text("why");
    v1::DecideCancellationRequest decide;
    decide.set_referral_id(granted.referral_id());
    decide.set_outcome(v1::CANCELLATION_OUTCOME_CONFIRMED);
    v1::IssueWorkAuthorizationRequest work;
    work.set_presence_id(granted.presence_id());
    const auto random = desk_.random();
    return {
        {"ListPetitions", CallOf(ListPetitions)},
        {"GetPetition", CallOf(GetPetition, get)},
        {"TakeUpPetition", CallOf(TakeUpPetition)},
        {"HoldPetition", CallOf(HoldPetition, hold)},
        {"ResumePetition", CallOf(ResumePetition)},
        {"ReturnPetition", CallOf(ReturnPetition, give_back)},
        {"DecideCancellation", CallOf(DecideCancellation, decide)},
        {"ListPresences", CallOf(ListPresences)},
        {"EndPresence", CallOf(EndPresence, EndOf(granted))},
        {"IssueWorkAuthorization", CallOf(IssueWorkAuthorization, work)},
        {"ProposeDecision",
         [random](const agency::Officer& officer, agency::Tx& tx) {
           v1::ProposeDecisionResponse response;
           return ProposeDecision(officer, {}, random, tx, response);
         }},
        {"ConfirmDecision",
         [random](const agency::Officer& officer, agency::Tx& tx) {
           v1::ConfirmDecisionResponse response;
           return ConfirmDecision(officer, {}, random, tx, response);
         }},
    };
  }

  absl::Status Read(const agency::Officer& officer, const Call& call) {
    return desk_.Read([&](agency::Tx& tx) { return call(officer, tx); });
  }
};

TEST_F(SightTest, DeniesEnforcementEveryCall) {
  for (const auto& [rpc, call] : Calls()) {
    const absl::Status refused = Read(Officer("agent-1", kEnforcement), call);
    EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied) << rpc;
    EXPECT_EQ(ReasonOf(refused), "UNIT_DENIED") << rpc;
    EXPECT_THAT(refused.ToString(), HasSubstr("policy CP-4")) << rpc;
    EXPECT_THAT(refused.ToString(), testing::Not(HasSubstr("pv-1"))) << rpc;
  }
}

TEST_F(SightTest, DeniesAnAdjudicatorNone) {
  for (const auto& [rpc, call] : Calls()) {
    EXPECT_NE(ReasonOf(Read(Officer("adjudicator-1"), call)), "UNIT_DENIED") << rpc;
  }
}

TEST_F(SightTest, ShowsAnAdjudicatorNothingThatCameForEnforcement) {
  const std::string ours = Bring(Request(Body()));
  agency::CaseContent content = Request(Body());
  content.set_to_unit(kEnforcement);
  const std::string theirs = Bring(content);
  v1::ListPetitionsResponse list;
  ASSERT_TRUE(Read(Officer("adjudicator-1"), [&](const agency::Officer& officer, agency::Tx& tx) {
                return ListPetitions(officer, {}, tx, list);
              }).ok());
  ASSERT_EQ(list.petitions_size(), 1);
  EXPECT_EQ(list.petitions(0).referral_id(), ours);
  v1::GetPetitionRequest get;
  get.set_referral_id(theirs);
  const absl::Status refused = Read(Officer("adjudicator-1"), CallOf(GetPetition, get));
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(refused), "UNIT_DENIED");
  EXPECT_THAT(refused.ToString(), HasSubstr("policy CP-4"));
}

}  // namespace
}  // namespace waystation::ins
