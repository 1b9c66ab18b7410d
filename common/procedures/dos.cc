#include "common/procedures/dos.h"

#include "common/procedures/form.h"
#include "common/statute/age.h"
#include "waystation/dos/v1/return.pb.h"

namespace waystation::procedures {
namespace {

using agency::CheckText;
using agency::CheckToken;
using agency::ToDay;

absl::Status CheckConsent(std::string_view field, const dos::v1::ReturnConsent& consent) {
  if (!consent.given()) return absl::OkStatus();
  WS_RETURN_IF_ERROR(
      CheckToken(absl::StrCat(Absl(field), ".consent_id"), consent.consent_id(), 64, "-"));
  return ToDay(absl::StrCat(Absl(field), ".valid_until"), consent.valid_until()).status();
}

absl::Status CheckReferral(const dos::v1::ReturnReferral& body, absl::CivilDay today) {
  WS_RETURN_IF_ERROR(CheckCountry(body.country()));
  WS_RETURN_IF_ERROR(CheckConsent("return_consent", body.return_consent()));
  WS_RETURN_IF_ERROR(CheckConsent("origin_government_consent", body.origin_government_consent()));
  WS_RETURN_IF_ERROR(CheckConsent("iom_consent", body.iom_consent()));
  if (body.has_risk()) {
    WS_RETURN_IF_ERROR(ToDay("risk.made_on", body.risk().made_on()).status());
    WS_RETURN_IF_ERROR(CheckEnum("risk.level", body.risk().level()));
    WS_RETURN_IF_ERROR(CheckText("risk.summary", body.risk().summary(), {1, 4'000}));
  }
  WS_RETURN_IF_ERROR(CheckAge(body, today));
  return CheckText("needs", body.needs(), {0, 4'000});
}

absl::Status CheckOutcome(const dos::v1::ReturnReferral&, const dos::v1::ReturnOutcome& answer,
                          absl::CivilDay today) {
  WS_RETURN_IF_ERROR(CheckEnum("kind", answer.kind()));
  if (answer.kind() == dos::v1::RETURN_OUTCOME_KIND_RETURNED) {
    WS_ASSIGN_OR_RETURN(absl::CivilDay day, ToDay("returned_on", answer.returned_on()));
    if (day > today) {
      return agency::BadField("returned_on", "in the future", statute::DayText(day),
                              "today or before");
    }
  }
  const bool unsafe = answer.kind() == dos::v1::RETURN_OUTCOME_KIND_NOT_SAFE;
  return CheckText("note", answer.note(), {unsafe ? size_t{1} : size_t{0}, 4'000});
}

}  // namespace

const Contract& SafeReturn() {
  static const Contract contract = MakeContract<dos::v1::ReturnReferral, dos::v1::ReturnOutcome>(
      {.name = "safe return",
       .units = {kPrm},
       .due_business_days = 20,
       .due_basis = "POLICY-RR-1 (2001-10-01)",
       .purpose = referral::v1::CONSENT_PURPOSE_RETURN,
       .service_content = true},
      CheckReferral, CheckOutcome);
  return contract;
}

}  // namespace waystation::procedures
