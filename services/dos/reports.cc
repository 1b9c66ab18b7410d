#include "services/dos/reports.h"

#include <algorithm>
#include <memory>
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
#include "common/procedures/doj.h"
#include "common/procedures/dos.h"
#include "common/procedures/form.h"
#include "common/procedures/hhs.h"
#include "common/status/status.h"
#include "common/statute/age.h"
#include "common/statute/citation.h"
#include "services/dos/register.h"
#include "waystation/doj/v1/complaint.pb.h"
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
// When somebody is in danger another agency is asked to answer within this time.
constexpr absl::Duration kDangerAnswerWithin = absl::Hours(2);

constexpr statute::Rule kChildDoor{
    "C14.1",
    "NOT_A_CHILD",
    {"POLICY-PO-1",
     "A post refers a child, or a person of unknown age, to HHS; an adult goes to Diplomatic "
     "Security, to PRM or to the Department of Justice.",
     statute::kPolicySource, statute::kPolicyEffective}};

constexpr statute::Rule kReportRecord{
    "C14.2",
    "REPORT_RECORD_NEEDED",
    {"POLICY-PO-2", "A complaint leaves the Department of State by the record of a post's report.",
     statute::kPolicySource, statute::kPolicyEffective}};

std::string_view UnitOf(v1::PostReportRoute to) {
  switch (to) {
    case v1::POST_REPORT_ROUTE_DIPLOMATIC_SECURITY:
      return kDiplomaticSecurity;
    case v1::POST_REPORT_ROUTE_PRM:
      return procedures::kPrm;
    case v1::POST_REPORT_ROUTE_HHS_CHILD:
      return procedures::kOrr;
    case v1::POST_REPORT_ROUTE_DOJ:
      return procedures::kWorkerExploitation;
    default:
      return {};
  }
}

