#ifndef WAYSTATION_COMMON_LIMITS_LIMITS_H_
#define WAYSTATION_COMMON_LIMITS_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

// Every bound of the bus. What the wire contract promises stands in
// protos/README.md with the same numbers.

namespace waystation {

// Messages.
inline constexpr size_t kHeaderBytesMax = size_t{8} * 1024;
inline constexpr size_t kPayloadBytesMax = size_t{1024} * 1024;
inline constexpr size_t kRecipientsMax = 16;
inline constexpr size_t kIdentityBytesMax = 256;
inline constexpr size_t kTypeBytesMax = 128;
inline constexpr size_t kMediaTypeBytesMax = 128;
inline constexpr size_t kSubjectBytesMax = 256;
inline constexpr size_t kOrderingKeyBytesMax = 128;
inline constexpr size_t kTraceparentBytesMax = 55;
inline constexpr size_t kReferralIdBytes = 16;
inline constexpr size_t kSaltBytes = 16;
inline constexpr size_t kDigestBytes = 32;
inline constexpr size_t kReasonBytesMax = 63;
inline constexpr size_t kClientIdBytesMax = 64;

// Signatures.
inline constexpr size_t kSignatureBytesMax = 72;
inline constexpr size_t kBatchLeavesMax = 1024;
inline constexpr size_t kBatchStatementBytesMax = 512;
inline constexpr size_t kBatchPathBytesMax = 10 * kDigestBytes;

// A batch of receipts is one record.
inline constexpr size_t kReceiptBatchBytesMax = size_t{768} * 1024;

// Frames.
inline constexpr size_t kFrameMessagesMax = 1024;
inline constexpr size_t kOutcomesAskedMax = 256;
inline constexpr size_t kFrameBytesMax = size_t{3} * 1024 * 1024;
// What gRPC accepts: a frame and some room, so that a frame a little too large
// is refused by us, with a reason.
inline constexpr size_t kGrpcMessageBytesMax = kFrameBytesMax + size_t{1024} * 1024;

// Records and blocks. A block closes at the first of the two.
inline constexpr size_t kBlockBytesMax = size_t{16} * 1024 * 1024;
inline constexpr size_t kBlockRecordsMax = 4096;

// Delivery.
inline constexpr absl::Duration kAckDeadlineMin = absl::Seconds(1);
inline constexpr absl::Duration kAckDeadlineDefault = absl::Seconds(60);
inline constexpr absl::Duration kAckDeadlineMax = absl::Hours(24 * 7);
inline constexpr absl::Duration kRetryDelayMax = absl::Hours(1);
inline constexpr uint32_t kOutstandingMessagesMax = 65536;
inline constexpr uint64_t kOutstandingBytesDefault = 64ull * 1024 * 1024;
inline constexpr uint64_t kOutstandingBytesMax = 1024ull * 1024 * 1024;

// Past this many messages in a recipient's queue the broker refuses more for it
// (RESOURCE_EXHAUSTED, OVERLOADED).
inline constexpr size_t kQueueMessagesMax = 1'000'000;

// Messages that the broker keeps in memory for their delivery; beyond it they
// come from the journal again. Nothing is refused for it.
inline constexpr size_t kDeliveryCacheBytesMax = size_t{256} * 1024 * 1024;

// Refusals on the record.
inline constexpr int kRefusalRecordsPerSecondMax = 100;
inline constexpr size_t kRefusalTextBytesMax = 512;

}  // namespace waystation

#endif  // WAYSTATION_COMMON_LIMITS_LIMITS_H_
