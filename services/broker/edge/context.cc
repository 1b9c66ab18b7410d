#include "services/broker/edge/context.h"

#include "common/status/status.h"
#include "grpcpp/server_context.h"

namespace waystation::broker {
namespace {

absl::StatusOr<rpc::Caller> Judge(const EdgeContext& context,
                                  const grpc::CallbackServerContext& call,
                                  std::optional<bus::v1::Action> action) {
  WS_ASSIGN_OR_RETURN(
      rpc::Caller caller,
      rpc::CallerOf(*call.auth_context(), context.trust->Current(), context.clock->Now()));
  if (context.rules.directory->Find(caller.identity) == nullptr) {
    return Refusal(absl::StatusCode::kUnauthenticated, "IDENTITY_UNKNOWN",
                   Problem("identity", "not enrolled", Quoted(caller.identity),
                           "an identity of the directory"));
  }
  if (action) WS_RETURN_IF_ERROR(context.rules.policy->Allow(caller.identity, *action));
  return caller;
}

// The identity that the certificate claims, for the record of a refusal.
std::string ClaimedPeer(const grpc::CallbackServerContext& call) {
  auto uris = call.auth_context()->FindPropertyValues("peer_uri");
  if (!uris.empty()) return std::string(uris.front().data(), uris.front().size());
  return call.peer();
}

}  // namespace

absl::StatusOr<rpc::Caller> EdgeContext::Authenticate(const grpc::CallbackServerContext& call,
                                                      std::optional<bus::v1::Action> action) const {
  absl::StatusOr<rpc::Caller> caller = Judge(*this, call, action);
  if (!caller.ok()) refusals->Add(ClaimedPeer(call), "call", caller.status());
  return caller;
}

absl::StatusOr<Referral> EdgeContext::ReferralFor(const rpc::Caller& caller,
                                                  const std::string& id) const {
  std::optional<ReferralId> parsed = ReferralIdFrom(id);
  if (!parsed.has_value()) return UnknownReferral(id);
  std::optional<Referral> referral = projection->FindReferral(*parsed);
  if (!referral.has_value()) return UnknownReferral(id);
  bool may_see = PartyOf(*referral, caller.identity) != Party::kOther ||
                 rules.policy->Allow(caller.identity, bus::v1::ACTION_AUDIT).ok();
  if (!may_see) return UnknownReferral(id);
  return *std::move(referral);
}

}  // namespace waystation::broker
