#ifndef WAYSTATION_SERVICES_BROKER_EDGE_CONTEXT_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_CONTEXT_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/rpc/caller.h"
#include "common/rpc/trust_source.h"
#include "grpcpp/support/server_callback.h"
#include "services/broker/admission.h"
#include "services/broker/core/ledger.h"
#include "services/broker/refusal_log.h"
#include "services/broker/sequencer.h"
#include "services/broker/store/block_reader.h"
#include "services/broker/store/projection.h"

namespace waystation::broker {

// What the gRPC edge needs of the broker. Nothing is owned.
struct EdgeContext {
  Sequencer* sequencer = nullptr;
  const Projection* projection = nullptr;
  BlockReader* reader = nullptr;
  journal::Journal* journal = nullptr;
  RefusalLog* refusals = nullptr;
  std::shared_ptr<rpc::TrustSource> trust;
  const Clock* clock = nullptr;
  AdmissionRules rules;
  std::string bus_id;
  std::string broker_identity;
  std::string log_origin;  // Of the audit log.
  absl::Time start_time;

  // Who calls, and whether policy lets it do `action`; without one it is enough
  // to be enrolled, since each message asks the policy. A refusal goes on the
  // record. Errors: UNAUTHENTICATED (those of rpc::CallerOf, IDENTITY_UNKNOWN),
  // PERMISSION_DENIED (POLICY_DENIED).
  absl::StatusOr<rpc::Caller> Authenticate(const grpc::CallbackServerContext& call,
                                           std::optional<bus::v1::Action> action) const;

  // The referral, if the caller is a party to it or may audit. Errors: NOT_FOUND
  // (UNKNOWN_REFERRAL) otherwise, and the two are not told apart.
  absl::StatusOr<Referral> ReferralFor(const rpc::Caller& caller, const std::string& id) const;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_EDGE_CONTEXT_H_
