#include "common/casework/break_glass.h"

#include <algorithm>
#include <string>
#include <vector>

#include "common/agency/fields.h"
#include "common/agency/time_proto.h"
#include "common/casework/case_table.h"
#include "common/casework/glass_notices.h"
#include "common/casework/referrals.h"
#include "common/casework/show.h"
#include "common/procedures/break_glass.h"
#include "common/status/status.h"
#include "common/statute/break_glass.h"
#include "common/statute/certification.h"

namespace waystation::casework {
namespace {

using agency::Officer;
using agency::TextLimits;
using agency::Tx;
using record::StoredReferral;

constexpr TextLimits kReason{1, 4'000};

absl::StatusOr<absl::Duration> TimeOf(const v1::BreakGlassRequest& request) {
  const absl::Duration asked =
      absl::Seconds(request.duration().seconds()) + absl::Nanoseconds(request.duration().nanos());
  WS_RETURN_IF_ERROR(statute::CheckGlassTime(asked));
  return asked;
}

absl::Status NotNeeded(std::string_view problem, std::string_view want) {
  return Refusal(absl::StatusCode::kFailedPrecondition, "GLASS_NOT_NEEDED",
                 Problem("break-glass", problem, "", want));
}

// What the law or a policy denies a unit stays closed to it, whatever the reason.
absl::Status CheckNotDenied(const Procedure& procedure, const Officer& officer,
                            std::string_view referral_id, Tx& tx) {
  if (!procedure.contract().terms.service_content) return absl::OkStatus();
  const evidence::DirectoryView* directory = tx.directory();
  if (directory == nullptr) {
    return Refusal(absl::StatusCode::kUnavailable, "DIRECTORY_UNKNOWN",
                   "directory: not known yet, so no unit can be judged");
  }
  WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(referral_id));
  const std::string& us = view.we_are_target ? view.target : view.requester;
  return statute::CheckServiceContentOpen(officer.unit(),
                                          directory->FindUnit(us, officer.unit()) != nullptr,
                                          directory->UnitHas(us, officer.unit(), "federal_lea"));
}

// The glass that is broken for the officer now; null when there is none.
const referral::v1::BreakGlass* Open(const std::vector<v1::BrokenGlass>& glasses,
                                     const Officer& officer, absl::Time now) {
  auto open = std::find_if(glasses.begin(), glasses.end(), [&](const v1::BrokenGlass& one) {
    // The other agency has staff ids of its own; the unit tells them apart.
    return one.glass().officer().staff_id() == officer.staff_id() &&
           one.glass().officer().unit() == officer.unit() &&
           agency::FromProtoTime(one.glass().until()) > now;
  });
  return open == glasses.end() ? nullptr : &open->glass();
}

absl::Status CheckNotBroken(const Officer& officer, std::string_view referral_id, Tx& tx) {
  WS_ASSIGN_OR_RETURN(auto glasses, CaseTable(tx.db()).Glasses(referral_id));
  const referral::v1::BreakGlass* open = Open(glasses, officer, tx.now());
  if (open == nullptr) return absl::OkStatus();
  return Refusal(absl::StatusCode::kFailedPrecondition, "GLASS_BROKEN",
                 Problem("break-glass", "it is open to the officer already", officer.staff_id(),
                         absl::StrCat("another act after ",
                                      absl::FormatTime(agency::FromProtoTime(open->until()),
                                                       absl::UTCTimeZone()))));
}

}  // namespace

absl::Status BreakGlass(const Procedures& procedures, const Officer& officer,
                        const v1::BreakGlassRequest& request, Tx& tx,
                        v1::BreakGlassResponse& response) {
  const std::string& id = request.referral_id();
  WS_RETURN_IF_ERROR(agency::CheckReferralId(id));
  WS_RETURN_IF_ERROR(agency::CheckText("reason", request.reason(), kReason));
  WS_ASSIGN_OR_RETURN(absl::Duration time, TimeOf(request));
  WS_ASSIGN_OR_RETURN(StoredReferral stored, CaseTable(tx.db()).Get(id));
  const Procedure* procedure = procedures.ByName(stored.referral().procedure());
  if (procedure == nullptr || !stored.referral().has_request()) {
    return NotNeeded("nothing was kept that could be read", "a referral with its content");
  }
  if (MaySeeContent(procedures, officer, stored.referral())) {
    return NotNeeded("the officer's unit sees it", "an officer of another unit");
  }
  WS_RETURN_IF_ERROR(CheckNotDenied(*procedure, officer, id, tx));
  WS_RETURN_IF_ERROR(CheckNotBroken(officer, id, tx));
  referral::v1::BreakGlass glass;
  *glass.mutable_officer() = officer;
  glass.set_reason(request.reason());
  *glass.mutable_broken_at() = agency::ToProtoTime(tx.now());
  *glass.mutable_until() = agency::ToProtoTime(agency::FromProtoTime(glass.broken_at()) + time);
  const Procedure* notices = procedures.ByName(procedures::BreakGlassNotices().terms.name);
  WS_CHECK(notices != nullptr);
  WS_RETURN_IF_ERROR(TellOwners(*notices, stored, glass, tx));
  WS_ASSIGN_OR_RETURN(*response.mutable_referral(), Show(procedures, officer, stored, tx));
  return absl::OkStatus();
}

absl::StatusOr<bool> IsOpenByGlass(const Officer& officer, std::string_view referral_id, Tx& tx) {
  WS_ASSIGN_OR_RETURN(auto glasses, CaseTable(tx.db()).Glasses(referral_id));
  return Open(glasses, officer, tx.now()) != nullptr;
}

}  // namespace waystation::casework
