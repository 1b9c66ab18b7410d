#ifndef WAYSTATION_TOOLS_WAYSTATION_RECONCILIATION_H_
#define WAYSTATION_TOOLS_WAYSTATION_RECONCILIATION_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/handoffs/compare.h"
#include "common/handoffs/log.h"
#include "tools/waystation/audit_source.h"
#include "tools/waystation/reconcile.pb.h"

namespace waystation::cli {

// The log and every agency's index of a bus that runs, compared.
//
// A message in flight is no difference. So each pass reads the log, then the
// indexes, then what the log took meanwhile: what an index says must be in the
// log by then, and no index is asked for what the log took after its first
// reading. What remains is an answer on its way (a custody receipt, a delivery
// receipt): passes are made until there is no difference, or for `patience`, and
// what is told was there in every one.
//
// Single-threaded: the command.
class Reconciliation {
 public:
  explicit Reconciliation(AuditSource& source);

  // `wait` lets a moment pass; its error ends the run. Errors: of AuditSource,
  // of HandoffLog::Take, of `wait`.
  absl::Status Run(absl::Duration patience, const Clock& clock,
                   const std::function<absl::Status(absl::Duration)>& wait);

  // Each that was there in every pass.
  const std::vector<handoffs::Difference>& differences() const { return differences_; }
  v1::ReconcileSummary summary() const;

  // What was compared last: the record's bytes, and the indexes.
  const std::vector<std::string>& records() const { return records_; }
  const std::vector<handoffs::AgencyIndex>& indexes() const { return indexes_; }
  const handoffs::HandoffLog& log() const { return log_; }
  // Keeps `records`; else they are forgotten once folded.
  void KeepRecords() { keep_ = true; }

 private:
  absl::Status ReadLog();
  absl::StatusOr<std::vector<handoffs::Difference>> Pass();

  AuditSource& source_;
  handoffs::HandoffLog log_;
  bool keep_ = false;
  uint64_t record_count_ = 0;
  std::vector<std::string> records_;
  std::vector<handoffs::AgencyIndex> indexes_;
  std::vector<handoffs::Difference> differences_;
};

// For -o json.
v1::HandoffDifference ToProto(const handoffs::Difference& difference);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_RECONCILIATION_H_
