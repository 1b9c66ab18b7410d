#include "tools/waystation/casework_call.h"

#include <utility>

#include "common/status/status.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/text.h"

namespace waystation::cli {

using casework::v1::CaseworkService;

absl::StatusOr<CaseAtDesk> CaseAtUnit(const Session& session, std::string_view unit,
                                      const std::string& as, const std::string& referral) {
  casework::v1::GetReferralRequest request;
  WS_ASSIGN_OR_RETURN(*request.mutable_referral_id(), ParseReferralId(referral));
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, unit, as));
  auto response = officer.Ask(&CaseworkService::Stub::GetReferral, request);
  if (!response.ok()) return ExplainCase(response.status(), "");
  return CaseAtDesk{std::move(officer), std::move(*response->mutable_referral())};
}

absl::Status OpenAndShow(Session& session, Officer& officer,
                         const casework::v1::OpenReferralRequest& request) {
  auto response = officer.Ask(&CaseworkService::Stub::OpenReferral, request);
  if (!response.ok()) return ExplainCase(response.status(), request.request_id());
  ShowCase(session, response->referral());
  session.out.Say(
      AsTyped("waystation history " + FormatReferralId(response->referral().referral_id())) +
      " follows it");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<casework::v1::Referral>> AllReferrals(
    Officer& officer, casework::v1::ListReferralsRequest request) {
  std::vector<casework::v1::Referral> referrals;
  do {
    WS_ASSIGN_OR_RETURN(auto page, officer.Ask(&CaseworkService::Stub::ListReferrals, request));
    referrals.insert(referrals.end(), page.referrals().begin(), page.referrals().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return referrals;
}

absl::Status ReferUnderConsent(Session& session, Officer& officer,
                               casework::v1::OpenReferralRequest request,
                               const std::string& consent_id,
                               const google::protobuf::Message& body) {
  request.set_from_unit(officer.staff().unit());
  request.mutable_body()->PackFrom(body);
  request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_CONSENT);
  request.mutable_basis()->set_consent_id(consent_id);
  return OpenAndShow(session, officer, request);
}

absl::Status AnswerCase(Session& session, CaseAtDesk& desk, const std::string& request_id,
                        const google::protobuf::Message& body) {
  casework::v1::ProposeAnswerRequest request;
  request.set_request_id(RequestId(session, request_id));
  request.set_referral_id(desk.referral.referral_id());
  request.set_expected_version(desk.referral.version());
  request.mutable_body()->PackFrom(body);
  auto response = desk.officer.Ask(&CaseworkService::Stub::ProposeAnswer, request);
  const std::string referral = FormatReferralId(request.referral_id());
  const std::string reason = ReasonOf(response.status());
  if (reason == "REINTEGRATION_OPEN") {
    return WithNext(response.status(), "waystation case list --procedure reintegration --as " +
                                           desk.officer.staff().staff_id());
  }
  if (reason == "TRANSITION_NOT_ALLOWED" &&
      desk.referral.state() == types::v1::REFERRAL_STATE_RECEIVED) {
    return WithNext(response.status(),
                    "waystation take-up " + referral + " --as " + desk.officer.staff().staff_id());
  }
  if (!response.ok()) return ExplainCase(response.status(), request.request_id());
  ShowCase(session, response->referral());
  if (response->referral().has_proposal()) {
    session.out.Say("proposed; nothing is sent until a second official types\n  " +
                    AsTyped("waystation answer " + referral) + " --countersign --as ID");
  }
  return absl::OkStatus();
}

}  // namespace waystation::cli
