#ifndef WAYSTATION_SERVICES_DOL_CALL_TABLE_H_
#define WAYSTATION_SERVICES_DOL_CALL_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/store.h"
#include "services/dol/record.pb.h"

namespace waystation::dol {

// The calls of the complaint line. In clear are ids and handles that rows are
// found by; all else is sealed by the store.
//
//   CallTable table(tx.db());
//   WS_ASSIGN_OR_RETURN(record::StoredCall stored, table.Get(call_id));
//
// Does not own the transaction.
// Single-threaded: the function that owns the transaction.
class CallTable {
 public:
  using Rows = std::vector<std::pair<int64_t, record::StoredCall>>;

  explicit CallTable(agency::Transaction& db) : db_(db) {}

  static agency::Schema schema();

  // Inserts or replaces, by call_id.
  absl::Status Save(const record::StoredCall& stored);
  // Errors: NOT_FOUND (CALL_UNKNOWN).
  absl::StatusOr<record::StoredCall> Get(std::string_view call_id);
  // Newest first, older than `before` (0: from the newest), with their position.
  absl::StatusOr<Rows> Calls(int64_t before, int limit);
  // The calls of one person, oldest first: those that are linked.
  absl::StatusOr<Rows> OfPerson(std::string_view person);

  absl::Status AddReferral(std::string_view referral_id, std::string_view call_id);
  // Empty when no call was passed on by it.
  absl::StatusOr<std::string> CallOf(std::string_view referral_id);

 private:
  agency::Transaction& db_;
};

}  // namespace waystation::dol

#endif  // WAYSTATION_SERVICES_DOL_CALL_TABLE_H_
