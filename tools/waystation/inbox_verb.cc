#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "tools/waystation/case_text.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/officer.h"
#include "tools/waystation/presences.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"
#include "waystation/casework/v1/casework.grpc.pb.h"
#include "waystation/dol/v1/dol_service.grpc.pb.h"
#include "waystation/dos/v1/dos_service.grpc.pb.h"
#include "waystation/hhs/v1/hhs_service.grpc.pb.h"

namespace waystation::cli {
namespace {

using casework::v1::CaseworkService;
using dol::v1::DolService;
using dos::v1::DosService;
using hhs::v1::HhsService;
using types::v1::InboxItem;

struct InboxOptions {
  std::string as;
  std::string unit;
  bool all = false;
};

void DeclareInbox(CLI::App& verb, InboxOptions& options) {
  DeclareAs(verb, options.as);
  verb.add_option("--unit", options.unit, "Only what this unit must do, e.g. hhs/orr");
  verb.add_flag("--all", options.all, "Also what waits for the other agency");
}

// Something that waits: a referral, or a record of an agency's own that is none.
struct Waiting {
  std::string id;
  InboxItem item;
  std::shared_ptr<const google::protobuf::Message> source;  // As its agency has it.
};

using List = std::vector<Waiting>;

// Reads every page. `call` asks for one, `add` takes it.
template <typename Request, typename CallOne, typename Add>
absl::Status ReadPages(Request request, CallOne call, Add add) {
  do {
    auto page = call(request);
    if (!page.ok()) return page.status();
    add(*page);
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

absl::Status ReadReferrals(Officer& officer, const InboxOptions& options, List* list) {
  auto add = [&](const auto& page) {
    for (const InboxItem& item : page.items()) {
      list->push_back(
          {FormatReferralId(item.referral_id()), item, std::make_shared<InboxItem>(item)});
    }
  };
  casework::v1::ListInboxRequest request;
  request.set_unit(options.unit);
  request.set_include_waiting_for_others(options.all);
  return ReadPages(
      request, [&](const auto& q) { return officer.Ask(&CaseworkService::Stub::ListInbox, q); },
      add);
}

// Calls whose next move is the line's. One that was referred waits as a referral.
absl::Status ReadCalls(Officer& officer, const InboxOptions& options, List* list) {
  dol::v1::ListCallsRequest request;
  request.set_open_only(true);
  absl::Status read = ReadPages(
      request, [&](const auto& q) { return officer.Ask(&DolService::Stub::ListCalls, q); },
      [&](const auto& page) {
        for (const dol::v1::Call& call : page.calls()) {
          InboxItem item = call.standing();
          const bool ours = item.next_move_agency() == "dol" && item.referral_id().empty();
          if (!ours || (!options.unit.empty() && item.next_move_unit() != options.unit)) continue;
          if (item.procedure().empty()) item.set_procedure("call");
          if (item.person().empty()) item.set_person(call.person());
          list->push_back({call.call_id(), item, std::make_shared<dol::v1::Call>(call)});
        }
      });
  // Calls are the line's alone.
  return ReasonOf(read) == "UNIT_NOT_OWN" ? absl::OkStatus() : read;
}

// What the officer's own unit has to route or to accept.
absl::Status ReadReports(Officer& officer, const InboxOptions& options, List* list) {
  dos::v1::ListPostReportsRequest request;
  request.set_waiting_only(true);
  const std::string& unit = officer.staff().unit();
  if (!options.unit.empty() && options.unit != unit) return absl::OkStatus();
  return ReadPages(
      request, [&](const auto& q) { return officer.Ask(&DosService::Stub::ListPostReports, q); },
      [&](const auto& page) {
        for (const dos::v1::PostReport& report : page.reports()) {
          for (const dos::v1::PostReportNextMove& move : report.next_moves()) {
            if (move.holder() != unit) continue;
            InboxItem item;
            item.set_person(report.person());
            item.set_procedure("post report");
            item.set_next_move_agency("dos");
            item.set_next_move_unit(move.holder());
            item.set_next_move(move.what());
            *item.mutable_since() = move.since();
            list->push_back(
                {report.report_id(), item, std::make_shared<dos::v1::PostReport>(report)});
          }
        }
      });
}

// Certification cases whose next move is HHS's own.
absl::Status ReadCertifications(Officer& officer, const InboxOptions& options, List* list) {
  hhs::v1::ListCasesRequest request;
  request.set_next_move_agency("hhs");
  absl::Status read = ReadPages(
      request, [&](const auto& q) { return officer.Ask(&HhsService::Stub::ListCases, q); },
      [&](const auto& page) {
        for (const hhs::v1::CertificationCase& one : page.cases()) {
          const hhs::v1::NextMove& move = one.next_move();
          if (!options.unit.empty() && move.unit() != options.unit) continue;
          InboxItem item;
          item.set_person(one.person());
          item.set_procedure("certification");
          item.set_next_move_agency(move.agency());
          item.set_next_move_unit(move.unit());
          item.set_next_move(move.what());
          *item.mutable_since() = move.since();
          list->push_back({one.case_id(), item, std::make_shared<hhs::v1::CertificationCase>(one)});
        }
      });
  // The cases are the Office of Refugee Resettlement's alone.
  return ReasonOf(read) == "UNIT_NOT_OWN" ? absl::OkStatus() : read;
}

// Presences that one official of INS has proposed to end.
absl::Status ReadProposedEnds(Officer& officer, const InboxOptions& options, List* list) {
  const std::string& unit = officer.staff().unit();
  if (!options.unit.empty() && options.unit != unit) return absl::OkStatus();
  PresenceFilter filter;
  filter.states = {ins::v1::PRESENCE_STATE_END_PROPOSED};
  auto presences = ReadPresences(officer, filter);
  // Adjudication's alone.
  if (ReasonOf(presences.status()) == "UNIT_DENIED") return absl::OkStatus();
  if (!presences.ok()) return presences.status();
  for (const ins::v1::Presence& presence : *presences) {
    InboxItem item;
    item.set_person(presence.person());
    item.set_procedure("continued presence, end proposed");
    item.set_next_move_agency("ins");
    item.set_next_move_unit(unit);
    item.set_next_move("second official: " +
                       AsTyped("waystation presence show " + presence.presence_id()));
    if (presence.has_end_proposed_at()) *item.mutable_since() = presence.end_proposed_at();
    list->push_back({presence.presence_id(), item, std::make_shared<ins::v1::Presence>(presence)});
  }
  return absl::OkStatus();
}

// What the auditor found and the agency has to look at.
absl::Status ReadFindings(Officer& officer, const InboxOptions& options, List* list) {
  casework::v1::ListAuditFindingsRequest request;
  request.set_unit(options.unit);
  WS_ASSIGN_OR_RETURN(auto page, officer.Ask(&CaseworkService::Stub::ListAuditFindings, request));
  for (const casework::v1::AuditFinding& finding : page.findings()) {
    InboxItem item;
    item.set_procedure("audit finding");
    item.set_next_move_agency(officer.agency());
    item.set_next_move(absl::StrCat(finding.title(), ": ", AsTyped("waystation audit show "),
                                    finding.finding_id()));
    *item.mutable_since() = finding.opened_time();
    *item.mutable_due_time() = finding.act_by_time();
    list->push_back(
        {finding.finding_id(), item, std::make_shared<casework::v1::AuditFinding>(finding)});
  }
  return absl::OkStatus();
}

absl::StatusOr<List> ReadInbox(Officer& officer, const InboxOptions& options) {
  List list;
  WS_RETURN_IF_ERROR(ReadReferrals(officer, options, &list));
  WS_RETURN_IF_ERROR(ReadFindings(officer, options, &list));
  if (officer.agency() == "dol") WS_RETURN_IF_ERROR(ReadCalls(officer, options, &list));
  if (officer.agency() == "dos") WS_RETURN_IF_ERROR(ReadReports(officer, options, &list));
  if (officer.agency() == "hhs") WS_RETURN_IF_ERROR(ReadCertifications(officer, options, &list));
  if (officer.agency() == "ins") WS_RETURN_IF_ERROR(ReadProposedEnds(officer, options, &list));
  std::stable_sort(list.begin(), list.end(), [](const Waiting& a, const Waiting& b) {
    if (a.item.overdue() != b.item.overdue()) return a.item.overdue();
    return FromProto(a.item.since()) < FromProto(b.item.since());
  });
  return list;
}

// A move whose words do not name its verb says it.
std::string MoveText(const InboxItem& item) {
  if (item.state() != types::v1::REFERRAL_STATE_CANCEL_ASKED) return item.next_move();
  return item.next_move() + ": " + AsTyped("waystation cancellation");
}

Table InboxTable(const List& list, absl::Time now) {
  Table table{
      {"WHAT", "PROCEDURE", "PERSON", "STATE", "NEXT MOVE OF", "SINCE", "DUE", "WHAT TO DO"}, {}};
  for (const auto& [id, item, source] : list) {
    table.rows.push_back({id, item.procedure(), item.person(), Words(item.state()),
                          HolderOfMove(item),
                          item.has_since() ? AgeWords(now - FromProto(item.since())) : "",
                          DueCell(item), MoveText(item)});
  }
  return table;
}

absl::Status RunInbox(Session& session, const InboxOptions& options) {
  WS_ASSIGN_OR_RETURN(Officer officer, Officer::At(session, "", options.as));
  WS_ASSIGN_OR_RETURN(List list, ReadInbox(officer, options));
  if (session.out.json()) {
    for (const Waiting& one : list) session.out.Line(ToJson(*one.source));
    return absl::OkStatus();
  }
  session.out.List(std::vector<InboxItem>(), InboxTable(list, session.clock.Now()),
                   "nothing needs " + officer.agency() + " now");
  return absl::OkStatus();
}

}  // namespace

void AddInboxVerb(CLI::App& app, Chosen& chosen) {
  AddVerb<InboxOptions>(app, chosen, "inbox",
                        "What needs the officer's agency now: overdue first, then the longest wait",
                        DeclareInbox, RunInbox);
}

}  // namespace waystation::cli
