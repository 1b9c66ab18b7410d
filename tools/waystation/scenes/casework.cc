#include "tools/waystation/scenes/casework.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/status/status.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

using casework::v1::CaseworkService;
using casework::v1::Referral;

// Whoever meets a faster one so often meets something else.
constexpr int kTries = 5;

// Makes `request` on the referral as it is now.
template <typename Method, typename Request>
absl::StatusOr<Referral> Change(Play& play, const std::string& staff_id,
                                const std::string& referral_id, Method method, Request request) {
  for (int i = 1;; ++i) {
    WS_ASSIGN_OR_RETURN(Referral present, ReadCase(play, staff_id, referral_id));
    request.set_request_id(play.NewRequestId());
    request.set_referral_id(referral_id);
    request.set_expected_version(present.version());
    auto response = play.Ask(staff_id, method, request);
    if (response.ok()) return response->referral();
    if (!absl::IsAborted(response.status()) || i == kTries) return response.status();
  }
}

// A service that was away may know by the ledger that it ended before it has the
// message that says how.
bool HasOutcome(const Referral& referral) {
  if (!referral.withheld_because().empty()) return true;
  if (referral.state() == types::v1::REFERRAL_STATE_ANSWERED) return referral.has_answer();
  return referral.state() != types::v1::REFERRAL_STATE_RETURNED || referral.has_return_detail();
}

}  // namespace

absl::StatusOr<Referral> ReadCase(Play& play, const std::string& staff_id,
                                  const std::string& referral_id) {
  casework::v1::GetReferralRequest request;
  request.set_referral_id(referral_id);
  WS_ASSIGN_OR_RETURN(auto response,
                      play.Ask(staff_id, &CaseworkService::Stub::GetReferral, request));
  return response.referral();
}

absl::StatusOr<Referral> AwaitCase(Play& play, const std::string& staff_id,
                                   const std::string& referral_id, types::v1::ReferralState state) {
  Referral found;
  WS_RETURN_IF_ERROR(play.Await(absl::StrCat("referral ", FormatReferralId(referral_id), ", ",
                                             Words(state), " for ", staff_id),
                                [&]() -> absl::StatusOr<bool> {
                                  WS_ASSIGN_OR_RETURN(found, ReadCase(play, staff_id, referral_id));
                                  return found.state() == state && HasOutcome(found);
                                }));
  return found;
}

casework::v1::OpenReferralRequest UnderConsent(const std::string& to_unit,
                                               const std::string& person,
                                               const std::string& consent_id) {
  casework::v1::OpenReferralRequest request;
  request.set_to_unit(to_unit);
  request.set_person(person);
  request.mutable_basis()->set_kind(referral::v1::DISCLOSURE_BASIS_KIND_CONSENT);
  request.mutable_basis()->set_consent_id(consent_id);
  return request;
}

absl::StatusOr<Referral> OpenCase(Play& play, const std::string& staff_id,
                                  casework::v1::OpenReferralRequest request,
                                  const google::protobuf::Message& body) {
  WS_ASSIGN_OR_RETURN(*request.mutable_from_unit(), play.UnitOf(staff_id));
  request.set_request_id(play.NewRequestId());
  request.mutable_body()->PackFrom(body);
  WS_ASSIGN_OR_RETURN(auto response,
                      play.Ask(staff_id, &CaseworkService::Stub::OpenReferral, request));
  WS_RETURN_IF_ERROR(play.AwaitReceived(response.referral().referral_id()));
  return response.referral();
}

absl::StatusOr<Referral> TakeStep(Play& play, const std::string& staff_id,
                                  const std::string& referral_id,
                                  casework::v1::StepReferralRequest step) {
  return Change(play, staff_id, referral_id, &CaseworkService::Stub::StepReferral, std::move(step));
}

absl::StatusOr<Referral> TakeUpCase(Play& play, const std::string& staff_id,
                                    const std::string& referral_id) {
  WS_RETURN_IF_ERROR(
      AwaitCase(play, staff_id, referral_id, types::v1::REFERRAL_STATE_RECEIVED).status());
  casework::v1::StepReferralRequest step;
  step.set_transition(types::v1::TRANSITION_TAKE_UP);
  return TakeStep(play, staff_id, referral_id, std::move(step));
}

absl::StatusOr<Referral> AnswerCaseWith(Play& play, const std::string& staff_id,
                                        const std::string& referral_id,
                                        const google::protobuf::Message& body) {
  casework::v1::ProposeAnswerRequest request;
  request.mutable_body()->PackFrom(body);
  return Change(play, staff_id, referral_id, &CaseworkService::Stub::ProposeAnswer,
                std::move(request));
}

absl::StatusOr<Referral> ForwardCase(Play& play, const std::string& staff_id,
                                     const std::string& referral_id, const std::string& to_unit,
                                     const google::protobuf::Message& body) {
  casework::v1::ForwardReferralRequest request;
  request.set_request_id(play.NewRequestId());
  request.set_referral_id(referral_id);
  request.set_to_unit(to_unit);
  request.mutable_body()->PackFrom(body);
  WS_ASSIGN_OR_RETURN(auto response,
                      play.Ask(staff_id, &CaseworkService::Stub::ForwardReferral, request));
  WS_RETURN_IF_ERROR(play.AwaitReceived(response.referral().referral_id()));
  return response.referral();
}

absl::StatusOr<std::string> RecordConsent(Play& play, const std::string& staff_id,
                                          const std::string& person,
                                          const std::vector<referral::v1::ConsentPurpose>& purposes,
                                          const std::vector<std::string>& agencies, int days) {
  casework::v1::RecordConsentRequest request;
  request.set_request_id(play.NewRequestId());
  request.set_person(person);
  for (referral::v1::ConsentPurpose purpose : purposes) {
    request.mutable_scope()->add_purposes(purpose);
  }
  request.mutable_scope()->mutable_agencies()->Assign(agencies.begin(), agencies.end());
  // The last day counts whole.
  const types::v1::Date last = play.Day(days);
  const absl::CivilDay after = absl::CivilDay(last.year(), last.month(), last.day()) + 1;
  *request.mutable_scope()->mutable_valid_until() =
      ToProto(absl::FromCivil(after, absl::UTCTimeZone()));
  request.set_given_by(referral::v1::CONSENT_GIVER_PERSON);
  *request.mutable_given_on() = play.Day(0);
  WS_ASSIGN_OR_RETURN(auto response,
                      play.Ask(staff_id, &CaseworkService::Stub::RecordConsent, request));
  return response.consent().consent_id();
}

absl::StatusOr<casework::v1::ChangeConsentResponse> WithdrawConsent(Play& play,
                                                                    const std::string& staff_id,
                                                                    const std::string& consent_id,
                                                                    const std::string& reason) {
  casework::v1::ChangeConsentRequest request;
  request.set_request_id(play.NewRequestId());
  request.set_consent_id(consent_id);
  // No purpose at all means withdrawn.
  request.mutable_scope();
  request.set_reason_text(reason);
  return play.Ask(staff_id, &CaseworkService::Stub::ChangeConsent, request);
}

absl::StatusOr<casework::v1::GetConsentResponse> ReadConsent(Play& play,
                                                             const std::string& staff_id,
                                                             const std::string& consent_id) {
  casework::v1::GetConsentRequest request;
  request.set_consent_id(consent_id);
  return play.Ask(staff_id, &CaseworkService::Stub::GetConsent, request);
}

}  // namespace waystation::cli
