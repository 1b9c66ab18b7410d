#ifndef WAYSTATION_SERVICES_BROKER_EDGE_LOG_SERVICE_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_LOG_SERVICE_H_

#include <initializer_list>

#include "services/broker/edge/context.h"
#include "services/broker/edge/open_streams.h"
#include "services/broker/log/audit_log.h"
#include "waystation/audit/v1/log_service.grpc.pb.h"

namespace waystation::broker {

// The audit log for those who check it. Thread-safe.
class LogService : public audit::v1::LogService::WithCallbackMethod_GetCheckpoint<
                       audit::v1::LogService::WithCallbackMethod_GetTile<
                           audit::v1::LogService::WithCallbackMethod_GetReferralProofs<
                               audit::v1::LogService::WithRawCallbackMethod_Cosign<
                                   audit::v1::LogService::Service>>>> {
 public:
  LogService(const EdgeContext& context, OpenStreams& streams, AuditLog& log)
      : context_(context), streams_(streams), log_(log) {}

  grpc::ServerUnaryReactor* GetCheckpoint(grpc::CallbackServerContext* call,
                                          const audit::v1::GetCheckpointRequest* request,
                                          audit::v1::GetCheckpointResponse* response) override;
  grpc::ServerUnaryReactor* GetTile(grpc::CallbackServerContext* call,
                                    const audit::v1::GetTileRequest* request,
                                    audit::v1::GetTileResponse* response) override;
  grpc::ServerUnaryReactor* GetReferralProofs(
      grpc::CallbackServerContext* call, const audit::v1::GetReferralProofsRequest* request,
      audit::v1::GetReferralProofsResponse* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Cosign(
      grpc::CallbackServerContext* call) override;

 private:
  absl::StatusOr<rpc::Caller> AuthenticateForAny(
      const grpc::CallbackServerContext& call,
      std::initializer_list<bus::v1::Action> actions) const;
  absl::Status FillProofs(const ReferralId& id,
                          audit::v1::GetReferralProofsResponse* response) const;

  const EdgeContext& context_;
  OpenStreams& streams_;
  AuditLog& log_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_EDGE_LOG_SERVICE_H_
