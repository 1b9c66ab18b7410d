#include "services/doj/doj_service.h"

#include "common/petitioner/petitioning_agency.h"
#include "services/doj/procedures.h"

namespace waystation::doj {

std::unique_ptr<agency::Service> MakeService(const agency::Identity&, const Clock&) {
  return std::make_unique<petitioner::PetitioningAgency>(MakeProcedures(), MakePetitioner());
}

}  // namespace waystation::doj
