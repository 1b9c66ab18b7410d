#include "common/procedures/dol.h"

#include "common/procedures/form.h"
#include "waystation/dol/v1/services.pb.h"

namespace waystation::procedures {
namespace {

using agency::BadField;
using agency::CheckText;

absl::Status CheckReferral(const dol::v1::ServicesReferral& body, absl::CivilDay) {
  WS_RETURN_IF_ERROR(CheckEnums<dol::v1::ServiceKind>("services", body.services()));
  WS_RETURN_IF_ERROR(CheckLanguage(body.language()));
  WS_RETURN_IF_ERROR(CheckText("needs", body.needs(), {0, 4'000}));
  const std::string& number = body.letter_number();
  const bool digits =
      std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (number.empty() || (number.size() == 13 && digits)) return absl::OkStatus();
  return BadField("letter_number", "not a letter's number", Quoted(number), "13 digits");
}

absl::Status CheckOutcome(const dol::v1::ServicesReferral& request,
                          const dol::v1::ServicesOutcome& answer, absl::CivilDay) {
  google::protobuf::RepeatedField<int> answered;
  for (const dol::v1::ServiceOutcome& one : answer.outcomes()) {
    answered.Add(one.service());
    WS_RETURN_IF_ERROR(CheckEnum("outcomes.outcome", one.outcome()));
  }
  WS_RETURN_IF_ERROR(CheckEnums<dol::v1::ServiceKind>("outcomes.service", answered));
  if (!std::is_permutation(answered.begin(), answered.end(), request.services().begin(),
                           request.services().end())) {
    return BadField("outcomes", "not those asked for", absl::StrCat(answered.size()),
                    absl::StrCat(request.services_size(), ", one for each service asked for"));
  }
  return CheckText("note", answer.note(), {0, 4'000});
}

}  // namespace

const Contract& OneStopServices() {
  static const Contract contract =
      MakeContract<dol::v1::ServicesReferral, dol::v1::ServicesOutcome>(
          {.name = "services",
           .units = {kEta},
           .due_business_days = 10,
           .due_basis = "POLICY-SV-1 (2001-10-01)",
           .purpose = referral::v1::CONSENT_PURPOSE_SERVICES,
           .service_content = true},
          CheckReferral, CheckOutcome);
  return contract;
}

}  // namespace waystation::procedures
