#ifndef WAYSTATION_COMMON_PETITIONER_PETITIONING_AGENCY_H_
#define WAYSTATION_COMMON_PETITIONER_PETITIONING_AGENCY_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/casework/casework_service.h"
#include "common/petitioner/petitioner.h"

namespace waystation::petitioner {

// An agency that petitions for continued presence besides its procedures: its
// rpcs are CaseworkService and doj.v1.DojService. An agency with more of its own
// adds to what these hooks return.
//
//   return std::make_unique<PetitioningAgency>(MakeProcedures(), MakePetitioner());
//
// Thread-safe.
class PetitioningAgency : public casework::CaseworkAgency {
 public:
  PetitioningAgency(casework::Procedures procedures, Petitioner petitioner);

 protected:
  // With units apart a unit learns of its own referrals alone.
  absl::Status CheckSees(const agency::Officer& officer, const std::string& unit) const override;
  std::vector<agency::Schema> own_schemas() const override;
  std::vector<std::unique_ptr<grpc::Service>> MakeOwnApis(agency::Agency& agency,
                                                          agency::Officers& officers) override;
  // What shows a petition shows how it moved.
  absl::Status CheckOwnSight(const agency::Officer& officer, std::string_view referral_id,
                             agency::Tx& tx) const override;
  absl::Status OnOwnCase(const agency::CaseMessage& message, agency::Tx& tx) override;

 private:
  const Petitioner petitioner_;
};

}  // namespace waystation::petitioner

#endif  // WAYSTATION_COMMON_PETITIONER_PETITIONING_AGENCY_H_
