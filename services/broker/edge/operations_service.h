#ifndef WAYSTATION_SERVICES_BROKER_EDGE_OPERATIONS_SERVICE_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_OPERATIONS_SERVICE_H_

#include "services/broker/edge/context.h"
#include "services/broker/edge/open_streams.h"
#include "waystation/operations/v1/operations.grpc.pb.h"

namespace waystation::broker {

// What operators and auditors see. Thread-safe.
class OperationsService : public operations::v1::OperationsService::CallbackService {
 public:
  OperationsService(const EdgeContext& context, OpenStreams& streams)
      : context_(context), streams_(streams) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* call,
                                      const operations::v1::GetStatusRequest* request,
                                      operations::v1::GetStatusResponse* response) override;
  grpc::ServerUnaryReactor* ListRefusals(grpc::CallbackServerContext* call,
                                         const operations::v1::ListRefusalsRequest* request,
                                         operations::v1::ListRefusalsResponse* response) override;
  grpc::ServerWriteReactor<operations::v1::TailRecordsResponse>* TailRecords(
      grpc::CallbackServerContext* call,
      const operations::v1::TailRecordsRequest* request) override;
  grpc::ServerUnaryReactor* ListDeadLetters(
      grpc::CallbackServerContext* call, const operations::v1::ListDeadLettersRequest* request,
      operations::v1::ListDeadLettersResponse* response) override;
  grpc::ServerUnaryReactor* RedriveDeadLetters(
      grpc::CallbackServerContext* call, const operations::v1::RedriveDeadLettersRequest* request,
      operations::v1::RedriveDeadLettersResponse* response) override;

 private:
  const EdgeContext& context_;
  OpenStreams& streams_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_EDGE_OPERATIONS_SERVICE_H_
