#ifndef WAYSTATION_TESTS_E2E_REFUSAL_WORLD_H_
#define WAYSTATION_TESTS_E2E_REFUSAL_WORLD_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/harness/drafts.h"
#include "tests/harness/operations.h"
#include "tests/harness/puller.h"
#include "tests/harness/strangers.h"
#include "tests/harness/test_bus.h"
#include "waystation/bus/v1/publisher.pb.h"

namespace waystation::harness {

inline constexpr std::string_view kHhs = "/agency/hhs";  // A third agency, enrolled here.

// A bus on which all sorts of bad input are tried: three agencies, an open
// referral from doj to ins, and a message that waits in the queue of ins.
//
// Single-threaded: the test.
class RefusalWorld {
 public:
  RefusalWorld();

  TestBus bus;
  Drafts doj;
  Drafts ins;
  Drafts hhs;
  Strangers strangers;
  std::shared_ptr<grpc::Channel> doj_channel;
  std::shared_ptr<grpc::Channel> ins_channel;
  std::shared_ptr<grpc::Channel> operator_channel;
  // Requested by doj, not received: version 1.
  std::string referral_id;
  // A report of doj that ins has in hand, and the bytes that it was sent as.
  bus::v1::SignedMessage delivered_message;
  bus::v1::Delivery delivery;

  // One frame of messages over a stream of doj; the first refusal, or how the
  // stream ended.
  absl::Status PublishFrame(const bus::v1::StreamingPublishRequest& frame);
  // One frame over an open pull stream: the first refusal of a result, or how
  // the stream ended.
  absl::Status PullFrame(const std::shared_ptr<grpc::Channel>& channel, const Drafts& drafts,
                         const bus::v1::StreamingPullRequest& frame, bool open = true);
  // Bytes that are no message of the method; the status of the call.
  absl::Status CallRaw(const std::string& method, const std::string& bytes, bool streaming);

  // A frame with one receipt for the message in hand, changed before signing.
  bus::v1::StreamingPullRequest ReceiptFrame(
      const std::function<void(bus::v1::DeliveryReceipt*)>& change) const;

  // Sends a good message of doj; returns the sequence of its record.
  uint64_t PublishGood();

 private:
  std::unique_ptr<Puller> holder_;  // Has the delivery leased.
};

}  // namespace waystation::harness

#endif  // WAYSTATION_TESTS_E2E_REFUSAL_WORLD_H_
