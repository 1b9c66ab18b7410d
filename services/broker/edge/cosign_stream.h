#ifndef WAYSTATION_SERVICES_BROKER_EDGE_COSIGN_STREAM_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_COSIGN_STREAM_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "services/broker/edge/context.h"
#include "services/broker/edge/open_streams.h"
#include "services/broker/edge/stream.h"
#include "services/broker/log/cosignatures.h"
#include "waystation/audit/v1/log_service.pb.h"

namespace waystation::broker {

// Serves one cosigner. What it answers to nothing, or wrongly, ends its stream, on
// the record; the log goes on without it.
//
// Does not own what it is given. Thread-safe: as Stream.
class CosignStream : public Stream<audit::v1::CosignRequest> {
 public:
  CosignStream(const EdgeContext& context, OpenStreams& streams, grpc::CallbackServerContext* call,
               std::string identity, Cosignatures& cosignatures)
      : context_(context),
        streams_(streams),
        call_(call),
        identity_(std::move(identity)),
        cosignatures_(cosignatures),
        checked_(context.clock->Monotonic()) {}

 protected:
  bool OnRequest(audit::v1::CosignRequest request) override;
  void OnMalformed(const absl::Status& status) override { Refuse(status); }
  void OnEnded() override;

 private:
  absl::Status Handle(const audit::v1::CosignRequest& request);
  absl::Status Open(const audit::v1::CosignOpen& open);
  // A certificate that was revoked meanwhile cosigns no more.
  absl::Status Recheck();
  void Refuse(const absl::Status& status);

  const EdgeContext& context_;
  OpenStreams& streams_;
  grpc::CallbackServerContext* const call_;
  const std::string identity_;
  Cosignatures& cosignatures_;
  absl::Duration checked_;
  std::shared_ptr<Cosignatures::Session> session_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_EDGE_COSIGN_STREAM_H_
