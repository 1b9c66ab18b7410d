#include "tools/waystation/scenes/calling.h"

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "tools/waystation/scenes/casework.h"

namespace waystation::cli {
namespace {

using dol::v1::DolService;

}  // namespace

absl::StatusOr<dol::v1::Call> RecordCall(Play& play) {
  dol::v1::RecordCallRequest request;
  request.set_request_id(play.NewRequestId());
  request.set_language("th");
  request.set_circumstances("SYNTHETIC. Works in a house without pay; papers were taken.");
  request.add_wishes(dol::v1::CALLER_WISH_INVESTIGATION);
  request.add_wishes(dol::v1::CALLER_WISH_SERVICES);
  request.mutable_age()->set_bracket(types::v1::AGE_BRACKET_TWENTY_ONE_OR_OLDER);
  types::v1::SafeContactPlan* plan = request.mutable_safe_contact();
  plan->set_way("the shelter's desk");
  plan->set_hours("weekdays 10:00");
  plan->set_if_somebody_else_answers("say wrong extension");
  WS_ASSIGN_OR_RETURN(auto response, play.Ask(kLine, &DolService::Stub::RecordCall, request));
  return response.call();
}

absl::StatusOr<std::string> ReferCall(Play& play, const dol::v1::Call& call) {
  WS_ASSIGN_OR_RETURN(std::string consent,
                      RecordConsent(play, kLine, call.person(),
                                    {referral::v1::CONSENT_PURPOSE_INVESTIGATION}, {"doj"}, 90));
  dol::v1::ReferCallRequest request;
  request.set_request_id(play.NewRequestId());
  request.set_call_id(call.call_id());
  request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_CONSENT);
  request.mutable_basis()->set_consent_id(consent);
  WS_ASSIGN_OR_RETURN(auto response, play.Ask(kLine, &DolService::Stub::ReferCall, request));
  if (response.call().referrals().empty()) {
    return absl::InternalError(Problem("call", "referred, and without a referral", "none", "one"));
  }
  const std::string referral = response.call().referrals().rbegin()->referral_id();
  WS_RETURN_IF_ERROR(play.AwaitReceived(referral));
  return referral;
}

std::string PlanWords(const types::v1::SafeContactPlan& plan) {
  return absl::StrCat(plan.way(), ", ", plan.hours(), "; else ", plan.if_somebody_else_answers());
}

}  // namespace waystation::cli
