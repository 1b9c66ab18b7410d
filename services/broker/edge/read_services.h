#ifndef WAYSTATION_SERVICES_BROKER_EDGE_READ_SERVICES_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_READ_SERVICES_H_

#include "services/broker/edge/context.h"
#include "services/broker/edge/history.h"
#include "waystation/bus/v1/directory.grpc.pb.h"
#include "waystation/bus/v1/ledger.grpc.pb.h"

namespace waystation::broker {

// The directory, as the record has it. Thread-safe.
class DirectoryService : public bus::v1::DirectoryService::CallbackService {
 public:
  explicit DirectoryService(const EdgeContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* GetDirectory(grpc::CallbackServerContext* call,
                                         const bus::v1::GetDirectoryRequest* request,
                                         bus::v1::GetDirectoryResponse* response) override;

 private:
  const EdgeContext& context_;
};

// The handoff ledger for the parties of each referral. Thread-safe.
class LedgerService : public bus::v1::LedgerService::CallbackService {
 public:
  explicit LedgerService(const EdgeContext& context)
      : context_(context), history_(*context.projection, *context.reader, context.bus_id) {}

  grpc::ServerUnaryReactor* GetReferral(grpc::CallbackServerContext* call,
                                        const bus::v1::GetReferralRequest* request,
                                        bus::v1::GetReferralResponse* response) override;
  grpc::ServerUnaryReactor* ListReferrals(grpc::CallbackServerContext* call,
                                          const bus::v1::ListReferralsRequest* request,
                                          bus::v1::ListReferralsResponse* response) override;
  grpc::ServerUnaryReactor* GetReferralHistory(
      grpc::CallbackServerContext* call, const bus::v1::GetReferralHistoryRequest* request,
      bus::v1::GetReferralHistoryResponse* response) override;

 private:
  const EdgeContext& context_;
  History history_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_EDGE_READ_SERVICES_H_
