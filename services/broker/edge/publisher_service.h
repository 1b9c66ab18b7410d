#ifndef WAYSTATION_SERVICES_BROKER_EDGE_PUBLISHER_SERVICE_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_PUBLISHER_SERVICE_H_

#include "services/broker/edge/context.h"
#include "services/broker/edge/open_streams.h"
#include "waystation/bus/v1/publisher.grpc.pb.h"

namespace waystation::broker {

// The gRPC edge of publishing. Admission runs on the stream's thread, the rest
// at the sequencer; a stream that is too far ahead of its answers is not read.
//
// Thread-safe.
class PublisherService : public bus::v1::PublisherService::CallbackService {
 public:
  PublisherService(const EdgeContext& context, OpenStreams& streams)
      : context_(context), streams_(streams) {}

  grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* call,
                                    const bus::v1::PublishRequest* request,
                                    bus::v1::PublishResponse* response) override;
  grpc::ServerBidiReactor<bus::v1::StreamingPublishRequest, bus::v1::StreamingPublishResponse>*
  StreamingPublish(grpc::CallbackServerContext* call) override;
  grpc::ServerUnaryReactor* GetPublishOutcome(
      grpc::CallbackServerContext* call, const bus::v1::GetPublishOutcomeRequest* request,
      bus::v1::GetPublishOutcomeResponse* response) override;

 private:
  const EdgeContext& context_;
  OpenStreams& streams_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_EDGE_PUBLISHER_SERVICE_H_
