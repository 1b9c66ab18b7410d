#include "common/procedures/break_glass.h"

#include "common/agency/fields.h"
#include "common/agency/time_proto.h"
#include "common/status/status.h"
#include "common/statute/break_glass.h"
#include "waystation/referral/v1/break_glass.pb.h"

namespace waystation::procedures {
namespace {

absl::Status CheckNotice(const referral::v1::BreakGlassNotice& body, absl::CivilDay) {
  WS_RETURN_IF_ERROR(agency::CheckReferralId(body.referral_id()));
  const referral::v1::BreakGlass& glass = body.glass();
  WS_RETURN_IF_ERROR(
      agency::CheckToken("glass.officer.staff_id", glass.officer().staff_id(), 64, "._-"));
  WS_RETURN_IF_ERROR(agency::CheckText("glass.reason", glass.reason(), {1, 4'000}));
  return statute::CheckGlassTime(agency::FromProtoTime(glass.until()) -
                                 agency::FromProtoTime(glass.broken_at()));
}

absl::Status CheckNoted(const referral::v1::BreakGlassNotice&,
                        const referral::v1::BreakGlassNoted& answer, absl::CivilDay) {
  if (answer.has_noted_at()) return absl::OkStatus();
  return agency::BadField("noted_at", "missing", "", "when it was noted");
}

}  // namespace

const Contract& BreakGlassNotices() {
  static const Contract contract =
      MakeContract<referral::v1::BreakGlassNotice, referral::v1::BreakGlassNoted>(
          {.name = "break-glass notice",
           .units = {},
           .due_business_days = 1,
           .due_basis = "POLICY-BG-1 (2001-10-01)"},
          CheckNotice, CheckNoted);
  return contract;
}

}  // namespace waystation::procedures
