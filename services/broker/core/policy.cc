#include "services/broker/core/policy.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace waystation::broker {
namespace {

absl::Status Invalid(std::string text) { return absl::InvalidArgumentError(text); }

absl::Status CheckRule(const bus::v1::Policy& policy, const bus::v1::Rule& rule) {
  if (rule.name().empty()) return Invalid("policy rule: name is missing");
  auto known = [&](const std::string& name) {
    return name == "*" || std::any_of(policy.roles().begin(), policy.roles().end(),
                                      [&](const auto& role) { return role.name() == name; });
  };
  for (const auto* roles : {&rule.roles(), &rule.recipient_roles()}) {
    for (const std::string& role : *roles) {
      if (!known(role)) {
        return Invalid(Problem("policy rule " + Quoted(rule.name()), "unknown role", Quoted(role),
                               "a role of the policy or \"*\""));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDelivery(const bus::v1::DeliveryPolicy& delivery) {
  auto outside = [](uint32_t value, uint32_t low, uint32_t high) {
    return value < low || value > high;
  };
  if (outside(delivery.attempts_max(), 1, 1000)) {
    return Invalid(Problem("policy delivery.attempts_max", "out of range",
                           std::to_string(delivery.attempts_max()), "1 to 1000"));
  }
  if (outside(delivery.backoff_min_ms(), 10, 60'000)) {
    return Invalid(Problem("policy delivery.backoff_min_ms", "out of range",
                           std::to_string(delivery.backoff_min_ms()), "10 to 60000"));
  }
  if (outside(delivery.backoff_max_ms(), delivery.backoff_min_ms(), 3'600'000)) {
    return Invalid(Problem("policy delivery.backoff_max_ms", "out of range",
                           std::to_string(delivery.backoff_max_ms()), "backoff_min_ms to 3600000"));
  }
  return absl::OkStatus();
}

bool PathMatches(std::string_view path, std::string_view pattern) {
  if (pattern.ends_with("/*")) {
    std::string_view stem = pattern.substr(0, pattern.size() - 1);
    return path.size() > stem.size() && path.starts_with(stem);
  }
  return path == pattern;
}

bool ListMatches(const google::protobuf::RepeatedPtrField<std::string>& list,
                 std::string_view value) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& entry) { return entry == "*" || entry == value; });
}

absl::Status Denied(std::string_view identity, bus::v1::Action action, std::string_view type,
                    std::string_view recipient, std::string why) {
  std::string got = bus::v1::Action_Name(action);
  if (!type.empty()) absl::StrAppend(&got, " of ", Quoted(type), " to ", Quoted(recipient));
  absl::StrAppend(&got, " by ", Quoted(identity));
  return Refusal(absl::StatusCode::kPermissionDenied, "POLICY_DENIED",
                 Problem("policy", why, got, "a rule that allows it and none that denies it"));
}

}  // namespace

absl::StatusOr<PolicyView> PolicyView::Create(bus::v1::Policy policy, std::string trust_domain) {
  if (policy.version() == 0) return Invalid("policy version: missing, want 1 or more");
  WS_RETURN_IF_ERROR(CheckDelivery(policy.delivery()));
  for (const bus::v1::Role& role : policy.roles()) {
    if (role.name().empty() || role.paths().empty()) {
      return Invalid(Problem("policy role " + Quoted(role.name()), "name or paths missing"));
    }
  }
  for (const bus::v1::Rule& rule : policy.deny()) WS_RETURN_IF_ERROR(CheckRule(policy, rule));
  for (const bus::v1::Rule& rule : policy.allow()) WS_RETURN_IF_ERROR(CheckRule(policy, rule));
  return PolicyView(std::move(policy), std::move(trust_domain));
}

absl::Status PolicyView::Allow(std::string_view identity, bus::v1::Action action) const {
  return Decide(identity, action, "", "");
}

absl::Status PolicyView::AllowPublish(std::string_view identity, std::string_view type,
                                      std::span<const std::string> recipients) const {
  // A message to nobody matches no rule.
  if (recipients.empty()) {
    return Denied(identity, bus::v1::ACTION_PUBLISH, type, "", "no recipient");
  }
  for (const std::string& recipient : recipients) {
    WS_RETURN_IF_ERROR(Decide(identity, bus::v1::ACTION_PUBLISH, type, recipient));
  }
  return absl::OkStatus();
}

bool PolicyView::HasRole(std::string_view identity, std::string_view role) const {
  if (!identity.starts_with(prefix_)) return false;
  std::string_view path = identity.substr(prefix_.size());
  for (const bus::v1::Role& known : policy_.roles()) {
    if (known.name() != role) continue;
    for (const std::string& pattern : known.paths()) {
      if (PathMatches(path, pattern)) return true;
    }
  }
  return false;
}

bool PolicyView::HasAnyRole(std::string_view identity,
                            const google::protobuf::RepeatedPtrField<std::string>& roles) const {
  return std::any_of(roles.begin(), roles.end(), [&](const std::string& role) {
    return role == "*" || HasRole(identity, role);
  });
}

bool PolicyView::Matches(const bus::v1::Rule& rule, std::string_view identity,
                         bus::v1::Action action, std::string_view type,
                         std::string_view recipient) const {
  bool acts =
      action != bus::v1::ACTION_UNSPECIFIED &&
      std::find(rule.actions().begin(), rule.actions().end(), action) != rule.actions().end();
  if (!acts || !HasAnyRole(identity, rule.roles())) return false;
  if (action != bus::v1::ACTION_PUBLISH) return true;
  return ListMatches(rule.types(), type) && HasAnyRole(recipient, rule.recipient_roles());
}

absl::Status PolicyView::Decide(std::string_view identity, bus::v1::Action action,
                                std::string_view type, std::string_view recipient) const {
  for (const bus::v1::Rule& rule : policy_.deny()) {
    if (Matches(rule, identity, action, type, recipient)) {
      return Denied(identity, action, type, recipient,
                    absl::StrCat("denied by rule ", Quoted(rule.name())));
    }
  }
  for (const bus::v1::Rule& rule : policy_.allow()) {
    if (Matches(rule, identity, action, type, recipient)) return absl::OkStatus();
  }
  return Denied(identity, action, type, recipient, "no rule allows it");
}

}  // namespace waystation::broker
