#ifndef WAYSTATION_SERVICES_BROKER_EDGE_SUBSCRIBER_SERVICE_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_SUBSCRIBER_SERVICE_H_

#include "services/broker/edge/checkpoint_feed.h"
#include "services/broker/edge/context.h"
#include "services/broker/edge/open_streams.h"
#include "waystation/bus/v1/subscriber.grpc.pb.h"

namespace waystation::broker {

// The gRPC edge of delivery: one pull stream is one session of the caller's
// queue. Receipts are verified on the stream's thread.
//
// Thread-safe.
class SubscriberService : public bus::v1::SubscriberService::WithRawCallbackMethod_StreamingPull<
                              bus::v1::SubscriberService::Service> {
 public:
  SubscriberService(const EdgeContext& context, OpenStreams& streams, CheckpointFeed& checkpoints)
      : context_(context), streams_(streams), checkpoints_(checkpoints) {}

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StreamingPull(
      grpc::CallbackServerContext* call) override;

 private:
  const EdgeContext& context_;
  OpenStreams& streams_;
  CheckpointFeed& checkpoints_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_EDGE_SUBSCRIBER_SERVICE_H_
