#ifndef WAYSTATION_COMMON_TLOG_CHECKPOINT_H_
#define WAYSTATION_COMMON_TLOG_CHECKPOINT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/merkle/tree.h"
#include "common/tlog/note.h"

namespace waystation::tlog {

// The head of a log as c2sp.org/tlog-checkpoint v1.0.0 writes it: what exactly
// is signed and countersigned.
struct Checkpoint {
  std::string origin;  // Identity of the log, no space and no plus.
  uint64_t size = 0;   // Leaves.
  merkle::Digest root{};

  bool operator==(const Checkpoint&) const = default;

  // The note text: three lines, each with its newline.
  std::string ToText() const;
  // Reads a note text. Extension lines are refused: nobody can audit them.
  // Errors: INVALID_ARGUMENT.
  static absl::StatusOr<Checkpoint> FromText(std::string_view text);
};

// A checkpoint with the note that carries it, signed by one of the log's keys.
struct SignedCheckpoint {
  Checkpoint checkpoint;
  Note note;
};

// Parses and verifies a checkpoint against the keys of the log; the keys' names
// are its origin. Lines of other keys are kept and mean nothing yet.
// Errors: INVALID_ARGUMENT malformed or another origin; UNAUTHENTICATED no key
// of the log signed it, or a line of one does not verify.
absl::StatusOr<SignedCheckpoint> OpenCheckpoint(std::string_view bytes,
                                                const std::vector<VerifierKey>& log_keys);

}  // namespace waystation::tlog

#endif  // WAYSTATION_COMMON_TLOG_CHECKPOINT_H_
