#ifndef WAYSTATION_COMMON_EVIDENCE_LOG_LEAF_H_
#define WAYSTATION_COMMON_EVIDENCE_LOG_LEAF_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/crypto/sha256.h"
#include "waystation/audit/v1/leaf.pb.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/journal/v1/record.pb.h"

// From a record of the journal to its leaf in the audit log, for the broker that
// publishes it and for whoever checks. The bytes are those of
// waystation.audit.v1.LogLeaf. Thread-safe functions.

namespace waystation::evidence {

inline constexpr size_t kLogSaltBytes = 16;
inline constexpr size_t kLogLeafBytesMax = 256;

// What a leaf is made of.
struct LogLeafParts {
  uint64_t sequence = 0;
  int64_t time_us = 0;
  int kind = 0;  // Field number.
  crypto::Digest record_sha256{};
  std::optional<crypto::Digest> evidence_sha256;
};

// The leaf's bytes.
std::string LogLeafBytes(const LogLeafParts& parts);

// SHA-256(salt || evidence hash).
crypto::Digest SaltedEvidence(std::string_view salt, const crypto::Digest& evidence_hash);

// The custody receipt for an accepted record: the fixed bytes that the broker
// signs. The same record gives the same bytes for ever. `message_id` is the
// header's.
std::string CustodyReceiptBytes(const journal::v1::Record& record, std::string_view message_id,
                                std::string_view bus_id);

// What of the record is signed evidence, as its leaf commits to it: nothing for
// kinds that hold none. Errors: DATA_LOSS an accepted record whose header does
// not parse.
absl::StatusOr<std::optional<crypto::Digest>> EvidenceHashOf(const journal::v1::Record& record,
                                                             std::string_view bus_id);

// The leaf of a record with a salt, from what the journal has: `bytes`, and the
// same parsed. Errors: DATA_LOSS its salt has the wrong length, or as above.
absl::StatusOr<std::string> LogLeafOf(const journal::v1::Record& record, std::string_view bytes,
                                      std::string_view bus_id);

// Reads a leaf; only the one form is taken. Errors: INVALID_ARGUMENT.
absl::StatusOr<audit::v1::LogLeaf> ParseLogLeaf(std::string_view bytes);

}  // namespace waystation::evidence

#endif  // WAYSTATION_COMMON_EVIDENCE_LOG_LEAF_H_
