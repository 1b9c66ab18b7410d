#include "services/dol/calls.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/dol/line_fixture.h"

namespace waystation::dol {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class CallsTest : public LineTest {
 protected:
  absl::StatusOr<v1::SetSafeContactResponse> SetPlan(const std::string& call_id,
                                                     const types::v1::SafeContactPlan& plan) {
    v1::SetSafeContactRequest request;
    request.set_call_id(call_id);
    *request.mutable_plan() = plan;
    v1::SetSafeContactResponse out;
    WS_RETURN_IF_ERROR(
        desk_.Write([&](agency::Tx& tx) { return SetSafeContact(Officer(), request, tx, out); }));
    return out;
  }

  absl::StatusOr<v1::ListCallsResponse> List(const v1::ListCallsRequest& request,
                                             const std::string& unit) {
    v1::ListCallsResponse out;
    WS_RETURN_IF_ERROR(
        desk_.Read([&](agency::Tx& tx) { return ListCalls(Officer(unit), request, tx, out); }));
    return out;
  }

  std::vector<std::string> Ids(bool open_only, bool danger_now_only = false) {
    v1::ListCallsRequest request;
    request.set_open_only(open_only);
    request.set_danger_now_only(danger_now_only);
    std::vector<std::string> ids;
    const v1::ListCallsResponse listed = *List(request, std::string(kComplaintLine));
    for (const v1::Call& call : listed.calls()) {
      ids.push_back(call.call_id());
    }
    return ids;
  }
};

TEST_F(CallsTest, RecordsACallUnderHandlesAlone) {
  const v1::Call call = Record();
  EXPECT_THAT(call.call_id(), StartsWith("call-"));
  EXPECT_THAT(call.person(), StartsWith("pv-"));
  EXPECT_FALSE(call.treated_as_child());
  EXPECT_FALSE(call.safe_contact_in_force());
  EXPECT_TRUE(call.open());
  EXPECT_EQ(call.standing().next_move_unit(), kComplaintLine);
  EXPECT_EQ(call.standing().since().seconds(), call.recorded_at().seconds());
  EXPECT_EQ(Get(call.call_id())->SerializeAsString(), call.SerializeAsString());
  EXPECT_THAT(desk_.sent(), IsEmpty());
}

TEST_F(CallsTest, TreatsAnUnknownAgeAsAChilds) {
  const v1::Call call = Record(UnknownAge());
  EXPECT_TRUE(call.treated_as_child());
  EXPECT_THAT(call.standing().next_move(), HasSubstr("HHS"));
}

TEST_F(CallsTest, RefusesANameInEachText) {
  v1::RecordCallRequest told = Adult();
  told.set_circumstances("Name: somebody");
  EXPECT_EQ(ReasonOf(TryRecord(told).status()), "NAME_NOT_ALLOWED");
  v1::RecordCallRequest planned = Adult();
  *planned.mutable_safe_contact() = Plan();
  planned.mutable_safe_contact()->set_if_somebody_else_answers("ask for alias: somebody");
  EXPECT_EQ(ReasonOf(TryRecord(planned).status()), "NAME_NOT_ALLOWED");
  EXPECT_THAT(Ids(false), IsEmpty());
}

TEST_F(CallsTest, RefusesATelephoneNumberInEachText) {
  v1::RecordCallRequest told = Adult();
  told.set_circumstances("the house at (202) 555-0142");
  EXPECT_EQ(ReasonOf(TryRecord(told).status()), "CALLER_ID_NOT_ALLOWED");
  const v1::Call call = Record();
  for (auto set : {&types::v1::SafeContactPlan::set_way<const char*>,
                   &types::v1::SafeContactPlan::set_hours<const char*>,
                   &types::v1::SafeContactPlan::set_if_somebody_else_answers<const char*>}) {
    types::v1::SafeContactPlan plan = Plan();
    (plan.*set)("202 555 0142");
    EXPECT_EQ(ReasonOf(SetPlan(call.call_id(), plan).status()), "CALLER_ID_NOT_ALLOWED");
  }
  EXPECT_FALSE(Get(call.call_id())->has_safe_contact());
}

TEST_F(CallsTest, WantsAWishUnlessThereIsDanger) {
  v1::RecordCallRequest request = Adult();
  request.clear_wishes();
  EXPECT_EQ(ReasonOf(TryRecord(request).status()), "FIELD_INVALID");
  request.set_danger_now(true);
  EXPECT_TRUE(TryRecord(request).ok());
}

TEST_F(CallsTest, TellsWhatToDoWhenThereIsDangerNow) {
  const v1::Call call = Record(InDanger());
  EXPECT_THAT(call.do_now(), SizeIs(4));
  EXPECT_THAT(call.do_now(0), HasSubstr("Stay on the line"));
  EXPECT_THAT(call.do_now(1), HasSubstr("911"));
  EXPECT_THAT(call.do_now(2), HasSubstr("federal agent"));
  EXPECT_EQ(call.standing().due_time().seconds() - call.recorded_at().seconds(), 7'200);
  EXPECT_FALSE(call.standing().overdue());
  desk_.clock().Advance(absl::Hours(3));
  EXPECT_TRUE(Get(call.call_id())->standing().overdue());
  const v1::Call calm = Record();
  EXPECT_THAT(calm.do_now(), IsEmpty());
  EXPECT_FALSE(calm.standing().has_due_time());
}

TEST_F(CallsTest, NobodyIsCalledBackWithoutAPlan) {
  const v1::Call call = Record();
  const absl::Status refused = CallBack(call.call_id()).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(refused), "SAFE_CONTACT_MISSING");
  EXPECT_THAT(std::string(Std(refused.message())), HasSubstr("POLICY-CL-3"));
  EXPECT_THAT(Get(call.call_id())->call_backs(), IsEmpty());
}

TEST_F(CallsTest, HalfAPlanIsKeptAndNotInForce) {
  v1::RecordCallRequest request = Adult();
  *request.mutable_safe_contact() = Plan();
  request.mutable_safe_contact()->set_hours("  ");
  const v1::Call call = Record(request);
  EXPECT_TRUE(call.has_safe_contact());
  EXPECT_FALSE(call.safe_contact_in_force());
  const absl::Status refused = CallBack(call.call_id()).status();
  EXPECT_EQ(ReasonOf(refused), "SAFE_CONTACT_MISSING");
  EXPECT_THAT(std::string(Std(refused.message())), HasSubstr("without hours"));
}

TEST_F(CallsTest, AFullPlanAllowsTheCallBack) {
  const v1::Call call = Record();
  ASSERT_TRUE(SetPlan(call.call_id(), Plan()).ok());
  absl::StatusOr<v1::Call> called = CallBack(call.call_id());
  ASSERT_TRUE(called.ok()) << called.status();
  EXPECT_TRUE(called->safe_contact_in_force());
  ASSERT_THAT(called->call_backs(), SizeIs(1));
  EXPECT_EQ(called->call_backs(0).outcome(), v1::CALL_BACK_OUTCOME_REACHED);
}

TEST_F(CallsTest, HalfAPlanPutsTheFormerOneOutOfForce) {
  const v1::Call call = Record();
  ASSERT_TRUE(SetPlan(call.call_id(), Plan()).ok());
  types::v1::SafeContactPlan half = Plan();
  half.clear_if_somebody_else_answers();
  ASSERT_TRUE(SetPlan(call.call_id(), half).ok());
  EXPECT_EQ(ReasonOf(CallBack(call.call_id()).status()), "SAFE_CONTACT_MISSING");
}

TEST_F(CallsTest, NamesTheUnitThatHasAnotherPlan) {
  const v1::Call call = Record();
  EXPECT_EQ(SetPlan(call.call_id(), Plan())->tell_unit(), "");
  ASSERT_TRUE(Refer(call.call_id(), By(Investigation(call))).ok());
  EXPECT_EQ(SetPlan(call.call_id(), Plan())->tell_unit(), "");
  types::v1::SafeContactPlan other = Plan();
  other.set_hours("never on weekdays");
  EXPECT_EQ(SetPlan(call.call_id(), other)->tell_unit(), "doj/worker-exploitation");
}

TEST_F(CallsTest, RefusesACallBackWithoutOutcome) {
  v1::RecordCallRequest planned = Adult();
  *planned.mutable_safe_contact() = Plan();
  v1::RecordCallBackRequest request;
  request.set_call_id(Record(planned).call_id());
  EXPECT_EQ(ReasonOf(Do<v1::RecordCallBackResponse>(RecordCallBack, request).status()),
            "FIELD_INVALID");
}

TEST_F(CallsTest, LinksNothingWithoutAgreement) {
  const v1::Call one = Record();
  const v1::Call other = Record();
  const absl::Status refused = Link(one.call_id(), other.call_id(), false).status();
  EXPECT_EQ(ReasonOf(refused), "LINK_NOT_AGREED");
  EXPECT_THAT(std::string(Std(refused.message())), HasSubstr("POLICY-CL-5"));
  EXPECT_NE(Get(one.call_id())->person(), Get(other.call_id())->person());
}

TEST_F(CallsTest, LinkedCallsShareTheEarlierHandle) {
  const v1::Call first = Record();
  const v1::Call second = Record();
  const v1::Call third = Record();
  ASSERT_TRUE(Link(third.call_id(), second.call_id()).ok());
  absl::StatusOr<v1::Call> linked = Link(third.call_id(), first.call_id());
  ASSERT_TRUE(linked.ok()) << linked.status();
  for (const v1::Call& call : {first, second, third}) {
    EXPECT_EQ(Get(call.call_id())->person(), first.person());
  }
  EXPECT_THAT(linked->linked_call_ids(), ElementsAre(first.call_id(), second.call_id()));
  EXPECT_THAT(Get(first.call_id())->linked_call_ids(),
              ElementsAre(second.call_id(), third.call_id()));
  EXPECT_TRUE(Link(first.call_id(), third.call_id()).ok());
}

TEST_F(CallsTest, LinksNoCallWhoseHandleHasLeft) {
  const v1::Call referred = Referred();
  const v1::Call other = Record();
  for (const auto& [one, two] : {std::pair(referred, other), std::pair(other, referred)}) {
    const absl::Status refused = Link(one.call_id(), two.call_id()).status();
    EXPECT_EQ(ReasonOf(refused), "CALL_ALREADY_REFERRED");
    EXPECT_THAT(std::string(Std(refused.message())),
                HasSubstr(absl::BytesToHexString(referred.referrals(0).referral_id())));
  }
  EXPECT_EQ(Get(other.call_id())->person(), other.person());
}

TEST_F(CallsTest, LinksNoCallToItself) {
  const v1::Call call = Record();
  EXPECT_EQ(ReasonOf(Link(call.call_id(), call.call_id()).status()), "FIELD_INVALID");
}

TEST_F(CallsTest, RefusesAnUnknownCallEverywhere) {
  const v1::Call call = Record();
  EXPECT_EQ(ReasonOf(Get("call-none").status()), "CALL_UNKNOWN");
  EXPECT_EQ(ReasonOf(SetPlan("call-none", Plan()).status()), "CALL_UNKNOWN");
  EXPECT_EQ(ReasonOf(CallBack("call-none").status()), "CALL_UNKNOWN");
  EXPECT_EQ(ReasonOf(Close("").status()), "CALL_UNKNOWN");
  EXPECT_EQ(ReasonOf(Link(call.call_id(), "call-none").status()), "CALL_UNKNOWN");
  EXPECT_EQ(ReasonOf(Refer("call-none", Emergency()).status()), "CALL_UNKNOWN");
  EXPECT_EQ(ReasonOf(ReferAsChild("call-none", Emergency()).status()), "CALL_UNKNOWN");
}

TEST_F(CallsTest, NoOtherUnitReadsOrWritesCalls) {
  const v1::Call call = Record();
  EXPECT_EQ(ReasonOf(TryRecord(Adult(), kEtaUnit).status()), "UNIT_NOT_OWN");
  EXPECT_EQ(ReasonOf(Get(call.call_id(), kEtaUnit).status()), "UNIT_NOT_OWN");
  EXPECT_EQ(ReasonOf(List({}, kEtaUnit).status()), "UNIT_NOT_OWN");
  EXPECT_EQ(ReasonOf(Refer(call.call_id(), Emergency(), kEtaUnit).status()), "UNIT_NOT_OWN");
}

TEST_F(CallsTest, ListsOpenCallsAndThoseInDangerWithoutWhatWasSaid) {
  v1::RecordCallRequest informed = Adult();
  informed.set_wishes(0, v1::CALLER_WISH_INFORMATION);
  const std::string told = Record(informed).call_id();
  const std::string danger = Record(InDanger()).call_id();
  const std::string calm = Record().call_id();
  const std::string closed = Record().call_id();
  ASSERT_TRUE(Close(closed).ok());
  EXPECT_THAT(Ids(false), ElementsAre(closed, calm, danger, told));
  EXPECT_THAT(Ids(true), ElementsAre(calm, danger));
  EXPECT_THAT(Ids(false, true), ElementsAre(danger));
  v1::ListCallsRequest page;
  page.set_page_size(3);
  const v1::ListCallsResponse first = *List(page, std::string(kComplaintLine));
  EXPECT_EQ(first.calls(1).circumstances(), "");
  EXPECT_EQ(first.calls(1).standing().next_move_unit(), kComplaintLine);
  page.set_page_token(first.next_page_token());
  EXPECT_THAT(List(page, std::string(kComplaintLine))->calls(), SizeIs(1));
}

TEST_F(CallsTest, AClosedCallHasNoNextMove) {
  const v1::Call call = Record();
  absl::StatusOr<v1::Call> closed = Close(call.call_id());
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_FALSE(closed->open());
  EXPECT_EQ(closed->standing().next_move_agency(), "");
}

}  // namespace
}  // namespace waystation::dol
