#ifndef WAYSTATION_SERVICES_DOL_LINE_FIXTURE_H_
#define WAYSTATION_SERVICES_DOL_LINE_FIXTURE_H_

#include <string>

#include "common/agency/fake_desk.h"
#include "common/agency/fields.h"
#include "common/agency/time_proto.h"
#include "common/casework/case_table.h"
#include "common/casework/consents.h"
#include "common/casework/incoming.h"
#include "common/casework/referrals.h"
#include "common/status/status.h"
#include "gtest/gtest.h"
#include "services/dol/call_table.h"
#include "services/dol/calls.h"
#include "services/dol/line_rules.h"
#include "services/dol/referring.h"

namespace waystation::dol {

inline constexpr char kEtaUnit[] = "dol/eta";

// DOL at work on 9 January 2002, 15:00.
//
// Single-threaded: the test.
class LineTest : public testing::Test {
 protected:
  static bus::v1::Directory MakeDirectory() {
    bus::v1::Directory directory;
    directory.set_version(1);
    for (const char* agency : {"dol", "doj", "hhs"}) {
      directory.add_identities()->set_identity(agency::FakeDesk::IdentityOf(agency));
    }
    return directory;
  }

  static agency::Officer Officer(const std::string& unit = std::string(kComplaintLine)) {
    agency::Officer officer;
    officer.set_office("office");
    officer.set_title("title");
    officer.set_staff_id("officer-1");
    officer.set_unit(unit);
    return officer;
  }

  static types::v1::SafeContactPlan Plan() {
    types::v1::SafeContactPlan plan;
    plan.set_way("by the way agreed on in the call");
    plan.set_hours("weekdays 10:00 to 11:00");
    plan.set_if_somebody_else_answers("say wrong number, hang up");
    return plan;
  }

  // An adult who wants an investigation, out of danger, without a plan.
  static v1::RecordCallRequest Adult() {
    v1::RecordCallRequest request;
    request.set_language("es");
    request.set_circumstances("held in a household since October, never paid");
    request.add_wishes(v1::CALLER_WISH_INVESTIGATION);
    request.mutable_age()->set_bracket(types::v1::AGE_BRACKET_TWENTY_ONE_OR_OLDER);
    return request;
  }

  static v1::RecordCallRequest InDanger() {
    v1::RecordCallRequest request = Adult();
    request.clear_wishes();
    request.set_danger_now(true);
    return request;
  }

  static v1::RecordCallRequest UnknownAge() {
    v1::RecordCallRequest request = Adult();
    request.clear_age();
    return request;
  }

  // One change by an officer of the line, or of `unit`.
  template <typename Response, typename Request, typename Rpc>
  absl::StatusOr<v1::Call> Do(Rpc rpc, const Request& request,
                              const std::string& unit = std::string(kComplaintLine)) {
    Response out;
    WS_RETURN_IF_ERROR(
        desk_.Write([&](agency::Tx& tx) { return rpc(Officer(unit), request, tx, out); }));
    return out.call();
  }

  absl::StatusOr<v1::Call> TryRecord(const v1::RecordCallRequest& request,
                                     const std::string& unit = std::string(kComplaintLine)) {
    auto rpc = [&](const auto& o, const auto& r, agency::Tx& tx, auto& out) {
      return RecordCall(o, r, desk_.random(), tx, out);
    };
    return Do<v1::RecordCallResponse>(rpc, request, unit);
  }

  v1::Call Record(const v1::RecordCallRequest& request = Adult()) {
    absl::StatusOr<v1::Call> call = TryRecord(request);
    EXPECT_TRUE(call.ok()) << call.status();
    return *call;
  }

  absl::StatusOr<v1::Call> Get(const std::string& call_id,
                               const std::string& unit = std::string(kComplaintLine)) {
    v1::GetCallRequest request;
    request.set_call_id(call_id);
    return Do<v1::GetCallResponse>(GetCall, request, unit);
  }

  absl::StatusOr<v1::Call> CallBack(const std::string& call_id) {
    v1::RecordCallBackRequest request;
    request.set_call_id(call_id);
    request.set_outcome(v1::CALL_BACK_OUTCOME_REACHED);
    return Do<v1::RecordCallBackResponse>(RecordCallBack, request);
  }

  absl::StatusOr<v1::Call> Close(const std::string& call_id) {
    v1::CloseCallRequest request;
    request.set_call_id(call_id);
    request.set_reason_text("the caller was told all there is");
    return Do<v1::CloseCallResponse>(CloseCall, request);
  }

  absl::StatusOr<v1::Call> Link(const std::string& call_id, const std::string& other,
                                bool agrees = true) {
    v1::LinkCallsRequest request;
    request.set_call_id(call_id);
    request.set_other_call_id(other);
    request.set_caller_agrees(agrees);
    return Do<v1::LinkCallsResponse>(LinkCalls, request);
  }

