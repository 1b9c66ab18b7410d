#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "common/status/status.h"
#include "tools/waystation/case_text.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/message_text.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/person_terms.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"

namespace waystation::cli {
namespace {

using dos::v1::DosService;
using dos::v1::PostReport;
using dos::v1::PostReportRouting;

constexpr char kConsular[] = "dos/consular";

std::string NextAfter(const std::string& reason, const std::string& report_id) {
  if (reason == "REPORT_UNKNOWN") return "waystation post-report list";
  if (reason == "UNIT_NOT_OWN") return "the same with --as ID of an officer of the right unit";
  if (reason == "NOT_A_CHILD") return "the same with --to prm, diplomatic-security or doj";
  if (absl::StartsWith(reason, "CONSENT_")) return "waystation consent record --help";
  if (absl::StartsWith(reason, "REPORT_")) return "waystation post-report show " + report_id;
  return "";
}

absl::Status Explain(absl::Status status, const std::string& report_id,
                     const std::string& request_id = "") {
  const std::string next = NextAfter(ReasonOf(status), report_id);
  if (!next.empty()) return WithNext(std::move(status), next);
  return request_id.empty() ? status : WithRetry(std::move(status), request_id);
}

std::string RoutingWords(const PostReportRouting& routing) {
  std::string words = absl::StrCat(routing.unit(), ", ", TimeText(routing.routed_at()), ", by ",
                                   routing.routed_by().staff_id());
  if (!routing.referral_id().empty()) {
    absl::StrAppend(&words, ", referral ", FormatReferralId(routing.referral_id()));
  }
  if (routing.has_accepted_by()) {
    absl::StrAppend(&words, "; accepted ", TimeText(routing.accepted_at()), " by ",
                    routing.accepted_by().staff_id());
  }
  return words;
}

void AddMoves(const PostReport& report, absl::Time now, Fields* fields) {
  for (const auto& move : report.next_moves()) {
    std::string words = move.holder().empty() ? "nobody" : move.holder();
    if (!move.what().empty()) absl::StrAppend(&words, ": ", move.what());
    if (move.has_since()) {
      absl::StrAppend(&words, ", since ", TimeText(move.since()), " (",
                      AgeWords(now - FromProto(move.since())), ")");
    }
    fields->push_back({"next move", words});
  }
}

Fields ReportFields(const PostReport& report, absl::Time now) {
  Fields fields = {
      {"report", report.report_id()},
      {"person", report.person()},
      {"post", report.post()},
      {"recorded",
       absl::StrCat(TimeText(report.recorded_at()), " by ", ActingWords(report.recorded_by()))},
      {"age", absl::StrCat(KnownAgeWords(report.age()),
                           report.treated_as_child() ? " (treated as a child)" : "")},
      {"language", report.language()},
      {"danger", report.danger_now() ? Cell("somebody was in danger", Tone::kBad) : Cell("none")},
      {"circumstances", report.circumstances()}};
  for (auto& field : PlanFields(report.has_safe_contact() ? &report.safe_contact() : nullptr)) {
    fields.push_back(field);
  }
  for (const PostReportRouting& routing : report.routings()) {
    fields.push_back({"routed to", RoutingWords(routing)});
  }
  AddMoves(report, now, &fields);
  return fields;
}

// Calls, and shows the report as it is then.
template <typename Method, typename Request>
absl::Status Ask(Session& session, Officer& officer, Method method, const Request& request,
                 const std::string& report_id, const std::string& request_id) {
  auto response = officer.Ask(method, request);
  if (!response.ok()) return Explain(response.status(), report_id, request_id);
  session.out.Show(response->report(), ReportFields(response->report(), session.clock.Now()));
  return absl::OkStatus();
}

struct RecordOptions {
  std::string as;
  std::string request_id;
  std::string post;
  std::string circumstances;
  std::string language;
  AgeOptions age;
  ContactOptions contact;
  bool danger = false;
};

void DeclareRecord(CLI::App& verb, RecordOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("--post", options.post, "Code of the post, e.g. CHI")->required();
  verb.add_option("--circumstances", options.circumstances, "What is known, without names")
      ->required();
  verb.add_option("--language", options.language, "Language, BCP 47, e.g. ro");
  verb.add_flag("--danger-now", options.danger, "Somebody is in danger now");
  DeclareAge(verb, options.age);
  DeclareContact(verb, options.contact);
}

absl::Status RunRecord(Session& session, const RecordOptions& options) {
  dos::v1::RecordPostReportRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_post(options.post);
  request.set_circumstances(options.circumstances);
  request.set_language(options.language);
  request.set_danger_now(options.danger);
  WS_ASSIGN_OR_RETURN(*request.mutable_age(), ParseAge(options.age, session.clock.Now()));
  if (!options.contact.empty()) *request.mutable_safe_contact() = MakePlan(options.contact);
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kConsular, options.as));
  return Ask(session, officer, &DosService::Stub::RecordPostReport, request, "REPORT",
             request.request_id());
}

