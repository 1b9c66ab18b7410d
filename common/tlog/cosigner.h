#ifndef WAYSTATION_COMMON_TLOG_COSIGNER_H_
#define WAYSTATION_COMMON_TLOG_COSIGNER_H_

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/crypto/ed25519.h"
#include "common/tlog/checkpoint.h"
#include "common/tlog/note.h"

// The cosigner's side of c2sp.org/tlog-witness, and the bodies that both sides
// exchange. The bytes are those of the specification; what carries them is not.

namespace waystation::tlog {

// The body of an add-checkpoint request.
struct AddCheckpoint {
  uint64_t old_size = 0;
  std::string proof;       // Consistency proof, 32 bytes each.
  std::string checkpoint;  // The note, verbatim.

  std::string ToBody() const;
  // Errors: INVALID_ARGUMENT.
  static absl::StatusOr<AddCheckpoint> FromBody(std::string_view body);
};

// The answer: an HTTP status code and a body.
struct AddCheckpointReply {
  int code = 0;      // 200, 400, 403, 404, 409, 422, or 500 when it cannot be kept.
  std::string body;  // 200: cosignature lines; 409: the size that it has, and a newline.
};

// Where a cosigner keeps the latest checkpoint that it signed. A kept one must
// have survived a loss of power when `Keep` returns.
//
// Thread-compatible.
class CosignerStore {
 public:
  virtual ~CosignerStore() = default;
  // The note that was kept last; nothing when there is none. Errors: the store's.
  virtual absl::StatusOr<std::optional<std::string>> Latest() = 0;
  virtual absl::Status Keep(const std::string& note) = 0;
};

// Countersigns the checkpoints of one log: only one that extends the last, and
// only after that is kept. So no two cosigned checkpoints of a cosigner can
// belong to different histories.
//
//   Cosigner cosigner(name, key, log_keys, store, clock);
//   AddCheckpointReply reply = cosigner.Add(request_body);
//
// Borrows store and clock. Thread-safe: comparing and keeping is one step.
class Cosigner {
 public:
  // What a cosigner tells of a checkpoint that the log signed and that does not
  // extend the last one: evidence of a split log.
  struct Conflict {
    std::string kept;  // Notes, verbatim.
    std::string other;
  };
  using OnConflict = std::function<void(const Conflict&)>;

  Cosigner(VerifierKey name, crypto::Ed25519Key key, std::vector<VerifierKey> log_keys,
           CosignerStore& store, const Clock& clock, OnConflict on_conflict = nullptr);

  AddCheckpointReply Add(std::string_view body);

  const VerifierKey& name() const { return name_; }

 private:
  AddCheckpointReply Judge(const AddCheckpoint& request, const SignedCheckpoint& offered);
  AddCheckpointReply SignAndKeep(const SignedCheckpoint& offered);

  const VerifierKey name_;
  const crypto::Ed25519Key key_;
  const std::vector<VerifierKey> log_keys_;
  CosignerStore& store_;
  const Clock& clock_;
  const OnConflict on_conflict_;
  std::mutex mutex_;
};

}  // namespace waystation::tlog

#endif  // WAYSTATION_COMMON_TLOG_COSIGNER_H_
