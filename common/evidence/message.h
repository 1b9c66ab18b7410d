#ifndef WAYSTATION_COMMON_EVIDENCE_MESSAGE_H_
#define WAYSTATION_COMMON_EVIDENCE_MESSAGE_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/sha256.h"
#include "common/evidence/content_types.h"
#include "waystation/bus/v1/message.pb.h"

// The rules of message.proto that need nothing but the message: what broker,
// receiver and auditor must all see the same way. Thread-safe functions.

namespace waystation::evidence {

// SHA-256 of the DSSE pre-authentication encoding of the header: the value by
// which duplicates are compared and that receipts name.
crypto::Digest EnvelopeHash(std::string_view header_bytes);

// Reads header bytes. Every field must be known and stand there once: a header
// that two readers could read differently is no evidence, and an unknown field
// could carry what a header must not say.
// Errors: INVALID_ARGUMENT (HEADER_LIMIT, HEADER_MALFORMED).
absl::StatusOr<bus::v1::Header> ParseHeader(std::string_view header_bytes);

// Checks each field of a parsed header by itself. Who the sender is, which
// types and recipients exist and what policy says are the caller's questions.
// Errors: INVALID_ARGUMENT with the reasons ID_INVALID, HEADER_MALFORMED,
// HEADER_LIMIT, TIME_INVALID, RECIPIENTS_INVALID, PAYLOAD_LIMIT,
// REFERRAL_ON_NON_CASE, REFERRAL_MISSING, SUBJECT_ON_CASE, SUBJECT_ON_MEMO,
// PAYLOAD_NOT_ENCRYPTED, ILLEGAL_TRANSITION, SCOPE_VERSION, LINK_INVALID.
// `form` is what the directory says of `header.type()`.
absl::Status CheckHeader(const bus::v1::Header& header, MessageForm form);

// Checks that the payload is the one that the header names.
// Errors: INVALID_ARGUMENT (PAYLOAD_LIMIT, PAYLOAD_MISMATCH).
absl::Status CheckPayload(const bus::v1::Header& header, std::string_view payload);

// The commitment to a linked referral: SHA-256(salt || referral_id).
crypto::Digest LinkCommitment(std::string_view salt, std::string_view referral_id);

// Checks that each commitment of the header is opened by the message and that
// there is no opening without one. Publisher to broker only; a delivered
// message has no openings. Errors: INVALID_ARGUMENT (LINK_INVALID).
absl::Status CheckLinks(const bus::v1::Header& header, const bus::v1::SignedMessage& message);

}  // namespace waystation::evidence

#endif  // WAYSTATION_COMMON_EVIDENCE_MESSAGE_H_
