#include "services/dos/petitioning.h"

#include "services/dos/register.h"
#include "services/dos/reports.h"

namespace waystation::dos {
namespace {

absl::StatusOr<bool> KnowsPerson(std::string_view person, std::string_view unit, agency::Tx& tx) {
  if (unit != kDiplomaticSecurity) return false;
  return Register(tx.db()).HasReportOf(person, unit);
}

}  // namespace

petitioner::Petitioner MakePetitioner() {
  petitioner::Petitioner petitioner;
  petitioner.agency = "dos";
  petitioner.office = "Department of State";
  petitioner.knows_person = KnowsPerson;
  petitioner.units_apart = true;
  return petitioner;
}

}  // namespace waystation::dos
