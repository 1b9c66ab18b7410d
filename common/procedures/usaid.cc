#include "common/procedures/usaid.h"

#include "common/procedures/form.h"
#include "waystation/usaid/v1/reintegration.pb.h"

namespace waystation::procedures {
namespace {

using agency::BadField;
using agency::CheckText;
using usaid::v1::ReintegrationSupport;

absl::Status CheckReferral(const usaid::v1::ReintegrationReferral& body, absl::CivilDay) {
  WS_RETURN_IF_ERROR(CheckCountry(body.country()));
  WS_RETURN_IF_ERROR(CheckEnums<ReintegrationSupport>("support", body.support()));
  return CheckText("needs", body.needs(), {0, 4'000});
}

absl::Status CheckOutcome(const usaid::v1::ReintegrationReferral& request,
                          const usaid::v1::ReintegrationOutcome& answer, absl::CivilDay) {
  constexpr bool kMayBeEmpty = true;
  WS_RETURN_IF_ERROR(CheckEnums<ReintegrationSupport>("arranged", answer.arranged(), kMayBeEmpty));
  for (int one : answer.arranged()) {
    if (std::find(request.support().begin(), request.support().end(), one) !=
        request.support().end()) {
      continue;
    }
    return BadField("arranged", "not asked for", absl::StrCat(one), "of the support asked for");
  }
  WS_RETURN_IF_ERROR(CheckText("partner", answer.partner(), {0, 200}));
  const bool all = answer.arranged_size() == request.support_size();
  return CheckText("note", answer.note(), {all ? size_t{0} : size_t{1}, 4'000});
}

}  // namespace

const Contract& Reintegration() {
  static const Contract contract =
      MakeContract<usaid::v1::ReintegrationReferral, usaid::v1::ReintegrationOutcome>(
          {.name = "reintegration",
           .units = {kMissions},
           .due_business_days = 15,
           .due_basis = "POLICY-RI-1 (2001-10-01)",
           .purpose = referral::v1::CONSENT_PURPOSE_RETURN,
           .service_content = true},
          CheckReferral, CheckOutcome);
  return contract;
}

}  // namespace waystation::procedures
