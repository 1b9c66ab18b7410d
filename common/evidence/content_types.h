#ifndef WAYSTATION_COMMON_EVIDENCE_CONTENT_TYPES_H_
#define WAYSTATION_COMMON_EVIDENCE_CONTENT_TYPES_H_

#include <string_view>

namespace waystation::evidence {

// The DSSE payload types. Each kind of signed content has its own, so that a
// signature over one can never pass for a signature over another.

inline constexpr std::string_view kHeaderContent = "application/vnd.waystation.header.v1+protobuf";
inline constexpr std::string_view kBatchContent = "application/vnd.waystation.batch.v1+protobuf";
inline constexpr std::string_view kDeliveryReceiptContent =
    "application/vnd.waystation.delivery-receipt.v1+protobuf";
inline constexpr std::string_view kCustodyReceiptContent =
    "application/vnd.waystation.custody-receipt.v1+protobuf";
// Pages of an agency's index of its handoffs, and their entries.
inline constexpr std::string_view kHandoffIndexContent =
    "application/vnd.waystation.handoff-index.v1+protobuf";

// Media type of every encrypted payload (RFC 8551, RFC 5083).
inline constexpr std::string_view kEncryptedMediaType =
    "application/pkcs7-mime; smime-type=authEnveloped-data";

// What the directory says of a message type.
enum class MessageForm {
  kOpen,  // Payload as the sender likes, no referral.
  kCase,  // A step of a referral; payload encrypted.
  kMemo,  // No referral; payload encrypted.
};

}  // namespace waystation::evidence

#endif  // WAYSTATION_COMMON_EVIDENCE_CONTENT_TYPES_H_
