#ifndef WAYSTATION_SERVICES_BROKER_CORE_POLICY_H_
#define WAYSTATION_SERVICES_BROKER_CORE_POLICY_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "waystation/bus/v1/policy.pb.h"

namespace waystation::broker {

// Who may do what, compiled from the policy of the record. Deny rules first,
// then allow rules, otherwise denied (the order of gRFC A43).
//
//   WS_ASSIGN_OR_RETURN(PolicyView policy, PolicyView::Create(text, trust_domain));
//   WS_RETURN_IF_ERROR(policy.Allow(caller, bus::v1::ACTION_PULL));
//
// Immutable. Thread-safe.
class PolicyView {
 public:
  // Errors: INVALID_ARGUMENT names the role or rule and the field.
  static absl::StatusOr<PolicyView> Create(bus::v1::Policy policy, std::string trust_domain);

  // Errors: PERMISSION_DENIED (POLICY_DENIED) names the deciding rule.
  absl::Status Allow(std::string_view identity, bus::v1::Action action) const;
  // As `Allow` for ACTION_PUBLISH; every recipient must be allowed.
  absl::Status AllowPublish(std::string_view identity, std::string_view type,
                            std::span<const std::string> recipients) const;

  uint64_t version() const { return policy_.version(); }
  const bus::v1::DeliveryPolicy& delivery() const { return policy_.delivery(); }

 private:
  PolicyView(bus::v1::Policy policy, std::string trust_domain)
      : policy_(std::move(policy)), prefix_("spiffe://" + std::move(trust_domain)) {}

  bool HasRole(std::string_view identity, std::string_view role) const;
  bool HasAnyRole(std::string_view identity,
                  const google::protobuf::RepeatedPtrField<std::string>& roles) const;
  bool Matches(const bus::v1::Rule& rule, std::string_view identity, bus::v1::Action action,
               std::string_view type, std::string_view recipient) const;
  absl::Status Decide(std::string_view identity, bus::v1::Action action, std::string_view type,
                      std::string_view recipient) const;

  bus::v1::Policy policy_;
  std::string prefix_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_CORE_POLICY_H_
