#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/handoffs/log.h"
#include "common/handoffs/metrics.h"
#include "common/status/status.h"
#include "tools/waystation/audit_source.h"
#include "tools/waystation/connect.h"
#include "tools/waystation/published_text.h"
#include "tools/waystation/reconcile.pb.h"
#include "tools/waystation/text.h"
#include "tools/waystation/verbs.h"
#include "waystation/audit/v1/audit_service.grpc.pb.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::cli {
namespace {

using audit::v1::AuditService;

struct MetricsOptions {
  std::string by = "pair";
  bool published = false;
};

void DeclareMetrics(CLI::App& verb, MetricsOptions& options) {
  auto* by = verb.add_option("--by", options.by,
                             "pair: who asks whom; procedure: what for, as the requesters told "
                             "the auditor")
                 ->check(CLI::IsMember({"pair", "procedure"}))
                 ->capture_default_str();
  verb.add_flag("--published", options.published,
                "Snapshots of the weeks that are over, groups under 11 suppressed")
      ->excludes(by);
}

absl::StatusOr<handoffs::HandoffLog> ReadLog(AuditSource& source) {
  handoffs::HandoffLog log;
  WS_RETURN_IF_ERROR(source.ReadRecords([&](const std::string& bytes) -> absl::Status {
    journal::v1::Record record;
    if (!record.ParseFromString(bytes)) return absl::DataLossError("record: does not parse");
    return log.Take(record);
  }));
  return log;
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  const int64_t micros = absl::ToInt64Microseconds(duration);
  proto.set_seconds(micros / 1'000'000);
  proto.set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1000);
  return proto;
}

v1::TimeSpread ToProto(const handoffs::Spread& spread) {
  v1::TimeSpread proto;
  proto.set_count(spread.count);
  if (spread.count == 0) return proto;
  *proto.mutable_median() = ToProto(spread.median);
  *proto.mutable_p90() = ToProto(spread.p90);
  *proto.mutable_max() = ToProto(spread.max);
  return proto;
}

v1::HandoffMetrics ToProto(const handoffs::HandoffMetrics& metrics) {
  v1::HandoffMetrics proto;
  proto.set_requested(metrics.requested);
  *proto.mutable_to_receipt() = ToProto(metrics.to_receipt);
  *proto.mutable_to_acceptance() = ToProto(metrics.to_acceptance);
  *proto.mutable_to_completion() = ToProto(metrics.to_completion);
  proto.set_open(metrics.open);
  if (metrics.oldest_open) *proto.mutable_oldest_open() = cli::ToProto(*metrics.oldest_open);
  proto.set_oldest_open_referral_id(metrics.oldest_open_referral);
  proto.set_due(metrics.due);
  proto.set_on_time(metrics.on_time);
  return proto;
}

std::string ShortTime(absl::Duration duration) {
  if (duration >= absl::Seconds(10)) return FormatAge(duration);
  return absl::StrCat(absl::ToInt64Milliseconds(duration), "ms");
}

// "12: 3s 5s 1m", or nothing where none got so far.
std::string SpreadText(const handoffs::Spread& spread) {
  if (spread.count == 0) return "";
  return absl::StrCat(spread.count, ": ", ShortTime(spread.median), " ", ShortTime(spread.p90), " ",
                      ShortTime(spread.max));
}

// The columns that every kind has, behind those that say which it is.
std::vector<Cell> MetricsRow(std::vector<Cell> row, const handoffs::HandoffMetrics& metrics,
                             absl::Time now) {
  const std::string rate =
      metrics.due == 0 ? "" : absl::StrCat(metrics.on_time, " of ", metrics.due);
  const std::string oldest =
      metrics.oldest_open ? FormatAge(now - *metrics.oldest_open) : std::string();
  for (const std::string& cell :
       {absl::StrCat(metrics.requested), SpreadText(metrics.to_receipt),
        SpreadText(metrics.to_acceptance), SpreadText(metrics.to_completion),
        absl::StrCat(metrics.open), oldest, rate}) {
    row.push_back(cell);
  }
  return row;
}

