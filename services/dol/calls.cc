#include "services/dol/calls.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "common/agency/fields.h"
#include "common/agency/page.h"
#include "common/agency/time_proto.h"
#include "common/casework/case_table.h"
#include "common/casework/referrals.h"
#include "common/ids/handle.h"
#include "common/procedures/doj.h"
#include "common/procedures/form.h"
#include "common/status/status.h"
#include "services/dol/call_table.h"
#include "services/dol/call_text.h"
#include "services/dol/call_view.h"
#include "services/dol/line_rules.h"
#include "waystation/doj/v1/complaint.pb.h"

namespace waystation::dol {
namespace {

using agency::BadField;
using agency::DayOf;
using agency::Officer;
using agency::TextLimits;
using agency::Tx;
using record::StoredCall;
using types::v1::SafeContactPlan;

constexpr TextLimits kCircumstances{1, 8'000};
constexpr TextLimits kPlanText{0, 200};
constexpr TextLimits kReason{1, 2'000};
constexpr char kList = 'l';

absl::Status CheckPlan(const SafeContactPlan& plan) {
  WS_RETURN_IF_ERROR(CheckCallText("safe_contact.way", plan.way(), kPlanText));
  WS_RETURN_IF_ERROR(CheckCallText("safe_contact.hours", plan.hours(), kPlanText));
  return CheckCallText("safe_contact.if_somebody_else_answers", plan.if_somebody_else_answers(),
                       kPlanText);
}

absl::Status CheckCall(const v1::RecordCallRequest& request, absl::CivilDay today) {
  WS_RETURN_IF_ERROR(procedures::CheckLanguage(request.language()));
  WS_RETURN_IF_ERROR(CheckCallText("circumstances", request.circumstances(), kCircumstances));
  // In danger nobody is asked for a wish first.
  WS_RETURN_IF_ERROR(
      procedures::CheckEnums<v1::CallerWish>("wishes", request.wishes(), request.danger_now()));
  WS_RETURN_IF_ERROR(procedures::CheckAge(request, today));
  return CheckPlan(request.safe_contact());
}

absl::StatusOr<StoredCall> Begin(const Officer& officer, std::string_view call_id, Tx& tx) {
  WS_RETURN_IF_ERROR(CheckLine(officer));
  return CallTable(tx.db()).Get(call_id);
}

template <typename Response>
absl::Status SaveAndShow(const StoredCall& stored, Tx& tx, Response& response) {
  WS_RETURN_IF_ERROR(CallTable(tx.db()).Save(stored));
  WS_ASSIGN_OR_RETURN(*response.mutable_call(), ShowCall(stored, tx));
  return absl::OkStatus();
}

// The unit that got the call with another plan than the present one; empty: none.
absl::StatusOr<std::string> UnitWithOtherPlan(const v1::Call& call, Tx& tx) {
  const auto* latest = Latest(call, procedures::Complaint().terms.name);
  if (latest == nullptr) return std::string();
  WS_ASSIGN_OR_RETURN(casework::record::StoredReferral sent,
                      casework::CaseTable(tx.db()).Get(latest->referral_id()));
  doj::v1::ComplaintReferral body;
  if (!sent.referral().request().UnpackTo(&body)) {
    return absl::DataLossError(Problem("store", "a complaint that cannot be read"));
  }
  const SafeContactPlan now =
      InForce(call.safe_contact()) ? call.safe_contact() : SafeContactPlan();
  const bool same = now.SerializeAsString() == body.safe_contact().SerializeAsString();
  return same ? std::string() : sent.referral().to_unit();
}

// Any referral of a person has told another agency the handle, whoever opened it.
absl::Status CheckHandleIsOurs(const v1::Call& call, Tx& tx) {
  WS_ASSIGN_OR_RETURN(casework::CaseTable::Rows rows,
                      casework::CaseTable(tx.db()).Referrals(call.person(), 0, 1));
  if (rows.empty()) return absl::OkStatus();
  return AlreadyReferred(call.call_id(), rows.front().second.referral().referral_id(),
                         "calls whose handles have not left the agency");
}

// Gives all calls of both persons the handle of the earliest.
absl::Status Join(const v1::Call& one, const v1::Call& other, Tx& tx) {
  WS_RETURN_IF_ERROR(CheckHandleIsOurs(one, tx));
  WS_RETURN_IF_ERROR(CheckHandleIsOurs(other, tx));
  CallTable table(tx.db());
  WS_ASSIGN_OR_RETURN(CallTable::Rows earlier, table.OfPerson(one.person()));
  WS_ASSIGN_OR_RETURN(CallTable::Rows later, table.OfPerson(other.person()));
  if (later.front().first < earlier.front().first) std::swap(earlier, later);
  for (auto& [position, stored] : later) {
    stored.mutable_call()->set_person(earlier.front().second.call().person());
    WS_RETURN_IF_ERROR(table.Save(stored));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckLine(const Officer& officer) {
  return casework::CheckOwnUnit(officer, kComplaintLine);
}

absl::Status AlreadyReferred(std::string_view call_id, std::string_view referral_id,
                             std::string_view want) {
  return statute::Refuse(
      kReferredOnce, absl::StrCat("call \"", Absl(call_id), "\""), "already referred",
      absl::StrCat("referral ", absl::BytesToHexString(Absl(referral_id))), want);
}

absl::Status RecordCall(const Officer& officer, const v1::RecordCallRequest& request,
                        const RandomSource& random, Tx& tx, v1::RecordCallResponse& response) {
  WS_RETURN_IF_ERROR(CheckLine(officer));
  WS_RETURN_IF_ERROR(CheckCall(request, DayOf(tx.now())));
  StoredCall stored;
  v1::Call& call = *stored.mutable_call();
  call.set_call_id(NewHandle("call", random));
  call.set_person(NewHandle("pv", random));
  call.set_language(request.language());
  call.set_circumstances(request.circumstances());
  *call.mutable_wishes() = request.wishes();
  if (request.has_age()) *call.mutable_age() = request.age();
  call.set_danger_now(request.danger_now());
  if (request.has_safe_contact()) *call.mutable_safe_contact() = request.safe_contact();
  *call.mutable_recorded_by() = officer;
  *call.mutable_recorded_at() = agency::ToProtoTime(tx.now());
  return SaveAndShow(stored, tx, response);
}

absl::Status SetSafeContact(const Officer& officer, const v1::SetSafeContactRequest& request,
                            Tx& tx, v1::SetSafeContactResponse& response) {
  WS_ASSIGN_OR_RETURN(StoredCall stored, Begin(officer, request.call_id(), tx));
  WS_RETURN_IF_ERROR(CheckPlan(request.plan()));
  v1::Call& call = *stored.mutable_call();
  call.clear_safe_contact();
  if (request.has_plan()) *call.mutable_safe_contact() = request.plan();
  WS_ASSIGN_OR_RETURN(*response.mutable_tell_unit(), UnitWithOtherPlan(call, tx));
  return SaveAndShow(stored, tx, response);
}

absl::Status RecordCallBack(const Officer& officer, const v1::RecordCallBackRequest& request,
                            Tx& tx, v1::RecordCallBackResponse& response) {
  WS_ASSIGN_OR_RETURN(StoredCall stored, Begin(officer, request.call_id(), tx));
  WS_RETURN_IF_ERROR(procedures::CheckEnum("outcome", request.outcome()));
  v1::Call& call = *stored.mutable_call();
  if (!InForce(call.safe_contact())) {
    return statute::Refuse(
        kSafeContactNeeded, absl::StrCat("call \"", call.call_id(), "\""), "nobody may call back",
        call.has_safe_contact() ? absl::StrCat("a plan without ", MissingIn(call.safe_contact()))
                                : "no plan",
        "a safe-contact plan in force");
  }
  v1::CallBack& made = *call.add_call_backs();
  made.set_outcome(request.outcome());
  *made.mutable_recorded_at() = agency::ToProtoTime(tx.now());
  *made.mutable_made_by() = officer;
  return SaveAndShow(stored, tx, response);
}

absl::Status LinkCalls(const Officer& officer, const v1::LinkCallsRequest& request, Tx& tx,
                       v1::LinkCallsResponse& response) {
  WS_ASSIGN_OR_RETURN(StoredCall one, Begin(officer, request.call_id(), tx));
  WS_ASSIGN_OR_RETURN(StoredCall other, CallTable(tx.db()).Get(request.other_call_id()));
  if (request.call_id() == request.other_call_id()) {
    return BadField("other_call_id", "the same call", "", "another call");
  }
  if (!request.caller_agrees()) {
    return statute::Refuse(kLinkAgreed, "calls", "the caller does not agree to the link", "",
                           "the caller's agreement");
  }
  if (one.call().person() != other.call().person()) {
    WS_RETURN_IF_ERROR(Join(one.call(), other.call(), tx));
  }
  WS_ASSIGN_OR_RETURN(one, CallTable(tx.db()).Get(request.call_id()));
  WS_ASSIGN_OR_RETURN(*response.mutable_call(), ShowCall(one, tx));
  return absl::OkStatus();
}

absl::Status CloseCall(const Officer& officer, const v1::CloseCallRequest& request, Tx& tx,
                       v1::CloseCallResponse& response) {
  WS_ASSIGN_OR_RETURN(StoredCall stored, Begin(officer, request.call_id(), tx));
  WS_RETURN_IF_ERROR(CheckCallText("reason_text", request.reason_text(), kReason));
  stored.mutable_call()->set_closed_because(request.reason_text());
  return SaveAndShow(stored, tx, response);
}

absl::Status GetCall(const Officer& officer, const v1::GetCallRequest& request, Tx& tx,
                     v1::GetCallResponse& response) {
  WS_ASSIGN_OR_RETURN(StoredCall stored, Begin(officer, request.call_id(), tx));
  WS_ASSIGN_OR_RETURN(*response.mutable_call(), ShowCall(stored, tx));
  return absl::OkStatus();
}

absl::Status ListCalls(const Officer& officer, const v1::ListCallsRequest& request, Tx& tx,
                       v1::ListCallsResponse& response) {
  WS_RETURN_IF_ERROR(CheckLine(officer));
  WS_ASSIGN_OR_RETURN(agency::PageAsked page,
                      agency::ReadPage(request.page_size(), request.page_token(), kList));
  auto fetch = [&](int64_t before, int limit) { return CallTable(tx.db()).Calls(before, limit); };
  auto keep = [&](const StoredCall& stored) -> absl::StatusOr<bool> {
    if (request.danger_now_only() && !stored.call().danger_now()) return false;
    WS_ASSIGN_OR_RETURN(v1::Call call, ShowInList(stored, tx));
    if (request.open_only() && !call.open()) return false;
    *response.add_calls() = std::move(call);
    return true;
  };
  WS_ASSIGN_OR_RETURN(*response.mutable_next_page_token(),
                      agency::FillPage(page, kList, fetch, keep));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> UnreadEnds(const Officer& officer,
                                                    std::string_view call_id, Tx& tx) {
  WS_ASSIGN_OR_RETURN(StoredCall stored, Begin(officer, call_id, tx));
  std::vector<std::string> unread;
  for (const v1::CallReferral& one : stored.call().referrals()) {
    WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(one.referral_id()));
    if (view.unread) unread.push_back(one.referral_id());
  }
  return unread;
}

}  // namespace waystation::dol
