#ifndef WAYSTATION_COMMON_PETITIONER_PETITIONER_H_
#define WAYSTATION_COMMON_PETITIONER_PETITIONER_H_

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/agency/case.h"
#include "common/agency/due.h"
#include "common/agency/officers.h"
#include "common/ids/random.h"
#include "waystation/doj/v1/doj_service.pb.h"

namespace waystation::petitioner {

// The wire contract of every agency that petitions; DOJ was the first.
namespace v1 = ::waystation::doj::v1;

// An agency that petitions, as this room knows it.
//
//   Petitioner state{"dos", "Department of State", KnowsPerson};
//   state.units_apart = true;
//
// Immutable once the service runs. Thread-safe when its functions are.
struct Petitioner {
  // Whether `unit` knows this handle from elsewhere at the agency, e.g. from a
  // complaint that came, so that an intake may go by it.
  using KnowsPerson = std::function<absl::StatusOr<bool>(std::string_view person,
                                                         std::string_view unit, agency::Tx& tx)>;

  std::string agency;  // E.g. "doj".
  std::string office;  // Of acts that no officer does, e.g. "Department of Justice".
  KnowsPerson knows_person;
  // Whether a unit sees what it opened and filed itself, and nothing of another
  // unit's; else each unit sees all.
  bool units_apart = false;
  // When INS's next move is due. The Act sets no time; the policy version does.
  agency::DuePolicy due = {10, "POLICY-CP-3 (2001-10-01)"};
  RandomSource random = SystemRandom;

  // Whether the officer sees what `unit` opened or filed.
  bool Sees(const agency::Officer& officer, std::string_view unit) const {
    return !units_apart || officer.unit() == unit;
  }
};

}  // namespace waystation::petitioner

#endif  // WAYSTATION_COMMON_PETITIONER_PETITIONER_H_
