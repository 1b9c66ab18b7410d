#ifndef WAYSTATION_COMMON_TLOG_PROOF_H_
#define WAYSTATION_COMMON_TLOG_PROOF_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/merkle/tree.h"

namespace waystation::tlog {

// A `.tlog-proof` (c2sp.org/tlog-proof@v1): that a leaf stands in a log, with the
// checkpoint that says so. Made once and checked offline for decades.
struct Proof {
  uint64_t index = 0;
  std::string path;        // Audit path, 32 bytes each, lowest first.
  std::string checkpoint;  // The note, verbatim, cosignatures included.
  std::string extra;       // Opaque, not authenticated; may be empty.

  std::string ToBytes() const;
  // Errors: INVALID_ARGUMENT malformed, or a path of more than 63 hashes.
  static absl::StatusOr<Proof> Parse(std::string_view bytes);
};

// A sequence of base64 hash lines, as proofs and cosign requests have them.
std::string HashLines(std::string_view hashes);
// Reads such lines from the front of `*rest` up to a blank line, and takes that
// away too. Errors: INVALID_ARGUMENT malformed, or more than 63.
absl::StatusOr<std::string> TakeHashLines(std::string_view* rest);

}  // namespace waystation::tlog

#endif  // WAYSTATION_COMMON_TLOG_PROOF_H_
