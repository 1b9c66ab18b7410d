#include "common/evidence/receipt.h"

#include <string>

#include "common/evidence/content_types.h"
#include "common/evidence/wire.h"
#include "common/ids/uuid.h"
#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::evidence {
namespace {

absl::Status Bad(std::string_view problem) {
  return Refusal(absl::StatusCode::kInvalidArgument, "RECEIPT_MISMATCH",
                 Problem("receipt", problem));
}

absl::Status CheckCustody(const bus::v1::CustodyReceipt& receipt) {
  if (!IsUuidV7(receipt.message_id())) return Bad("message_id is not a UUIDv7");
  if (receipt.envelope_hash().size() != kDigestBytes) return Bad("envelope_hash is not 32 bytes");
  if (receipt.sequence() == 0) return Bad("sequence is missing");
  if (!receipt.has_accept_time() || !IsValidTime(receipt.accept_time())) {
    return Bad("accept_time is missing or not a time");
  }
  return absl::OkStatus();
}

absl::Status CheckDelivery(const bus::v1::DeliveryReceipt& receipt) {
  if (!IsUuidV7(receipt.message_id())) return Bad("message_id is not a UUIDv7");
  if (receipt.envelope_hash().size() != kDigestBytes) return Bad("envelope_hash is not 32 bytes");
  if (receipt.recipient().empty() || receipt.recipient().size() > kIdentityBytesMax) {
    return Bad("recipient is not 1 to 256 bytes");
  }
  if (receipt.outcome() < bus::v1::DELIVERY_OUTCOME_APPLIED ||
      receipt.outcome() > bus::v1::DELIVERY_OUTCOME_QUARANTINED) {
    return Bad("outcome is missing or unknown");
  }
  if (receipt.attempt() == 0) return Bad("attempt is missing");
  if (!receipt.has_time() || !IsValidTime(receipt.time())) {
    return Bad("time is missing or not a time");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bus::v1::CustodyReceipt> ParseCustodyReceipt(std::string_view bytes) {
  bus::v1::CustodyReceipt receipt;
  if (bytes.empty() || bytes.size() > kReceiptBytesMax) return Bad("not 1 to 1,024 bytes");
  // A newer broker may say more; the agency keeps the bytes either way.
  if (!ParseStrictly(bytes, UnknownFields::kKeep, &receipt)) return Bad("malformed");
  WS_RETURN_IF_ERROR(CheckCustody(receipt));
  return receipt;
}

absl::StatusOr<bus::v1::DeliveryReceipt> ParseDeliveryReceipt(std::string_view bytes) {
  bus::v1::DeliveryReceipt receipt;
  if (bytes.empty() || bytes.size() > kReceiptBytesMax) return Bad("not 1 to 1,024 bytes");
  if (!ParseStrictly(bytes, UnknownFields::kRefuse, &receipt)) return Bad("malformed");
  WS_RETURN_IF_ERROR(CheckDelivery(receipt));
  return receipt;
}

absl::StatusOr<bus::v1::CustodyReceipt> VerifyCustodyReceipt(
    const Verifier& verifier, const bus::v1::SignedReceipt& receipt, std::string_view broker,
    std::string_view message_id, const crypto::Digest& envelope_hash, BatchCache* cache) {
  WS_ASSIGN_OR_RETURN(bus::v1::CustodyReceipt content, ParseCustodyReceipt(receipt.receipt()));
  WS_RETURN_IF_ERROR(verifier.Verify(kCustodyReceiptContent, receipt.receipt(), receipt.signature(),
                                     broker, cache));
  if (content.message_id() != message_id) return Bad("of another message id");
  if (content.envelope_hash() != crypto::AsBytes(envelope_hash)) {
    return Bad("of other content under the same id");
  }
  return content;
}

}  // namespace waystation::evidence
