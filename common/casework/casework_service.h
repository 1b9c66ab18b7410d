#ifndef WAYSTATION_COMMON_CASEWORK_CASEWORK_SERVICE_H_
#define WAYSTATION_COMMON_CASEWORK_CASEWORK_SERVICE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/agency/main.h"
#include "common/casework/procedures.h"
#include "common/ids/random.h"
#include "grpcpp/impl/service_type.h"

namespace waystation::casework {

// An agency that is its procedures: the rpcs of CaseworkService and what comes
// from the bus. An agency with records of its own adds tables, rpcs and messages
// that are not casework's by the hooks below.
//
//   class DolAgency : public casework::CaseworkAgency { ... };
//   return std::make_unique<CaseworkAgency>(Procedures("usaid", std::move(list)));
//
// Thread-safe.
class CaseworkAgency : public agency::Service {
 public:
  explicit CaseworkAgency(Procedures procedures, RandomSource random = SystemRandom);
  ~CaseworkAgency() override;

  // Casework's tables and the agency's own.
  std::vector<agency::Schema> schemas() const final;
  void Attach(agency::Agency& agency, agency::Officers& officers) final;
  std::vector<grpc::Service*> officers_apis() final;
  agency::Officers::Options officers_options() const override;
  absl::Status OnCase(const agency::CaseMessage& message, agency::Tx& tx) final;
  absl::Status OnRefused(const agency::CaseMessage& message, const absl::Status& refusal,
                         agency::Tx& tx) final;

  const Procedures& procedures() const { return procedures_; }

  // Whether the officer may know of a referral at all, and how it moved: casework
  // is open to all staff, without content; the rest is the agency's own. Errors:
  // NOT_FOUND (REFERRAL_UNKNOWN); PERMISSION_DENIED with the rule's citation.
  absl::Status CheckSight(const agency::Officer& officer, std::string_view referral_id,
                          agency::Tx& tx) const;

 protected:
  // The same for what is not casework's. As it stands: the unit that has it.
  virtual absl::Status CheckOwnSight(const agency::Officer& officer, std::string_view referral_id,
                                     agency::Tx& tx) const;
  // The agency's own tables.
  virtual std::vector<agency::Schema> own_schemas() const { return {}; }
  // Whether the officer learns, from a list, of referrals that `unit` of ours has. As it stands
  // each unit does, without content. Errors: PERMISSION_DENIED.
  virtual absl::Status CheckSees(const agency::Officer&, const std::string& /*unit*/) const {
    return absl::OkStatus();
  }
  // The agency's own rpcs. Called once; the services are kept as long as the agency.
  virtual std::vector<std::unique_ptr<grpc::Service>> MakeOwnApis(agency::Agency&,
                                                                  agency::Officers&) {
    return {};
  }
  // A message on what is not casework's, as Handler::OnCase and OnRefused.
  virtual absl::Status OnOwnCase(const agency::CaseMessage& message, agency::Tx& tx);
  virtual absl::Status OnOwnRefused(const agency::CaseMessage&, const absl::Status&, agency::Tx&) {
    return absl::OkStatus();
  }

  const RandomSource& random() const { return random_; }

 private:
  const Procedures procedures_;
  const RandomSource random_;
  std::unique_ptr<grpc::Service> api_;
  std::vector<std::unique_ptr<grpc::Service>> own_apis_;
};

}  // namespace waystation::casework

#endif  // WAYSTATION_COMMON_CASEWORK_CASEWORK_SERVICE_H_