  // A consent of `person`; returns its id.
  std::string Consent(const std::string& person, referral::v1::ConsentPurpose purpose,
                      const std::string& agency,
                      referral::v1::ConsentGiver giver = referral::v1::CONSENT_GIVER_PERSON) {
    casework::v1::RecordConsentRequest request;
    request.set_person(person);
    request.mutable_scope()->add_purposes(purpose);
    request.mutable_scope()->add_agencies(agency);
    *request.mutable_scope()->mutable_valid_until() =
        agency::ToProtoTime(desk_.clock().Now() + absl::Hours(1'000));
    request.set_given_by(giver);
    *request.mutable_given_on() = agency::ToDate(agency::DayOf(desk_.clock().Now()));
    casework::v1::RecordConsentResponse out;
    EXPECT_TRUE(desk_
                    .Write([&](agency::Tx& tx) {
                      return casework::RecordConsent(Officer(), request, desk_.random(), tx, out);
                    })
                    .ok());
    return out.consent().consent_id();
  }

  std::string Investigation(const v1::Call& call) {
    return Consent(call.person(), referral::v1::CONSENT_PURPOSE_INVESTIGATION, "doj");
  }

  absl::Status Withdraw(const std::string& consent_id) {
    casework::v1::ChangeConsentRequest request;
    request.set_consent_id(consent_id);
    request.mutable_scope();
    request.set_reason_text("the caller changed her mind");
    casework::v1::ChangeConsentResponse out;
    return desk_.Write(
        [&](agency::Tx& tx) { return casework::ChangeConsent(Officer(), request, tx, out); });
  }

  static referral::v1::DisclosureBasis By(const std::string& consent_id) {
    referral::v1::DisclosureBasis basis;
    basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_CONSENT);
    basis.set_consent_id(consent_id);
    return basis;
  }

  static referral::v1::DisclosureBasis Emergency() {
    referral::v1::DisclosureBasis basis;
    basis.set_kind(referral::v1::DISCLOSURE_BASIS_KIND_EMERGENCY);
    basis.set_circumstances("threatened while on the line");
    return basis;
  }

  absl::StatusOr<v1::Call> Refer(const std::string& call_id,
                                 const referral::v1::DisclosureBasis& basis,
                                 const std::string& unit = std::string(kComplaintLine)) {
    v1::ReferCallRequest request;
    request.set_call_id(call_id);
    *request.mutable_basis() = basis;
    auto rpc = [&](const auto& o, const auto& r, agency::Tx& tx, auto& out) {
      return ReferCall(procedures_, o, r, tx, out);
    };
    return Do<v1::ReferCallResponse>(rpc, request, unit);
  }

  absl::StatusOr<v1::Call> ReferAsChild(const std::string& call_id,
                                        const referral::v1::DisclosureBasis& basis) {
    v1::ReferChildRequest request;
    request.set_call_id(call_id);
    *request.mutable_basis() = basis;
    auto rpc = [&](const auto& o, const auto& r, agency::Tx& tx, auto& out) {
      return ReferChild(procedures_, o, r, tx, out);
    };
    return Do<v1::ReferChildResponse>(rpc, request);
  }

  // A call passed on under consent, and its referral.
  v1::Call Referred() {
    const v1::Call call = Record();
    absl::StatusOr<v1::Call> referred = Refer(call.call_id(), By(Investigation(call)));
    EXPECT_TRUE(referred.ok()) << referred.status();
    return *referred;
  }

  // The other side's step on what we asked, with an answer if it is one.
  absl::Status Bring(const std::string& agency, const std::string& referral_id,
                     types::v1::Transition transition,
                     const google::protobuf::Message* answer = nullptr) {
    agency::CaseContent content;
    content.set_referral_id(referral_id);
    content.set_transition(transition);
    content.set_person(desk_.Referral(referral_id).person);
    content.set_reason_text("as the rules of the other side say");
    if (answer != nullptr) content.mutable_body()->PackFrom(*answer);
    return Deliver(agency, content);
  }

  absl::Status Deliver(const std::string& agency, const agency::CaseContent& content) {
    return desk_.Deliver(agency, content, [&](const agency::CaseMessage& message, agency::Tx& tx) {
      last_referral_ = message.content.referral_id();
      return casework::OnCase(procedures_, message, tx);
    });
  }

  // An officer of `unit` reads a referral.
  casework::v1::Referral ReadReferral(const std::string& referral_id, const std::string& unit) {
    casework::v1::GetReferralRequest request;
    request.set_referral_id(referral_id);
    casework::v1::GetReferralResponse out;
    EXPECT_TRUE(desk_
                    .Read([&](agency::Tx& tx) {
                      return casework::GetReferral(procedures_, Officer(unit), request, tx, out);
                    })
                    .ok());
    return out.referral();
  }

  // Marks as read how a referral ended, as GetCall does.
  void MarkRead(const std::string& referral_id) {
    EXPECT_TRUE(desk_.Write([&](agency::Tx& tx) { return tx.MarkRead(referral_id); }).ok());
  }

  const casework::Procedures procedures_ = MakeProcedures();
  agency::FakeDesk desk_{
      "dol", {casework::CaseTable::schema(), CallTable::schema()}, MakeDirectory()};
  std::string last_referral_;
};

}  // namespace waystation::dol

#endif  // WAYSTATION_SERVICES_DOL_LINE_FIXTURE_H_