bool LeavesDos(v1::PostReportRoute to) {
  return to == v1::POST_REPORT_ROUTE_HHS_CHILD || to == v1::POST_REPORT_ROUTE_DOJ;
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

// The last one to the unit; null: it has not gone there.
v1::PostReportRouting* RoutingTo(v1::PostReport& report, std::string_view unit) {
  auto& routings = *report.mutable_routings();
  auto found = std::find_if(routings.rbegin(), routings.rend(),
                            [&](const auto& one) { return one.unit() == unit; });
  return found == routings.rend() ? nullptr : &*found;
}

// Who acts on a report that went to another agency is what the referral says.
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

// A complaint leaves by RoutePostReport alone, so that none goes out twice or of
// another person than the report's.
class ComplaintSent : public casework::Procedure {
 public:
  ComplaintSent() : Procedure(procedures::Complaint()) {}

  absl::Status CheckOpen(const casework::Case& one, Tx& tx) const override {
    const auto& report_id = casework::Body<doj::v1::ComplaintReferral>(one.request).call_id();
    WS_ASSIGN_OR_RETURN(v1::PostReport report,
                        Register(tx.db()).Get(report_id, one.referral.from_unit()));
    const v1::PostReportRouting* routing = RoutingTo(report, one.referral.to_unit());
    // Its referral is filed when this one is sent.
    if (routing != nullptr && routing->referral_id().empty()) return absl::OkStatus();
    return statute::Refuse(kReportRecord, absl::StrCat("post report \"", report_id, "\""),
                           "not referred from its record", "", "RoutePostReport");
  }
};

// What is to leave DOS, and by whose decision.
struct Referring {
  const casework::Procedures& procedures;
  const Officer& officer;
  const v1::RoutePostReportRequest& request;
  const v1::PostReport& report;
  std::string replaces_referral_id;
};

absl::StatusOr<std::string> SendBody(const Referring& referring,
                                     const procedures::Contract& contract,
                                     const google::protobuf::Message& body, Tx& tx) {
  const v1::PostReport& report = referring.report;
  casework::Ask ask{report.unit(),       std::string(UnitOf(referring.request.to())),
                    report.person(),     &body,
                    {referring.officer}, {}};
  WS_ASSIGN_OR_RETURN(ask.basis, casework::CheckBasisSent(contract, report.person(),
                                                          referring.request.basis(), tx));
  if (report.danger_now()) ask.needed_by = tx.now() + kDangerAnswerWithin;
  ask.replaces_referral_id = referring.replaces_referral_id;
  return casework::SendAsk(*referring.procedures.ByName(contract.terms.name), ask, tx);
}

absl::StatusOr<std::string> ReferChild(const Referring& referring, Tx& tx) {
  const v1::PostReport& report = referring.report;
  WS_ASSIGN_OR_RETURN(bool child, IsTreatedAsChild(report, DayOf(tx.now())));
  if (!child) {
    return statute::Refuse(kChildDoor, "post report", "not of a child", "18 or older",
                           "a person under 18, or of unknown age");
  }
  hhs::v1::ChildReferral body;
  body.set_circumstances(report.circumstances());
  if (report.has_age()) *body.mutable_age() = report.age();
  body.set_language(report.language());
  body.set_has_guardian(referring.request.has_guardian());
  return SendBody(referring, procedures::ChildToHhs(), body, tx);
}

absl::StatusOr<std::string> ReferComplaint(const Referring& referring, Tx& tx) {
  const v1::PostReport& report = referring.report;
  doj::v1::ComplaintReferral body;
  body.set_call_id(report.report_id());
  body.set_circumstances(report.circumstances());
  body.set_language(report.language());
  if (report.has_age()) *body.mutable_age() = report.age();
  body.set_danger_now(report.danger_now());
  if (report.has_safe_contact()) *body.mutable_safe_contact() = report.safe_contact();
  return SendBody(referring, procedures::Complaint(), body, tx);
}

absl::StatusOr<std::string> Refer(const Referring& referring, Tx& tx) {
  const bool of_child = referring.request.to() == v1::POST_REPORT_ROUTE_HHS_CHILD;
  return of_child ? ReferChild(referring, tx) : ReferComplaint(referring, tx);
}

absl::Status CheckRoute(const v1::RoutePostReportRequest& request) {
  WS_RETURN_IF_ERROR(procedures::CheckEnum("to", request.to()));
  if (request.has_guardian() && request.to() != v1::POST_REPORT_ROUTE_HHS_CHILD) {
    return BadField("has_guardian", "set, and no child goes to HHS", "",
                    "has_guardian with HHS_CHILD only");
  }
  if (LeavesDos(request.to()) || !request.has_basis()) return absl::OkStatus();
  return BadField("basis", "set, and nothing is disclosed", "",
                  "basis with HHS_CHILD and DOJ only");
}

// Checks that the unit does not have the report. Returns the referral that a new
// one replaces; empty: none.
absl::StatusOr<std::string> CheckNotThere(v1::PostReport& report, std::string_view unit, Tx& tx) {
  const v1::PostReportRouting* routing = RoutingTo(report, unit);
  if (routing == nullptr) return std::string();
  types::v1::ReferralState state = types::v1::REFERRAL_STATE_REQUESTED;
  if (!routing->referral_id().empty()) {
    WS_ASSIGN_OR_RETURN(agency::ReferralView view, tx.Referral(routing->referral_id()));
    state = view.state;
  }
  switch (state) {
    case types::v1::REFERRAL_STATE_RETURNED:
    case types::v1::REFERRAL_STATE_EXPIRED:
      return routing->referral_id();
    case types::v1::REFERRAL_STATE_UNSPECIFIED:  // The bus refused it: it never went.
    case types::v1::REFERRAL_STATE_CANCELLED:
    case types::v1::REFERRAL_STATE_ENTERED_IN_ERROR:
      return std::string();
    default:
      return Refusal(absl::StatusCode::kFailedPrecondition, "REPORT_ALREADY_ROUTED",
                     Problem("post report", "has gone there", Quoted(unit), "another unit"));
  }
}

}  // namespace

std::unique_ptr<casework::Procedure> SendsComplaints() { return std::make_unique<ComplaintSent>(); }

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
  WS_ASSIGN_OR_RETURN(std::string replaces, CheckNotThere(report, unit, tx));
  v1::PostReportRouting& routing = *report.add_routings();
  routing.set_to(request.to());
  routing.set_unit(unit);
  *routing.mutable_routed_by() = officer;
  *routing.mutable_routed_at() = ToProtoTime(tx.now());
  WS_RETURN_IF_ERROR(Register(tx.db()).Save(report));
  if (LeavesDos(request.to())) {
    const Referring referring{procedures, officer, request, report, std::move(replaces)};
    WS_ASSIGN_OR_RETURN(*routing.mutable_referral_id(), Refer(referring, tx));
    WS_RETURN_IF_ERROR(Register(tx.db()).Save(report));
  }
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
