#include "services/dos/register.h"

#include <limits>
#include <string>

#include "common/status/status.h"

namespace waystation::dos {
namespace {

using agency::Blob;
using agency::Row;
using agency::Value;

constexpr std::string_view kFirst = R"sql(
CREATE TABLE post_report(
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  report_id TEXT NOT NULL UNIQUE,
  person TEXT NOT NULL,
  content BLOB NOT NULL);
CREATE INDEX post_report_person ON post_report(person);

CREATE TABLE post_report_sight(
  unit TEXT NOT NULL,
  position INTEGER NOT NULL REFERENCES post_report(position),
  PRIMARY KEY(unit, position)) WITHOUT ROWID;
)sql";

constexpr std::string_view kColumn = "post_report.content";
constexpr int64_t kNewest = std::numeric_limits<int64_t>::max();

absl::StatusOr<Register::Rows> Select(agency::Transaction& db, std::string_view where,
                                      const std::vector<Value>& values) {
  Register::Rows rows;
  WS_RETURN_IF_ERROR(db.Query(
      absl::StrCat("SELECT r.position, r.report_id, r.content FROM post_report_sight s "
                   "JOIN post_report r ON r.position = s.position WHERE s.unit = ? AND ",
                   Absl(where)),
      values, [&](const Row& row) -> absl::Status {
        WS_ASSIGN_OR_RETURN(std::string bytes, db.Open(kColumn, row.Bytes(1), row.Bytes(2)));
        auto& [position, report] = rows.emplace_back();
        position = row.Int(0);
        if (report.ParseFromString(bytes)) return absl::OkStatus();
        return absl::DataLossError(
            Problem("store", absl::StrCat(Absl(kColumn), " cannot be read")));
      }));
  return rows;
}

}  // namespace

agency::Schema Register::schema() { return {"dos", {kFirst}}; }

absl::Status Register::Save(const v1::PostReport& report) {
  const std::string& id = report.report_id();
  WS_ASSIGN_OR_RETURN(std::string sealed, db_.Seal(kColumn, id, report.SerializeAsString()));
  WS_RETURN_IF_ERROR(db_.Exec("INSERT INTO post_report(report_id, person, content) VALUES(?, ?, ?) "
                              "ON CONFLICT(report_id) DO UPDATE SET content = excluded.content",
                              {id, report.person(), Blob{sealed}})
                         .status());
  std::vector<std::string> units = {report.unit()};
  for (const v1::PostReportRouting& routing : report.routings()) units.push_back(routing.unit());
  for (const std::string& unit : units) {
    WS_RETURN_IF_ERROR(db_.Exec("INSERT OR IGNORE INTO post_report_sight(unit, position) "
                                "SELECT ?, position FROM post_report WHERE report_id = ?",
                                {unit, id})
                           .status());
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::PostReport> Register::Get(std::string_view report_id, std::string_view unit) {
  WS_ASSIGN_OR_RETURN(Rows rows, Select(db_, "r.report_id = ?", {unit, report_id}));
  if (!rows.empty()) return std::move(rows.front().second);
  return Refusal(absl::StatusCode::kNotFound, "REPORT_UNKNOWN",
                 Problem("report_id", "none that the unit sees", Quoted(report_id),
                         "a report that the unit recorded, or that is routed to it"));
}

absl::StatusOr<bool> Register::HasReportOf(std::string_view person, std::string_view unit) {
  WS_ASSIGN_OR_RETURN(Rows rows, Select(db_, "r.person = ? LIMIT 1", {unit, person}));
  return !rows.empty();
}

absl::StatusOr<Register::Rows> Register::Reports(std::string_view unit, int64_t before, int limit) {
  return Select(db_, "s.position < ? ORDER BY s.position DESC LIMIT ?",
                {unit, before > 0 ? before : kNewest, int64_t{limit}});
}

}  // namespace waystation::dos
