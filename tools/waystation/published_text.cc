#include "tools/waystation/published_text.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/handoffs/publication.h"
#include "tools/waystation/text.h"

namespace waystation::cli {
namespace {

std::string MeasureName(handoffs::Measure measure) {
  constexpr const char* kNames[] = {"requested", "received", "taken up",
                                    "completed", "due",      "due on time"};
  return kNames[static_cast<size_t>(measure)];
}

v1::PublishedCell ToProto(const handoffs::PublishedCell& cell) {
  v1::PublishedCell proto;
  proto.set_week(absl::FormatCivilTime(cell.week));
  proto.set_measure(MeasureName(cell.measure));
  proto.set_requester(cell.requester.empty() ? "all" : cell.requester);
  proto.set_target(cell.target.empty() ? "all" : cell.target);
  proto.set_suppressed(!cell.count.has_value());
  if (!cell.count) return proto;
  proto.set_count(*cell.count);
  if (cell.median_h) proto.set_median_h(*cell.median_h);
  return proto;
}

}  // namespace

std::vector<v1::PublishedCell> PublishedCells(const handoffs::HandoffLog& log) {
  std::vector<v1::PublishedCell> cells;
  for (absl::CivilDay week : handoffs::CompleteWeeks(log)) {
    for (const handoffs::PublishedCell& cell : handoffs::WeekSnapshot(log, week)) {
      cells.push_back(ToProto(cell));
    }
  }
  return cells;
}

Table PublishedTable(const std::vector<v1::PublishedCell>& cells) {
  Table table{{"WEEK OF", "WHAT", "FROM", "TO", "COUNT", "MEDIAN"}, {}};
  for (const v1::PublishedCell& cell : cells) {
    table.rows.push_back({cell.week(), cell.measure(), ShortIdentity(cell.requester()),
                          ShortIdentity(cell.target()),
                          cell.has_count() ? absl::StrCat(cell.count()) : "suppressed",
                          cell.has_median_h() ? absl::StrCat(cell.median_h(), "h") : ""});
  }
  return table;
}

}  // namespace waystation::cli
