#ifndef WAYSTATION_COMMON_PETITIONER_CASEBOOK_H_
#define WAYSTATION_COMMON_PETITIONER_CASEBOOK_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/store.h"
#include "common/petitioner/petitioner.h"

namespace waystation::petitioner {

// NOT_FOUND with `reason`: alike whether there is none, or none that the caller sees.
absl::Status NotHere(std::string_view reason, std::string_view thing);

// What a petitioner keeps of its own: intakes, findings, duty records, petitions. In
// clear are handles, units and the ids that rows are found by; all else is
// sealed by the store.
//
//   Casebook book(tx.db());
//   WS_ASSIGN_OR_RETURN(v1::Intake intake, book.GetIntake(person));
//
// Lists give rows with their position, newest first, older than `before` (0: from
// the newest), at most `limit`. Does not own the transaction.
// Single-threaded: the function that owns the transaction.
class Casebook {
 public:
  template <typename Record>
  using Rows = std::vector<std::pair<int64_t, Record>>;

  explicit Casebook(agency::Transaction& db) : db_(db) {}

  static agency::Schema schema();

  absl::Status AddIntake(const v1::Intake& intake);
  // Without findings and duties. Errors: NOT_FOUND (PERSON_UNKNOWN).
  absl::StatusOr<v1::Intake> GetIntake(std::string_view person);
  // `unit` empty: all.
  absl::StatusOr<Rows<v1::Intake>> Intakes(std::string_view unit, int64_t before, int limit);

  absl::Status AddFinding(std::string_view person, const v1::Finding& finding);
  absl::StatusOr<std::vector<v1::Finding>> Findings(std::string_view person);  // Oldest first.

  absl::Status AddDuty(std::string_view person, const v1::DutyRecord& duty);
  absl::StatusOr<std::vector<v1::DutyRecord>> Duties(std::string_view person);  // Oldest first.

  // State, version and due time are the runtime's: see `Petition` fields of the
  // referral in petitions.h.
  absl::Status AddPetition(const v1::Petition& petition);
  absl::Status UpdatePetition(const v1::Petition& petition);
  // Errors: NOT_FOUND (REFERRAL_UNKNOWN).
  absl::StatusOr<v1::Petition> GetPetition(std::string_view referral_id);
  // The petition that INS granted as `presence_id`.
  // Errors: NOT_FOUND (PRESENCE_UNKNOWN).
  absl::StatusOr<v1::Petition> PetitionOfPresence(std::string_view presence_id);
  // `person` empty: all.
  absl::StatusOr<Rows<v1::Petition>> Petitions(std::string_view person, int64_t before, int limit);

 private:
  agency::Transaction& db_;
};

}  // namespace waystation::petitioner

#endif  // WAYSTATION_COMMON_PETITIONER_CASEBOOK_H_
