#include "common/procedures/ins.h"

#include "common/procedures/form.h"

namespace waystation::procedures {
namespace {

using agency::CheckText;
using agency::CheckToken;
using agency::ToDay;

absl::Status CheckPetition(const ins::v1::ContinuedPresencePetition& body, absl::CivilDay today) {
  WS_RETURN_IF_ERROR(CheckEnum("kind", body.kind()));
  WS_RETURN_IF_ERROR(CheckToken("case_number", body.case_number(), 64, "./-"));
  WS_RETURN_IF_ERROR(CheckText("circumstances", body.circumstances(), {1, 8'000}));
  WS_RETURN_IF_ERROR(ToDay("requested_from", body.requested_from()).status());
  WS_RETURN_IF_ERROR(ToDay("requested_until", body.requested_until()).status());
  return CheckAge(body, today);
}

absl::Status CheckDecision(const ins::v1::ContinuedPresencePetition&,
                           const ins::v1::ContinuedPresenceDecision& answer, absl::CivilDay) {
  WS_RETURN_IF_ERROR(CheckEnum("outcome", answer.outcome()));
  const bool denied = answer.outcome() == ins::v1::DECISION_OUTCOME_DENIED;
  return CheckText("reasons", answer.reasons(), {denied ? size_t{1} : size_t{0}, 8'000});
}

}  // namespace

const Contract& ContinuedPresence() {
  static const Contract contract =
      MakeContract<ins::v1::ContinuedPresencePetition, ins::v1::ContinuedPresenceDecision>(
          {.name = "continued presence",
           .units = {kVermontServiceCenter},
           .two_officials = true,
           .due_business_days = 10,
           .due_basis = "POLICY-CP-3 (2001-10-01)"},
          CheckPetition, CheckDecision);
  return contract;
}

absl::StatusOr<bool> CutWork(const types::v1::Date& ended_on, ins::v1::WorkAuthorization& work) {
  WS_ASSIGN_OR_RETURN(absl::CivilDay end, ToDay("ended_on", ended_on));
  WS_ASSIGN_OR_RETURN(absl::CivilDay first, ToDay("effective_date", work.effective_date()));
  WS_ASSIGN_OR_RETURN(absl::CivilDay last, ToDay("expires_on", work.expires_on()));
  if (first >= end) return false;
  if (last > end) *work.mutable_expires_on() = ended_on;
  return true;
}

}  // namespace waystation::procedures
