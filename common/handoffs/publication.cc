#include "common/handoffs/publication.h"

#include <array>
#include <map>
#include <set>
#include <utility>

#include "common/handoffs/metrics.h"
#include "common/handoffs/referral_times.h"
#include "common/handoffs/suppression.h"

namespace waystation::handoffs {
namespace {

constexpr size_t kDaysPerWeek = 7;

// A week as [begin, end).
struct Span {
  absl::Time begin;
  absl::Time end;

  bool Has(const std::optional<absl::Time>& at) const {
    return at.has_value() && *at >= begin && *at < end;
  }
};

Span SpanOf(absl::CivilDay week) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  return {absl::FromCivil(week, utc), absl::FromCivil(week + kDaysPerWeek, utc)};
}

// Who asks whom, "" for all, and which part, of a table.
struct Key {
  std::string requester;
  std::string target;
  int part = 0;

  auto operator<=>(const Key&) const = default;
};

// A cross table of pairs with margins, once or in parts that add up to part 0.
//
// Single-threaded: `WeekSnapshot`.
class PairTable {
 public:
  PairTable(const std::set<std::pair<std::string, std::string>>& pairs, int parts) : parts_(parts) {
    for (const auto& [requester, target] : pairs) {
      for (int part = 0; part <= parts; ++part) {
        for (const Key& key : Around(requester, target, part)) At(key);
      }
    }
    AddSums(pairs);
  }

  // Counts one referral in its pair and every margin.
  void Count(const ReferralTimes& referral, uint32_t person, int part) {
    for (int each : parts_ == 0 ? std::vector<int>{0} : std::vector<int>{0, part}) {
      for (const Key& key : Around(referral.requester, referral.target, each)) {
        CountTable::Cell& cell = table_.cells[At(key)];
        ++cell.count;
        cell.people.insert(person);
      }
    }
  }

  // Cells with what may be shown of them.
  std::map<Key, std::optional<uint64_t>> Shown() const {
    const std::vector<bool> out = SuppressedCells(table_);
    std::map<Key, std::optional<uint64_t>> shown;
    for (const auto& [key, place] : places_) {
      shown[key] = out[place] ? std::nullopt : std::optional(table_.cells[place].count);
    }
    return shown;
  }

 private:
  static std::array<Key, 4> Around(const std::string& requester, const std::string& target,
                                   int part) {
    return {Key{requester, target, part}, Key{requester, "", part}, Key{"", target, part},
            Key{"", "", part}};
  }

  size_t At(const Key& key) {
    auto [place, fresh] = places_.emplace(key, table_.cells.size());
    if (fresh) table_.cells.emplace_back();
    return place->second;
  }

  void AddSums(const std::set<std::pair<std::string, std::string>>& pairs) {
    std::map<Key, std::set<Key>> sums;
    for (const auto& [requester, target] : pairs) {
      for (int part = 0; part <= parts_; ++part) {
        sums[{requester, "", part}].insert({requester, target, part});
        sums[{"", target, part}].insert({requester, target, part});
      }
    }
    for (const auto& [total, parts] : sums) AddSum(total, parts);
    for (int part = 0; part <= parts_; ++part) AddGrandTotals(pairs, part);
    if (parts_ == 0) return;
    for (const auto& [key, place] : std::map<Key, size_t>(places_)) {
      if (key.part != 0) continue;
      std::set<Key> parts;
      for (int part = 1; part <= parts_; ++part) parts.insert({key.requester, key.target, part});
      AddSum(key, parts);
    }
  }

  void AddGrandTotals(const std::set<std::pair<std::string, std::string>>& pairs, int part) {
    std::set<Key> rows;
    std::set<Key> columns;
    for (const auto& [requester, target] : pairs) {
      rows.insert({requester, "", part});
      columns.insert({"", target, part});
    }
    if (rows.empty()) return;
    AddSum({"", "", part}, rows);
    AddSum({"", "", part}, columns);
  }

  void AddSum(const Key& total, const std::set<Key>& parts) {
    CountTable::Sum& sum = table_.sums.emplace_back();
    sum.total = At(total);
    for (const Key& part : parts) sum.parts.push_back(At(part));
  }