struct ReportOptions {
  std::string as;
  std::string request_id;
  std::string report;
  std::string to;
  BasisOptions basis;
  bool guardian = false;
};

void DeclareShow(CLI::App& verb, ReportOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("REPORT", options.report, "Report, as post-report record gave it out")
      ->required();
}

absl::Status RunShow(Session& session, const ReportOptions& options) {
  dos::v1::GetPostReportRequest request;
  request.set_report_id(options.report);
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kConsular, options.as));
  return Ask(session, officer, &DosService::Stub::GetPostReport, request, options.report, "");
}

struct ListOptions {
  std::string as;
  bool waiting = false;
};

void DeclareList(CLI::App& verb, ListOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_flag("--waiting", options.waiting, "Only reports that wait for the officer's unit");
}

std::string Holders(const PostReport& report) {
  std::string words;
  for (const auto& move : report.next_moves()) {
    if (!move.holder().empty()) absl::StrAppend(&words, words.empty() ? "" : ", ", move.holder());
  }
  return words.empty() ? "nobody" : words;
}

absl::Status RunList(Session& session, const ListOptions& options) {
  dos::v1::ListPostReportsRequest request;
  request.set_waiting_only(options.waiting);
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kConsular, options.as));
  std::vector<PostReport> reports;
  do {
    auto page = officer.Ask(&DosService::Stub::ListPostReports, request);
    if (!page.ok()) return Explain(page.status(), "REPORT");
    reports.insert(reports.end(), page->reports().begin(), page->reports().end());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  Table table{{"REPORT", "PERSON", "POST", "RECORDED", "DANGER", "CHILD", "NEXT MOVE OF"}, {}};
  for (const PostReport& report : reports) {
    table.rows.push_back({report.report_id(), report.person(), report.post(),
                          TimeText(report.recorded_at()),
                          report.danger_now() ? Cell("YES", Tone::kBad) : Cell("no"),
                          report.treated_as_child() ? "yes" : "no", Holders(report)});
  }
  session.out.List(reports, table, "no report");
  return absl::OkStatus();
}

void DeclareReport(CLI::App& verb, ReportOptions& options) {
  DeclareChange(verb, options.as, options.request_id);
  verb.add_option("REPORT", options.report, "Report, as post-report record gave it out")
      ->required();
}

void DeclareRoute(CLI::App& verb, ReportOptions& options) {
  DeclareReport(verb, options);
  verb.add_option("--to", options.to, "diplomatic-security, prm, doj, or hhs-child")->required();
  // Within DOS nothing is disclosed; DOJ and HHS are other agencies.
  DeclareBasisOrDuty(verb, options.basis);
  verb.add_flag("--has-guardian", options.guardian, "The child has a guardian or child advocate");
}

absl::Status RunRoute(Session& session, const ReportOptions& options) {
  dos::v1::RoutePostReportRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_report_id(options.report);
  WS_ASSIGN_OR_RETURN(auto route, ParseWords<dos::v1::PostReportRoute>("--to", options.to));
  request.set_to(route);
  request.set_has_guardian(options.guardian);
  const BasisOptions& basis = options.basis;
  const bool given = !basis.consent.empty() || !basis.emergency.empty() || !basis.duty.empty();
  const bool leaves =
      route == dos::v1::POST_REPORT_ROUTE_DOJ || route == dos::v1::POST_REPORT_ROUTE_HHS_CHILD;
  if (given || leaves) {
    WS_ASSIGN_OR_RETURN(*request.mutable_basis(),
                        MakeBasis(basis, TypedAt(session, request.request_id())));
  }
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, kConsular, options.as));
  return Ask(session, officer, &DosService::Stub::RoutePostReport, request, options.report,
             request.request_id());
}

absl::Status RunAccept(Session& session, const ReportOptions& options) {
  dos::v1::AcceptPostReportRequest request;
  request.set_request_id(RequestId(session, options.request_id));
  request.set_report_id(options.report);
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::AtUnit(session, "dos/prm", options.as));
  return Ask(session, officer, &DosService::Stub::AcceptPostReport, request, options.report,
             request.request_id());
}

}  // namespace

void AddPostReportVerbs(CLI::App& app, Chosen& chosen) {
  CLI::App& noun = AddNoun(app, "post-report", "What posts abroad report (DOS)");
  AddVerb<RecordOptions>(noun, chosen, "record", "Record what a post met with (consular)",
                         DeclareRecord, RunRecord);
  AddVerb<ReportOptions>(noun, chosen, "show", "One report, and who moves next", DeclareShow,
                         RunShow);
  AddVerb<ListOptions>(noun, chosen, "list", "Reports that the officer's unit sees, newest first",
                       DeclareList, RunList);
  AddVerb<ReportOptions>(noun, chosen, "route",
                         "Pass it on: Diplomatic Security, PRM, DOJ, or a child to HHS (consular)",
                         DeclareRoute, RunRoute);
  AddVerb<ReportOptions>(noun, chosen, "accept", "The unit has it and acts on it (who got it)",
                         DeclareReport, RunAccept);
}

}  // namespace waystation::cli
