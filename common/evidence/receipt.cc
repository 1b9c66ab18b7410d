#include "common/evidence/receipt.h"

#include <string>

#include "common/evidence/content_types.h"
#include "common/evidence/wire.h"
#include "common/ids/uuid.h"
#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::evidence {
namespace {

absl::Status Bad(std::string_view problem, std::string_view got, std::string_view want) {
  return Refusal(absl::StatusCode::kInvalidArgument, "RECEIPT_MISMATCH",
                 Problem("receipt", problem, got, want));
}

absl::Status CheckMessage(std::string_view message_id, std::string_view envelope_hash) {
  if (!IsUuidV7(message_id)) {
    return Bad("message_id is not an id", Quoted(message_id), "a UUIDv7");
  }
  if (envelope_hash.size() == kDigestBytes) return absl::OkStatus();
  return Bad("envelope_hash has a wrong size", absl::StrCat(envelope_hash.size()), "32 bytes");
}

absl::Status CheckTime(bool present, const google::protobuf::Timestamp& time) {
  if (present && IsValidTime(time)) return absl::OkStatus();
  return Bad("no time", present ? absl::StrCat(time.seconds(), " s") : "none",
             "a protobuf Timestamp");
}

absl::Status CheckCustody(const bus::v1::CustodyReceipt& receipt) {
  WS_RETURN_IF_ERROR(CheckMessage(receipt.message_id(), receipt.envelope_hash()));
  if (receipt.sequence() == 0) return Bad("sequence is missing", "0", "from 1");
  return CheckTime(receipt.has_accept_time(), receipt.accept_time());
}

absl::Status CheckDelivery(const bus::v1::DeliveryReceipt& receipt) {
  WS_RETURN_IF_ERROR(CheckMessage(receipt.message_id(), receipt.envelope_hash()));
  if (receipt.recipient().empty() || receipt.recipient().size() > kIdentityBytesMax) {
    return Bad("recipient has a wrong size", absl::StrCat(receipt.recipient().size()),
               "1 to 256 bytes");
  }
  if (receipt.outcome() < bus::v1::DELIVERY_OUTCOME_APPLIED ||
      receipt.outcome() > bus::v1::DELIVERY_OUTCOME_QUARANTINED) {
    return Bad("outcome is missing or unknown", absl::StrCat(static_cast<int>(receipt.outcome())),
               absl::StrCat(static_cast<int>(bus::v1::DELIVERY_OUTCOME_APPLIED), " to ",
                            static_cast<int>(bus::v1::DELIVERY_OUTCOME_QUARANTINED)));
  }
  if (receipt.attempt() == 0) return Bad("attempt is missing", "0", "from 1");
  return CheckTime(receipt.has_time(), receipt.time());
}

// The receipt's bytes as a message, its content unjudged.
template <typename Receipt>
absl::StatusOr<Receipt> ParseReceipt(std::string_view bytes, UnknownFields unknown) {
  if (bytes.empty() || bytes.size() > kReceiptBytesMax) {
    return Bad("wrong size", absl::StrCat(bytes.size()), "1 to 1,024 bytes");
  }
  Receipt receipt;
  if (ParseStrictly(bytes, unknown, &receipt)) return receipt;
  return Bad("malformed", absl::StrCat(bytes.size(), " bytes"),
             "one serialized " + Receipt::descriptor()->name());
}

}  // namespace

absl::StatusOr<bus::v1::CustodyReceipt> ParseCustodyReceipt(std::string_view bytes) {
  // A newer broker may say more; the agency keeps the bytes either way.
  WS_ASSIGN_OR_RETURN(auto receipt,
                      ParseReceipt<bus::v1::CustodyReceipt>(bytes, UnknownFields::kKeep));
  WS_RETURN_IF_ERROR(CheckCustody(receipt));
  return receipt;
}

absl::StatusOr<bus::v1::DeliveryReceipt> ParseDeliveryReceipt(std::string_view bytes) {
  WS_ASSIGN_OR_RETURN(auto receipt,
                      ParseReceipt<bus::v1::DeliveryReceipt>(bytes, UnknownFields::kRefuse));
  WS_RETURN_IF_ERROR(CheckDelivery(receipt));
  return receipt;
}

absl::StatusOr<bus::v1::CustodyReceipt> VerifyCustodyReceipt(
    const Verifier& verifier, const bus::v1::SignedReceipt& receipt, std::string_view broker,
    std::string_view message_id, const crypto::Digest& envelope_hash, BatchCache* cache) {
  WS_ASSIGN_OR_RETURN(bus::v1::CustodyReceipt content, ParseCustodyReceipt(receipt.receipt()));
  WS_RETURN_IF_ERROR(verifier.Verify(kCustodyReceiptContent, receipt.receipt(), receipt.signature(),
                                     broker, cache));
  if (content.message_id() != message_id) {
    return Bad("of another message id", Quoted(content.message_id()), Quoted(message_id));
  }
  if (content.envelope_hash() != crypto::AsBytes(envelope_hash)) {
    return Bad("of other content under the same id", crypto::Hex(content.envelope_hash()),
               crypto::Hex(crypto::AsBytes(envelope_hash)));
  }
  return content;
}

}  // namespace waystation::evidence
