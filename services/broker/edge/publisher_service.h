#ifndef WAYSTATION_SERVICES_BROKER_EDGE_PUBLISHER_SERVICE_H_
#define WAYSTATION_SERVICES_BROKER_EDGE_PUBLISHER_SERVICE_H_

#include <optional>
#include <string>

#include "services/broker/edge/context.h"
#include "services/broker/edge/open_streams.h"
#include "waystation/bus/v1/publisher.grpc.pb.h"

namespace waystation::broker {

// The gRPC edge of publishing. Requests come as bytes, so that one that cannot be
// read is refused with a word and on the record. Admission runs on the stream's thread, the rest
// at the sequencer; a stream that is too far ahead of its answers is not read.
//
// Thread-safe.
class PublisherService
    : public bus::v1::PublisherService::WithRawCallbackMethod_Publish<
          bus::v1::PublisherService::WithRawCallbackMethod_StreamingPublish<
              bus::v1::PublisherService::WithCallbackMethod_GetPublishOutcome<
                  bus::v1::PublisherService::WithCallbackMethod_ListPublishOutcomes<
                      bus::v1::PublisherService::Service>>>> {
 public:
  PublisherService(const EdgeContext& context, OpenStreams& streams)
      : context_(context), streams_(streams) {}

  grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* call,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StreamingPublish(
      grpc::CallbackServerContext* call) override;
  grpc::ServerUnaryReactor* GetPublishOutcome(
      grpc::CallbackServerContext* call, const bus::v1::GetPublishOutcomeRequest* request,
      bus::v1::GetPublishOutcomeResponse* response) override;
  grpc::ServerUnaryReactor* ListPublishOutcomes(
      grpc::CallbackServerContext* call, const bus::v1::ListPublishOutcomesRequest* request,
      bus::v1::ListPublishOutcomesResponse* response) override;

 private:
  // The custody receipt of a message that `sender` sent; nothing when the bus has
  // none. Errors: the journal's.
  absl::StatusOr<std::optional<bus::v1::SignedReceipt>> FindReceipt(
      const std::string& message_id, const std::string& sender) const;

  const EdgeContext& context_;
  OpenStreams& streams_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_EDGE_PUBLISHER_SERVICE_H_
