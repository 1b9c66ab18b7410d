#ifndef WAYSTATION_COMMON_AGENCY_BUS_H_
#define WAYSTATION_COMMON_AGENCY_BUS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/sha256.h"
#include "waystation/bus/v1/directory.pb.h"
#include "waystation/bus/v1/ledger.pb.h"
#include "waystation/bus/v1/message.pb.h"

// The seam between the runtime and the bus: `LiveBus` is common/client over
// gRPC, tests have a bus in memory.

namespace waystation::agency {

// A delivery whose sender is proven.
struct VerifiedDelivery {
  bus::v1::SignedMessage message;
  bus::v1::Header header;
  crypto::Digest envelope_hash;
  uint32_t attempt = 1;
  absl::Time accept_time;
};

// A delivery that goes back to the bus.
struct GiveBack {
  std::string message_id;
  uint32_t attempt = 1;
  std::string reason;  // UPPER_SNAKE, closed; it goes on the record.
};

// What an agency says to a frame. Sent once; a receipt that is lost with the
// connection is sent again when its message comes again.
struct FrameReply {
  std::vector<std::string> receipts;  // Serialized ReceiptBatches, as signed.
  std::vector<GiveBack> given_back;
};

// What the record has of one referral, as the bus gave it. Nothing in it is
// believed: who shows it verifies it.
struct Evidence {
  bus::v1::GetReferralHistoryResponse history;
  bus::v1::GetDirectoryResponse directory;
};

// Which messages the bus has.
struct CustodyFound {
  std::string log_origin;  // Of the audit log that covers its record.
  // By message id; not verified.
  std::map<std::string, bus::v1::SignedReceipt> receipts;
};

// What the bus tells an agency. Called from the bus's threads.
//
// Thread-safe.
class BusListener {
 public:
  virtual ~BusListener() = default;

  virtual void OnDirectory(const bus::v1::Directory& directory) = 0;
  virtual void OnConnected() = 0;
  virtual void OnDisconnected(const absl::Status& why) = 0;
  // The broker answered again, some seconds after it did last.
  virtual void OnStillConnected() {}
  // Applies a frame and returns the receipts of what is committed. One at a
  // time, in order.
  virtual FrameReply OnFrame(std::vector<VerifiedDelivery> frame) = 0;
  // One receipt or nack is on the record, or was refused for good.
  virtual void OnAckResult(std::string_view message_id, const absl::Status& result) = 0;
};

// Thread-safe.
class Bus {
 public:
  virtual ~Bus() = default;

  // Connects, and goes on connecting, until `Stop`. Nothing is called after
  // `Stop` has returned.
  virtual void Start(BusListener* listener) = 0;
  virtual void Stop() = 0;

  using PublishDone = std::function<void(absl::StatusOr<bus::v1::SignedReceipt>)>;
  // Publishes final bytes. `done` is called at most once, from any thread: with
  // the custody receipt, verified; with the refusal; or with UNAVAILABLE, and then
  // the same bytes are sent again later.
  virtual void Publish(const std::string& message_id, const bus::v1::SignedMessage& message,
                       PublishDone done) = 0;

  // The ledger, live. Blocks until `timeout`. Errors: NOT_FOUND
  // (UNKNOWN_REFERRAL); UNAVAILABLE, DEADLINE_EXCEEDED retry is safe.
  virtual absl::StatusOr<bus::v1::Referral> GetReferral(std::string_view referral_id,
                                                        absl::Duration timeout) = 0;

  // Of these messages of ours, 1 to kOutcomesAskedMax, those that the bus has. Errors:
  // UNAVAILABLE, DEADLINE_EXCEEDED retry is safe; PERMISSION_DENIED.
  virtual absl::StatusOr<CustodyFound> CustodyOnRecord(const std::vector<std::string>& message_ids,
                                                       absl::Duration timeout) = 0;

  // Ids of the referral's messages for which a receipt of ours is on the record.
  // Errors: as above.
  virtual absl::StatusOr<std::vector<std::string>> ReceiptsOnRecord(std::string_view referral_id,
                                                                    absl::Duration timeout) = 0;

  // The referral's evidence and the directory to verify it with. Each of the two
  // calls blocks until `timeout`. Errors: as above.
  virtual absl::StatusOr<Evidence> GetEvidence(std::string_view referral_id,
                                               absl::Duration timeout) = 0;
};

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_BUS_H_
