#include "services/usaid/usaid_service.h"

#include <utility>

#include "common/casework/casework_service.h"
#include "common/procedures/hhs.h"
#include "common/procedures/usaid.h"

namespace waystation::usaid {

std::unique_ptr<agency::Service> MakeService(const agency::Identity&, const Clock&) {
  casework::Procedures::List list;
  list.push_back(std::make_unique<casework::Procedure>(procedures::Reintegration()));
  list.push_back(std::make_unique<casework::Procedure>(procedures::ChildToHhs()));
  return std::make_unique<casework::CaseworkAgency>(casework::Procedures("usaid", std::move(list)));
}

}  // namespace waystation::usaid
