#include "common/procedures/hhs.h"

#include "common/procedures/form.h"
#include "waystation/hhs/v1/notices.pb.h"

namespace waystation::procedures {
namespace {

using agency::CheckText;
using agency::CheckToken;
using agency::ToDay;

absl::Status CheckNotice(const hhs::v1::StatusNotice& body, absl::CivilDay today) {
  WS_RETURN_IF_ERROR(CheckEnum("event", body.event()));
  WS_RETURN_IF_ERROR(CheckToken("reference", body.reference(), 64, "-"));
  WS_RETURN_IF_ERROR(ToDay("event_on", body.event_on()).status());
  if (body.event() == hhs::v1::STATUS_EVENT_PRESENCE_GRANTED) {
    WS_RETURN_IF_ERROR(ToDay("expires_on", body.expires_on()).status());
  }
  return CheckAge(body, today);
}

absl::Status CheckRecorded(const hhs::v1::StatusNotice&,
                           const hhs::v1::StatusNoticeRecorded& answer, absl::CivilDay) {
  return CheckToken("certification_case_id", answer.certification_case_id(), 64, "-");
}

absl::Status CheckChild(const hhs::v1::ChildReferral& body, absl::CivilDay today) {
  WS_RETURN_IF_ERROR(CheckText("circumstances", body.circumstances(), {1, 8'000}));
  WS_RETURN_IF_ERROR(CheckLanguage(body.language()));
  return CheckAge(body, today);
}

absl::Status CheckChildOutcome(const hhs::v1::ChildReferral&,
                               const hhs::v1::ChildReferralOutcome& answer, absl::CivilDay) {
  return CheckText("advice", answer.advice(), {answer.in_care() ? size_t{0} : size_t{1}, 2'000});
}

absl::Status CheckInformation(const hhs::v1::InformationRequest& body, absl::CivilDay) {
  WS_RETURN_IF_ERROR(CheckEnum("kind", body.kind()));
  return CheckText("purpose", body.purpose(), {1, 2'000});
}

absl::Status CheckInformationAnswer(const hhs::v1::InformationRequest&,
                                    const hhs::v1::InformationAnswer& answer, absl::CivilDay) {
  return CheckText("text", answer.text(), {1, 4'000});
}

}  // namespace

const Contract& StatusNotice() {
  static const Contract contract =
      MakeContract<hhs::v1::StatusNotice, hhs::v1::StatusNoticeRecorded>(
          {.name = "status notice",
           .units = {kOrr},
           .due_business_days = 1,
           .due_basis = "POLICY-CE-1 (2001-10-01)"},
          CheckNotice, CheckRecorded);
  return contract;
}

const Contract& ChildToHhs() {
  static const Contract contract =
      MakeContract<hhs::v1::ChildReferral, hhs::v1::ChildReferralOutcome>(
          {.name = "child referral",
           .units = {kOrr},
           .due_business_days = 2,
           .due_basis = "POLICY-CH-2 (2001-10-01)",
           .purpose = referral::v1::CONSENT_PURPOSE_SERVICES,
           .service_content = true},
          CheckChild, CheckChildOutcome);
  return contract;
}

const Contract& InformationFromHhs() {
  static const Contract contract =
      MakeContract<hhs::v1::InformationRequest, hhs::v1::InformationAnswer>(
          {.name = "information request",
           .units = {kOrr},
           .due_business_days = 10,
           .due_basis = "POLICY-IR-1 (2001-10-01)",
           .service_content = true},
          CheckInformation, CheckInformationAnswer);
  return contract;
}

}  // namespace waystation::procedures
