#ifndef WAYSTATION_COMMON_AGENCY_INDEX_SERVICE_H_
#define WAYSTATION_COMMON_AGENCY_INDEX_SERVICE_H_

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/agency.h"
#include "common/agency/worker_pool.h"
#include "common/rpc/trust_source.h"
#include "grpcpp/grpcpp.h"
#include "waystation/audit/v1/index_service.grpc.pb.h"

namespace waystation::agency {

// The agency's index of its handoffs, signed with its sign key, for the auditor
// of its trust domain and nobody else: not its own staff, no other agency, no
// operator. Every agency serves it beside its officers' API. Does not own the
// agency.
//
// Thread-safe.
class IndexService final : public audit::v1::IndexService::CallbackService {
 public:
  IndexService(Agency& agency, std::shared_ptr<rpc::TrustSource> trust);
  ~IndexService() override;

  grpc::ServerUnaryReactor* ListHandoffs(grpc::CallbackServerContext* context,
                                         const audit::v1::ListHandoffsRequest* request,
                                         audit::v1::ListHandoffsResponse* response) override;

  // The same without gRPC. `caller` comes from a verified certificate. Errors:
  // as index_service.proto has them.
  absl::StatusOr<audit::v1::ListHandoffsResponse> PageFor(
      std::string_view caller, const audit::v1::ListHandoffsRequest& request) const;

  // Ends running calls; later ones are RESOURCE_EXHAUSTED. Idempotent.
  void Shutdown();

 private:
  Agency& agency_;
  const std::shared_ptr<rpc::TrustSource> trust_;
  WorkerPool pool_;
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_INDEX_SERVICE_H_
