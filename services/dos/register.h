#ifndef WAYSTATION_SERVICES_DOS_REGISTER_H_
#define WAYSTATION_SERVICES_DOS_REGISTER_H_

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/store.h"
#include "waystation/dos/v1/dos_service.pb.h"

namespace waystation::dos {

// What DOS keeps of its own: the reports of posts abroad, and which unit sees
// which. No report is read but for a unit, so none is shown to one that does not
// see it. In clear are ids, handles and units; all else is sealed by the store.
//
//   Register reg(tx.db());
//   WS_ASSIGN_OR_RETURN(v1::PostReport report, reg.Get(report_id, officer.unit()));
//
// Does not own the transaction.
// Single-threaded: the function that owns the transaction.
class Register {
 public:
  using Rows = std::vector<std::pair<int64_t, v1::PostReport>>;

  explicit Register(agency::Transaction& db) : db_(db) {}

  static agency::Schema schema();

  // Inserts or replaces. Its unit sees it, and each unit that it is routed to.
  absl::Status Save(const v1::PostReport& report);
  // Errors: NOT_FOUND (REPORT_UNKNOWN) none that `unit` sees.
  absl::StatusOr<v1::PostReport> Get(std::string_view report_id, std::string_view unit);
  // Whether `unit` sees a report of this person.
  absl::StatusOr<bool> HasReportOf(std::string_view person, std::string_view unit);
  // Those that `unit` sees, newest first, older than `before` (0: from the
  // newest), with their position.
  absl::StatusOr<Rows> Reports(std::string_view unit, int64_t before, int limit);

 private:
  agency::Transaction& db_;
};

}  // namespace waystation::dos

#endif  // WAYSTATION_SERVICES_DOS_REGISTER_H_
