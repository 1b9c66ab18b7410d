#ifndef WAYSTATION_SERVICES_AUDIT_RULES_ROWS_H_
#define WAYSTATION_SERVICES_AUDIT_RULES_ROWS_H_

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/status/status.h"

// What a fold keeps between records: rows that know which of them changed, and
// the times at which one has to be looked at again.

namespace waystation::audit {

// Which fold a stored row belongs to. Stored; never renumbered.
enum class RowKind {
  kReferral = 1,
  kDelivery,
  kRefusal,
  kCertificate,
  kCosigner,
  kBroker,
  kDuties,
  kCertification,
  kCap,
};

// Whether rows of the kind hold what no header says, and are sealed on the disk.
inline bool IsSealed(RowKind kind) { return kind >= RowKind::kDuties; }

// A row as it is stored; without bytes it is deleted.
struct RowChange {
  RowKind kind;
  std::string key;
  std::optional<std::string> bytes;
};

// Rows of one kind by key.
//
//   ReferralRow& row = rows.Change(id);
//   row.set_due_us(due);
//   rows.TakeChanges(&changes);
//
// Thread-compatible.
template <typename Row, RowKind kKind>
class Rows {
 public:
  // The row, made when there is none; it counts as changed.
  Row& Change(std::string_view key) {
    auto it = rows_.find(key);
    if (it == rows_.end()) it = rows_.emplace(std::string(key), Row()).first;
    changed_.insert(it->first);
    return it->second;
  }
  // Null when there is none.
  const Row* Find(std::string_view key) const {
    auto it = rows_.find(key);
    return it == rows_.end() ? nullptr : &it->second;
  }
  void Erase(std::string_view key) {
    auto it = rows_.find(key);
    if (it == rows_.end()) return;
    changed_.insert(it->first);
    rows_.erase(it);
  }
  const std::map<std::string, Row, std::less<>>& all() const { return rows_; }

  // Appends what changed since the last call, as it is now.
  void TakeChanges(std::vector<RowChange>* out) {
    for (const std::string& key : changed_) {
      const Row* row = Find(key);
      out->push_back(
          {kKind, key, row == nullptr ? std::nullopt : std::optional(row->SerializeAsString())});
    }
    changed_.clear();
  }
  // Puts back a stored row. Errors: DATA_LOSS it does not parse.
  absl::Status Restore(const std::string& key, const std::string& bytes) {
    if (rows_[key].ParseFromString(bytes)) return absl::OkStatus();
    return absl::DataLossError(
        absl::StrCat("audit store: a row of kind ", static_cast<int>(kKind), " does not parse"));
  }

 private:
  std::map<std::string, Row, std::less<>> rows_;
  std::set<std::string> changed_;
};

// When each of many things has to be looked at, one time for each.
//
// Thread-compatible.
class Timers {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  // Replaces the thing's time; kNever takes it out.
  void Set(const std::string& key, int64_t at_us) {
    auto it = at_.find(key);
    if (it != at_.end()) {
      due_.erase({it->second, key});
      at_.erase(it);
    }
    if (at_us == kNever) return;
    at_.emplace(key, at_us);
    due_.emplace(at_us, key);
  }
  // Takes out and returns what was due before `now_us`, earliest first.
  std::vector<std::string> TakeDue(int64_t now_us) {
    std::vector<std::string> keys;
    while (!due_.empty() && due_.begin()->first < now_us) {
      keys.push_back(due_.begin()->second);
      at_.erase(keys.back());
      due_.erase(due_.begin());
    }
    return keys;
  }

 private:
  std::map<std::string, int64_t> at_;
  std::set<std::pair<int64_t, std::string>> due_;
};

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_RULES_ROWS_H_