  const int parts_;
  CountTable table_;
  std::map<Key, size_t> places_;
};

// Everything about one week.
//
// Single-threaded: `WeekSnapshot`.
class Snapshot {
 public:
  // By what stood in the log at the week's end, so that no later record, such as
  // a new due time, changes what was published.
  Snapshot(const HandoffLog& log, absl::CivilDay week)
      : week_(week), span_(SpanOf(week)), referrals_(ReferralsOf(log, span_.end)) {
    for (const ReferralTimes& referral : referrals_) {
      person_.emplace(referral.root, static_cast<uint32_t>(person_.size()));
      pairs_.emplace(referral.requester, referral.target);
    }
  }

  std::vector<PublishedCell> Take() {
    AddEvents(Measure::kRequested,
              [](const ReferralTimes& r) { return std::optional<absl::Time>(r.requested); });
    AddEvents(Measure::kReceived, [](const ReferralTimes& r) { return r.received; });
    AddEvents(Measure::kTakenUp, [](const ReferralTimes& r) { return r.taken_up; });
    AddEvents(Measure::kCompleted, [](const ReferralTimes& r) { return r.completed; });
    AddDue();
    return std::move(cells_);
  }

 private:
  template <typename When>
  void AddEvents(Measure measure, When when) {
    PairTable table(pairs_, 0);
    std::map<std::pair<std::string, std::string>, std::vector<absl::Duration>> took;
    for (const ReferralTimes& referral : referrals_) {
      const std::optional<absl::Time> at = when(referral);
      if (!span_.Has(at)) continue;
      table.Count(referral, person_.at(referral.root), 0);
      took[{referral.requester, referral.target}].push_back(*at - referral.requested);
    }
    for (const auto& [key, count] : table.Shown()) {
      PublishedCell& cell = cells_.emplace_back(
          PublishedCell{week_, measure, key.requester, key.target, count, std::nullopt});
      auto pair = took.find({key.requester, key.target});
      if (measure == Measure::kRequested || !count || pair == took.end()) continue;
      cell.median_h = absl::ToInt64Hours(SpreadOf(pair->second).median);
    }
  }

  // What fell due in the week, and of it what was completed by then.
  void AddDue() {
    constexpr int kOnTime = 1;
    constexpr int kLate = 2;
    PairTable table(pairs_, kLate);
    for (const ReferralTimes& referral : referrals_) {
      if (!span_.Has(referral.due)) continue;
      const bool ended_before = referral.ended && *referral.ended <= *referral.due;
      const bool on_time = referral.completed && *referral.completed <= *referral.due;
      if (ended_before && !on_time) continue;
      table.Count(referral, person_.at(referral.root), on_time ? kOnTime : kLate);
    }
    for (const auto& [key, count] : table.Shown()) {
      // What was late is not printed: it is the rest, and hidden where it must be.
      if (key.part == kLate) continue;
      cells_.push_back({week_, key.part == kOnTime ? Measure::kDueOnTime : Measure::kDue,
                        key.requester, key.target, count, std::nullopt});
    }
  }

  const absl::CivilDay week_;
  const Span span_;
  const std::vector<ReferralTimes> referrals_;
  std::map<std::string, uint32_t> person_;
  std::set<std::pair<std::string, std::string>> pairs_;
  std::vector<PublishedCell> cells_;
};

}  // namespace

std::vector<PublishedCell> WeekSnapshot(const HandoffLog& log, absl::CivilDay week) {
  return Snapshot(log, week).Take();
}

std::vector<absl::CivilDay> CompleteWeeks(const HandoffLog& log) {
  std::vector<absl::CivilDay> weeks;
  const std::vector<ReferralTimes> referrals = ReferralsOf(log);
  if (referrals.empty()) return weeks;
  const absl::CivilDay first = absl::ToCivilDay(referrals.front().requested, absl::UTCTimeZone());
  // The Monday of that day or the last before it.
  absl::CivilDay week = absl::PrevWeekday(first + 1, absl::Weekday::monday);
  for (; SpanOf(week).end <= log.last_time(); week += kDaysPerWeek) weeks.push_back(week);
  return weeks;
}

}  // namespace waystation::handoffs
