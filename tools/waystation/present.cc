#include "tools/waystation/present.h"

#include "common/status/status.h"

namespace waystation::cli {

absl::StatusOr<ins::v1::Petition> PresentPetition(Officer& officer,
                                                  const std::string& referral_id) {
  ins::v1::GetPetitionRequest request;
  request.set_referral_id(referral_id);
  WS_ASSIGN_OR_RETURN(auto response, officer.Ins(&ins::v1::InsService::Stub::GetPetition, request));
  return response.petition();
}

absl::StatusOr<doj::v1::Petition> FiledPetition(Officer& officer, const std::string& referral_id) {
  doj::v1::GetPetitionRequest request;
  request.set_referral_id(referral_id);
  WS_ASSIGN_OR_RETURN(auto response, officer.Doj(&doj::v1::DojService::Stub::GetPetition, request));
  return response.petition();
}

}  // namespace waystation::cli
