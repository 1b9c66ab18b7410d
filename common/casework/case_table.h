#ifndef WAYSTATION_COMMON_CASEWORK_CASE_TABLE_H_
#define WAYSTATION_COMMON_CASEWORK_CASE_TABLE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/store.h"
#include "common/casework/record.pb.h"

namespace waystation::casework {

// The tables of casework: referrals with their content, who read them past need,
// and consents. In clear
// are handles and ids that rows are found by; all else is sealed by the store.
//
//   CaseTable table(tx.db());
//   WS_ASSIGN_OR_RETURN(record::StoredReferral stored, table.Get(referral_id));
//
// Does not own the transaction.
// Single-threaded: the function that owns the transaction.
class CaseTable {
 public:
  using Rows = std::vector<std::pair<int64_t, record::StoredReferral>>;

  explicit CaseTable(agency::Transaction& db) : db_(db) {}

  static agency::Schema schema();

  // Inserts or replaces, by referral_id.
  absl::Status Save(const record::StoredReferral& stored);
  // Nothing when it is not one of casework's.
  absl::StatusOr<std::optional<record::StoredReferral>> Find(std::string_view referral_id);
  // Errors: NOT_FOUND (REFERRAL_UNKNOWN).
  absl::StatusOr<record::StoredReferral> Get(std::string_view referral_id);
  // Newest first, older than `before` (0: from the newest), with their position. `person` empty:
  // all.
  absl::StatusOr<Rows> Referrals(std::string_view person, int64_t before, int limit);
  // Referrals of ours that forward `referral_id`, oldest first.
  absl::StatusOr<Rows> Forwarding(std::string_view referral_id);
  // Referrals that rest on a consent, oldest first.
  absl::StatusOr<Rows> Under(std::string_view consent_id);

  // By its notice_referral_id; once.
  absl::Status AddGlass(std::string_view referral_id, const v1::BrokenGlass& glass);
  // Newest first, at most 200.
  absl::StatusOr<std::vector<v1::BrokenGlass>> Glasses(std::string_view referral_id);

  absl::Status SaveConsent(const record::StoredConsent& stored);
  // Errors: NOT_FOUND (CONSENT_UNKNOWN).
  absl::StatusOr<record::StoredConsent> GetConsent(std::string_view consent_id);
  // Newest first, at most 200.
  absl::StatusOr<std::vector<record::StoredConsent>> Consents(std::string_view person);

 private:
  agency::Transaction& db_;
};

}  // namespace waystation::casework

#endif  // WAYSTATION_COMMON_CASEWORK_CASE_TABLE_H_
