#ifndef WAYSTATION_SERVICES_HHS_REGISTER_H_
#define WAYSTATION_SERVICES_HHS_REGISTER_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/store.h"
#include "services/hhs/record.pb.h"
#include "waystation/hhs/v1/hhs_service.pb.h"

namespace waystation::hhs {

// What HHS keeps of its own: certification cases, letters, and who asked about a
// letter. In clear are handles, case ids and letter numbers, which rows are found
// by; all else is sealed by the store.
//
//   Register reg(tx.db());
//   WS_ASSIGN_OR_RETURN(v1::CertificationCase one, reg.GetCase(case_id));
//
// Does not own the transaction.
// Single-threaded: the function that owns the transaction.
class Register {
 public:
  using Cases = std::vector<std::pair<int64_t, v1::CertificationCase>>;

  explicit Register(agency::Transaction& db) : db_(db) {}

  static agency::Schema schema();

  // Inserts or replaces, by case_id.
  absl::Status SaveCase(const v1::CertificationCase& one);
  // Errors: NOT_FOUND (CASE_UNKNOWN).
  absl::StatusOr<v1::CertificationCase> GetCase(std::string_view case_id);
  // Nothing when the person has none.
  absl::StatusOr<std::optional<v1::CertificationCase>> FindPerson(std::string_view person);
  // Newest first, older than `before` (0: from the newest), with their position.
  absl::StatusOr<Cases> ListCases(int64_t before, int limit);

  // Inserts or replaces, by number.
  absl::Status SaveLetter(const record::StoredLetter& stored);
  // Errors: NOT_FOUND (LETTER_UNKNOWN).
  absl::StatusOr<record::StoredLetter> GetLetter(std::string_view number);
  // Oldest first.
  absl::StatusOr<std::vector<record::StoredLetter>> LettersOf(std::string_view case_id);

  absl::Status AddVerification(std::string_view number, const v1::Verification& verification);
  // Newest first, at most 200.
  absl::StatusOr<std::vector<v1::Verification>> Verifications(std::string_view number);

 private:
  agency::Transaction& db_;
};

}  // namespace waystation::hhs

#endif  // WAYSTATION_SERVICES_HHS_REGISTER_H_
