#ifndef WAYSTATION_SERVICES_BROKER_FRAME_H_
#define WAYSTATION_SERVICES_BROKER_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/evidence/signer.h"

// Responses as they travel, written straight from what the broker holds.
// Thread-safe functions.

namespace waystation::broker {

// A serialized response on its way to one stream. Its fields are repeated, or the
// last one counts, so several that are joined are one.
struct Frame {
  std::string bytes;
  size_t messages = 0;  // That it answers or delivers.
};

struct DeliveryParts {
  std::string_view header;
  std::string_view signature;  // Serialized Signature.
  std::string_view payload;
  uint32_t attempt = 0;
  int64_t accept_us = 0;
  int64_t deadline_us = 0;
};

// Appends a Delivery to a StreamingPullResponse.
void AppendDelivery(const DeliveryParts& delivery, std::string* frame);

// Appends an AckResult to a StreamingPullResponse.
void AppendAck(std::string_view message_id, const absl::Status& status, std::string* frame);

// Appends the newest cosigned checkpoint to a StreamingPullResponse; where several
// are joined, the last one counts.
void AppendCheckpoint(std::string_view note, std::string* frame);

// Appends a PublishResult to a StreamingPublishResponse: the custody receipt with
// its proof, leaf `index` of `batch`.
void AppendReceipt(std::string_view message_id, std::string_view custody_receipt,
                   const evidence::SignedBatch& batch, size_t index, std::string* frame);

// As above, for a message that was there before; `signed_receipt` is serialized.
void AppendDuplicate(std::string_view message_id, std::string_view signed_receipt,
                     std::string* frame);

// As above, for a message that is not in the bus.
void AppendRefusal(std::string_view message_id, const absl::Status& status, std::string* frame);

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_FRAME_H_
