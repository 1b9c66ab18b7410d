#ifndef WAYSTATION_SERVICES_INS_REGISTER_H_
#define WAYSTATION_SERVICES_INS_REGISTER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/agency/store.h"
#include "services/ins/record.pb.h"

namespace waystation::ins {

// Days in the store were judged before they were kept.
inline absl::CivilDay StoredDay(const types::v1::Date& date) {
  return absl::CivilDay(date.year(), date.month(), date.day());
}

// What INS keeps of its own: petitions that came, presences that it granted,
// notices that it sent, and what HHS knows. In clear are handles and the ids and days that rows are
// found by; all else is sealed by the store.
//
//   Register reg(tx.db());
//   WS_ASSIGN_OR_RETURN(record::StoredPetition stored, reg.GetPetition(referral_id));
//
// Does not own the transaction.
// Single-threaded: the function that owns the transaction.
class Register {
 public:
  template <typename Record>
  using Rows = std::vector<std::pair<int64_t, Record>>;

  explicit Register(agency::Transaction& db) : db_(db) {}

  static agency::Schema schema();

  absl::Status AddPetition(const record::StoredPetition& stored);
  absl::Status UpdatePetition(const record::StoredPetition& stored);
  // Errors: NOT_FOUND (REFERRAL_UNKNOWN).
  absl::StatusOr<record::StoredPetition> GetPetition(std::string_view referral_id);
  // Newest first, older than `before` (0: from the newest), with their position.
  absl::StatusOr<Rows<record::StoredPetition>> Petitions(int64_t before, int limit);

  // Inserts or replaces.
  absl::Status SavePresence(const record::StoredPresence& stored);
  // With the notices about it.
  absl::Status RemovePresence(std::string_view presence_id);
  // Errors: NOT_FOUND (PRESENCE_UNKNOWN).
  absl::StatusOr<record::StoredPresence> GetPresence(std::string_view presence_id);
  // Those that end first first, `skip` left out, with their place from 1.
  // `person` empty: all.
  absl::StatusOr<Rows<record::StoredPresence>> Presences(std::string_view person, int64_t skip,
                                                         int limit);

  // A referral by which a notice about a presence went out.
  absl::Status AddNotice(std::string_view referral_id, std::string_view presence_id);
  absl::StatusOr<bool> IsNotice(std::string_view referral_id);

  // What HHS was told last of a presence with its renewals.
  struct Told {
    std::string reference;    // Identifier of the first of them.
    std::string person;       // Handle.
    std::string referral_id;  // Of the notice.
    // Nothing: that it has ended.
    std::optional<absl::CivilDay> last_day;
  };
  // Inserts or replaces.
  absl::Status SaveTold(const Told& told);
  absl::StatusOr<std::optional<Told>> FindTold(std::string_view reference);
  // Those with a last day before `day`, earliest first.
  absl::StatusOr<std::vector<Told>> ToldBefore(absl::CivilDay day, int limit);

 private:
  agency::Transaction& db_;
};

}  // namespace waystation::ins

#endif  // WAYSTATION_SERVICES_INS_REGISTER_H_
