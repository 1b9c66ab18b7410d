#ifndef WAYSTATION_COMMON_EVIDENCE_CONTENT_TYPES_H_
#define WAYSTATION_COMMON_EVIDENCE_CONTENT_TYPES_H_

#include <string_view>

// The DSSE payload types. Each kind of signed content has its own, so that a
// signature over one can never pass for a signature over another.

namespace waystation::evidence {

inline constexpr std::string_view kHeaderContent = "application/vnd.waystation.header.v1+protobuf";
inline constexpr std::string_view kBatchContent = "application/vnd.waystation.batch.v1+protobuf";
inline constexpr std::string_view kDeliveryReceiptContent =
    "application/vnd.waystation.delivery-receipt.v1+protobuf";
inline constexpr std::string_view kCustodyReceiptContent =
    "application/vnd.waystation.custody-receipt.v1+protobuf";
// Pages of an agency's index of its handoffs, and their entries.
inline constexpr std::string_view kHandoffIndexContent =
    "application/vnd.waystation.handoff-index.v1+protobuf";

// Media type of every case payload (RFC 8551, RFC 5083).
inline constexpr std::string_view kCaseMediaType =
    "application/pkcs7-mime; smime-type=authEnveloped-data";

}  // namespace waystation::evidence

#endif  // WAYSTATION_COMMON_EVIDENCE_CONTENT_TYPES_H_