std::vector<std::string> MetricsHead(std::vector<std::string> head) {
  for (const char* name :
       {"REQUESTED", "RECEIPT", "TAKEN UP", "COMPLETED", "OPEN", "OLDEST", "ON TIME"}) {
    head.emplace_back(name);
  }
  return head;
}

void PrintPairs(Session& session, const handoffs::HandoffLog& log) {
  const absl::Time now = session.clock.Now();
  std::vector<v1::HandoffMetrics> protos;
  Table table{MetricsHead({"FROM", "TO"}), {}};
  for (const auto& each : handoffs::MetricsByPair(handoffs::ReferralsOf(log), now)) {
    protos.push_back(ToProto(each));
    protos.back().set_requester(each.requester);
    protos.back().set_target(each.target);
    table.rows.push_back(
        MetricsRow({ShortIdentity(each.requester), ShortIdentity(each.target)}, each, now));
  }
  session.out.Say("by the log alone; times are count: median, nine of ten, longest");
  session.out.List(protos, table, "no referral is on the log");
}

void PrintProcedures(Session& session, const handoffs::HandoffLog& log,
                     const handoffs::ProcedureOfReferral& procedures) {
  const absl::Time now = session.clock.Now();
  std::vector<v1::HandoffMetrics> protos;
  Table table{MetricsHead({"PROCEDURE"}), {}};
  for (const auto& each :
       handoffs::MetricsByProcedure(handoffs::ReferralsOf(log), procedures, now)) {
    const std::string name = each.procedure.empty() ? "not told" : each.procedure;
    protos.push_back(ToProto(each));
    protos.back().set_procedure(name);
    table.rows.push_back(MetricsRow({name}, each, now));
  }
  session.out.Say(
      "times by the log, procedures by their requesters; times are count: median, nine of ten, "
      "longest");
  session.out.List(protos, table, "no referral is on the log");
}

// What the requesters told the auditor.
absl::StatusOr<handoffs::ProcedureOfReferral> ReadProcedures(const Session& session,
                                                             const Profile& profile) {
  WS_ASSIGN_OR_RETURN(Remote remote, ConnectToAudit(session, profile, nullptr));
  AuditService::Stub stub(remote.channel);
  handoffs::ProcedureOfReferral procedures;
  audit::v1::ListProceduresRequest request;
  do {
    WS_ASSIGN_OR_RETURN(auto page,
                        Call(remote, stub, &AuditService::Stub::ListProcedures, request));
    for (const audit::v1::ReferralProcedure& one : page.procedures()) {
      procedures.emplace(one.referral_id(), one.procedure());
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return procedures;
}

void PrintPublished(Session& session, const handoffs::HandoffLog& log) {
  const std::vector<v1::PublishedCell> cells = PublishedCells(log);
  session.out.Say(
      "referrals by week and pair; groups under 11, and what would give them away, are suppressed");
  session.out.List(cells, PublishedTable(cells), "no week is over on this log yet");
}

absl::Status RunMetrics(Session& session, const MetricsOptions& options) {
  WS_ASSIGN_OR_RETURN(Profile profile, session.LoadProfile());
  WS_ASSIGN_OR_RETURN(AuditSource source, AuditSource::Open(session, profile));
  WS_ASSIGN_OR_RETURN(handoffs::HandoffLog log, ReadLog(source));
  if (options.published) {
    PrintPublished(session, log);
  } else if (options.by == "procedure") {
    WS_ASSIGN_OR_RETURN(auto procedures, ReadProcedures(session, profile));
    PrintProcedures(session, log, procedures);
  } else {
    PrintPairs(session, log);
  }
  return absl::OkStatus();
}

}  // namespace

void AddAuditMetricsVerb(CLI::App& audit, Chosen& chosen) {
  AddVerb<MetricsOptions>(audit, chosen, "metrics",
                          "How long handoffs take, by pair of agencies or by procedure",
                          DeclareMetrics, RunMetrics);
}

}  // namespace waystation::cli
