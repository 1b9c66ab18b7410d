#include "services/dos/reports.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/agency/fields.h"
#include "common/agency/inbox.h"
#include "common/agency/page.h"
#include "common/agency/time_proto.h"
#include "common/casework/consents.h"
#include "common/casework/referrals.h"
#include "common/casework/sending.h"
#include "common/ids/handle.h"
#include "common/procedures/dos.h"
#include "common/procedures/form.h"
#include "common/procedures/hhs.h"
#include "common/status/status.h"
#include "common/statute/age.h"
#include "common/statute/citation.h"
#include "services/dos/register.h"
#include "waystation/hhs/v1/notices.pb.h"

namespace waystation::dos {
namespace {

using agency::BadField;
using agency::CheckText;
using agency::DayOf;
using agency::Officer;
using agency::ToProtoTime;
using agency::Tx;
using casework::CheckOwnUnit;

constexpr size_t kPostLeast = 2;
constexpr size_t kPostMost = 40;
constexpr agency::TextLimits kCircumstances{1, 8'000};
constexpr char kList = 'p';
// When somebody is in danger HHS is asked to answer within this time.
constexpr absl::Duration kDangerAnswerWithin = absl::Hours(2);

constexpr statute::Rule kChildDoor{
    "C14.1",
    "NOT_A_CHILD",
    {"POLICY-PO-1",
     "A post refers a child, or a person of unknown age, to HHS; an adult goes to Diplomatic "
     "Security or to PRM.",
     statute::kPolicySource, statute::kPolicyEffective}};

std::string_view UnitOf(v1::PostReportRoute to) {
  switch (to) {
    case v1::POST_REPORT_ROUTE_DIPLOMATIC_SECURITY:
      return kDiplomaticSecurity;
    case v1::POST_REPORT_ROUTE_PRM:
      return procedures::kPrm;
    case v1::POST_REPORT_ROUTE_HHS_CHILD:
      return procedures::kOrr;
    default:
      return {};
  }
}

absl::Status CheckReport(const v1::RecordPostReportRequest& request, absl::CivilDay today) {
  WS_RETURN_IF_ERROR(agency::CheckToken("post", request.post(), kPostMost, "-"));
  if (request.post().size() < kPostLeast) {
    return BadField("post", "too short", Quoted(request.post()), "2 to 40 characters");
  }
  WS_RETURN_IF_ERROR(CheckText("circumstances", request.circumstances(), kCircumstances));
  WS_RETURN_IF_ERROR(procedures::CheckLanguage(request.language()));
  WS_RETURN_IF_ERROR(procedures::CheckAge(request, today));
  return request.has_safe_contact() ? procedures::CheckSafeContact(request.safe_contact())
                                    : absl::OkStatus();
}

absl::StatusOr<bool> IsTreatedAsChild(const v1::PostReport& report, absl::CivilDay today) {
  WS_ASSIGN_OR_RETURN(statute::PersonAge age, agency::ToAge(report.age(), today));
  return statute::TreatedAsChild(age, today);
}

v1::PostReportRouting* RoutingTo(v1::PostReport& report, std::string_view unit) {
  auto& routings = *report.mutable_routings();
  auto found = std::find_if(routings.begin(), routings.end(),
                            [&](const auto& one) { return one.unit() == unit; });
  return found == routings.end() ? nullptr : &*found;
}

// Who acts on a report that went to HHS is what the referral says.
absl::Status ReferredMove(const std::string& referral_id, Tx& tx, v1::PostReportNextMove& move) {
  WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(referral_id));
  const types::v1::InboxItem item = agency::ToInboxItem(view, tx.now());
  move.set_holder(item.next_move_unit().empty() ? item.next_move_agency() : item.next_move_unit());
  move.set_what(item.next_move());
  *move.mutable_since() = item.since();
  return absl::OkStatus();
}

absl::Status MoveOf(const v1::PostReportRouting& routing, Tx& tx, v1::PostReportNextMove& move) {
  if (!routing.referral_id().empty()) return ReferredMove(routing.referral_id(), tx, move);
  move.set_holder(routing.unit());
  move.set_what(routing.has_accepted_by() ? "act on it: it is accepted" : "accept the report");
  *move.mutable_since() = routing.has_accepted_by() ? routing.accepted_at() : routing.routed_at();
  return absl::OkStatus();
}

// The report as a unit sees it, with what depends on today.
absl::StatusOr<v1::PostReport> Show(v1::PostReport report, std::string_view unit, Tx& tx) {
  WS_ASSIGN_OR_RETURN(bool child, IsTreatedAsChild(report, DayOf(tx.now())));
  report.set_treated_as_child(child);
  auto& routings = *report.mutable_routings();
  if (report.unit() != unit) {
    // Law enforcement need not know who serves the person, nor the other way.
    routings.erase(std::remove_if(routings.begin(), routings.end(),
                                  [&](const auto& one) { return one.unit() != unit; }),
                   routings.end());
  }
  for (const v1::PostReportRouting& routing : routings) {
    WS_RETURN_IF_ERROR(MoveOf(routing, tx, *report.add_next_moves()));
  }
  if (!routings.empty()) return report;
  v1::PostReportNextMove& move = *report.add_next_moves();
  move.set_holder(report.unit());
  move.set_what("route the report");
  *move.mutable_since() = report.recorded_at();
  return report;
}

// Whether a shown report waits for the unit, rather than being worked on there.
bool WaitsFor(const v1::PostReport& shown, std::string_view unit) {
  for (int i = 0; i < shown.next_moves_size(); ++i) {
    const bool accepted = i < shown.routings_size() && shown.routings(i).has_accepted_by();
    if (shown.next_moves(i).holder() == unit && !accepted) return true;
  }
  return false;
}

absl::StatusOr<std::string> ReferChild(const casework::Procedures& procedures,
                                       const Officer& officer,
                                       const v1::RoutePostReportRequest& request,
                                       const v1::PostReport& report, Tx& tx) {
  WS_ASSIGN_OR_RETURN(bool child, IsTreatedAsChild(report, DayOf(tx.now())));
  if (!child) {
    return statute::Refuse(kChildDoor, "post report", "not of a child", "18 or older",
                           "a person under 18, or of unknown age");
  }
  const procedures::Contract& contract = procedures::ChildToHhs();
  hhs::v1::ChildReferral body;
  body.set_circumstances(report.circumstances());
  if (report.has_age()) *body.mutable_age() = report.age();
  body.set_language(report.language());
  body.set_has_guardian(request.has_guardian());
  casework::Ask ask{
      report.unit(), std::string(procedures::kOrr), report.person(), &body, {officer}, {}};
  WS_ASSIGN_OR_RETURN(ask.basis,
                      casework::CheckBasisSent(contract, report.person(), request.basis(), tx));
  if (report.danger_now()) ask.needed_by = tx.now() + kDangerAnswerWithin;
  return casework::SendAsk(*procedures.ByName(contract.terms.name), ask, tx);
}

absl::Status CheckRoute(const v1::RoutePostReportRequest& request) {
  WS_RETURN_IF_ERROR(procedures::CheckEnum("to", request.to()));
  const bool leaves = request.to() == v1::POST_REPORT_ROUTE_HHS_CHILD;
  if (leaves || (!request.has_basis() && !request.has_guardian())) return absl::OkStatus();
  return BadField("basis", "set, and nothing is disclosed", "",
                  "basis and has_guardian with HHS_CHILD only");
}

}  // namespace

absl::Status RecordPostReport(const Officer& officer, const v1::RecordPostReportRequest& request,
                              const RandomSource& random, Tx& tx,
                              v1::RecordPostReportResponse& response) {
  WS_RETURN_IF_ERROR(CheckOwnUnit(officer, kConsular));
  WS_RETURN_IF_ERROR(CheckReport(request, DayOf(tx.now())));
  v1::PostReport report;
  report.set_report_id(NewHandle("po", random));
  report.set_person(NewHandle("pv", random));
  report.set_post(request.post());
  report.set_unit(officer.unit());
  report.set_circumstances(request.circumstances());
  if (request.has_age()) *report.mutable_age() = request.age();
  report.set_language(request.language());
  report.set_danger_now(request.danger_now());
  if (request.has_safe_contact()) *report.mutable_safe_contact() = request.safe_contact();
  *report.mutable_recorded_by() = officer;
  *report.mutable_recorded_at() = ToProtoTime(tx.now());
  WS_RETURN_IF_ERROR(Register(tx.db()).Save(report));
  WS_ASSIGN_OR_RETURN(*response.mutable_report(), Show(report, officer.unit(), tx));
  return absl::OkStatus();
}

absl::Status RoutePostReport(const casework::Procedures& procedures, const Officer& officer,
                             const v1::RoutePostReportRequest& request, Tx& tx,
                             v1::RoutePostReportResponse& response) {
  WS_RETURN_IF_ERROR(CheckOwnUnit(officer, kConsular));
  WS_RETURN_IF_ERROR(CheckRoute(request));
  WS_ASSIGN_OR_RETURN(v1::PostReport report,
                      Register(tx.db()).Get(request.report_id(), officer.unit()));
  const std::string unit(UnitOf(request.to()));
  if (RoutingTo(report, unit) != nullptr) {
    return Refusal(absl::StatusCode::kFailedPrecondition, "REPORT_ALREADY_ROUTED",
                   Problem("post report", "has gone there", Quoted(unit), "another unit"));
  }
  v1::PostReportRouting& routing = *report.add_routings();
  routing.set_to(request.to());
  routing.set_unit(unit);
  *routing.mutable_routed_by() = officer;
  *routing.mutable_routed_at() = ToProtoTime(tx.now());
  if (request.to() == v1::POST_REPORT_ROUTE_HHS_CHILD) {
    WS_ASSIGN_OR_RETURN(*routing.mutable_referral_id(),
                        ReferChild(procedures, officer, request, report, tx));
  }
  WS_RETURN_IF_ERROR(Register(tx.db()).Save(report));
  WS_ASSIGN_OR_RETURN(*response.mutable_report(), Show(report, officer.unit(), tx));
  return absl::OkStatus();
}

absl::Status AcceptPostReport(const Officer& officer, const v1::AcceptPostReportRequest& request,
                              Tx& tx, v1::AcceptPostReportResponse& response) {
  WS_ASSIGN_OR_RETURN(v1::PostReport report,
                      Register(tx.db()).Get(request.report_id(), officer.unit()));
  v1::PostReportRouting* routing = RoutingTo(report, officer.unit());
  if (routing == nullptr) {
    return Refusal(absl::StatusCode::kPermissionDenied, "UNIT_NOT_OWN",
                   Problem("unit", "the report is not routed to it", Quoted(officer.unit()),
                           "a unit that it is routed to"));
  }
  if (routing->has_accepted_by()) {
    return Refusal(absl::StatusCode::kFailedPrecondition, "REPORT_ALREADY_ACCEPTED",
                   Problem("post report", "the unit has accepted it", Quoted(officer.unit()),
                           "a report that waits for it"));
  }
  *routing->mutable_accepted_by() = officer;
  *routing->mutable_accepted_at() = ToProtoTime(tx.now());
  WS_RETURN_IF_ERROR(Register(tx.db()).Save(report));
  WS_ASSIGN_OR_RETURN(*response.mutable_report(), Show(report, officer.unit(), tx));
  return absl::OkStatus();
}

absl::Status GetPostReport(const Officer& officer, const v1::GetPostReportRequest& request, Tx& tx,
                           v1::GetPostReportResponse& response) {
  WS_ASSIGN_OR_RETURN(v1::PostReport report,
                      Register(tx.db()).Get(request.report_id(), officer.unit()));
  WS_ASSIGN_OR_RETURN(*response.mutable_report(), Show(std::move(report), officer.unit(), tx));
  return absl::OkStatus();
}

absl::Status ListPostReports(const Officer& officer, const v1::ListPostReportsRequest& request,
                             Tx& tx, v1::ListPostReportsResponse& response) {
  WS_ASSIGN_OR_RETURN(agency::PageAsked page,
                      agency::ReadPage(request.page_size(), request.page_token(), kList));
  auto fetch = [&](int64_t before, int limit) {
    return Register(tx.db()).Reports(officer.unit(), before, limit);
  };
  auto keep = [&](const v1::PostReport& report) -> absl::StatusOr<bool> {
    WS_ASSIGN_OR_RETURN(v1::PostReport shown, Show(report, officer.unit(), tx));
    if (request.waiting_only() && !WaitsFor(shown, officer.unit())) return false;
    shown.clear_circumstances();
    shown.clear_safe_contact();
    *response.add_reports() = std::move(shown);
    return true;
  };
  WS_ASSIGN_OR_RETURN(*response.mutable_next_page_token(),
                      agency::FillPage(page, kList, fetch, keep));
  return absl::OkStatus();
}

}  // namespace waystation::dos
