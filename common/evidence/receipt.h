#ifndef WAYSTATION_COMMON_EVIDENCE_RECEIPT_H_
#define WAYSTATION_COMMON_EVIDENCE_RECEIPT_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/sha256.h"
#include "common/evidence/verifier.h"
#include "waystation/bus/v1/message.pb.h"

// Receipts, as read by those who rely on them. Thread-safe functions.

namespace waystation::evidence {

inline constexpr size_t kReceiptBytesMax = 1024;

// Reads serialized receipts; every field must be known, stand there once, and
// keep the rules of message.proto.
// Errors: INVALID_ARGUMENT (RECEIPT_MISMATCH).
absl::StatusOr<bus::v1::CustodyReceipt> ParseCustodyReceipt(std::string_view bytes);
absl::StatusOr<bus::v1::DeliveryReceipt> ParseDeliveryReceipt(std::string_view bytes);

// Verifies that `broker` signed a custody receipt for exactly this message and
// returns it. Errors: of `Verifier`; INVALID_ARGUMENT (RECEIPT_MISMATCH)
// malformed, or for another message.
absl::StatusOr<bus::v1::CustodyReceipt> VerifyCustodyReceipt(
    const Verifier& verifier, const bus::v1::SignedReceipt& receipt, std::string_view broker,
    std::string_view message_id, const crypto::Digest& envelope_hash, BatchCache* cache = nullptr);

}  // namespace waystation::evidence

#endif  // WAYSTATION_COMMON_EVIDENCE_RECEIPT_H_
