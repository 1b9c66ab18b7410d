#ifndef WAYSTATION_SERVICES_BROKER_LOG_LOG_SIGNER_H_
#define WAYSTATION_SERVICES_BROKER_LOG_LOG_SIGNER_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/ed25519.h"
#include "common/crypto/signing_key.h"
#include "common/tlog/checkpoint.h"
#include "common/tlog/note.h"
#include "common/tlog/policy.h"

namespace waystation::broker {

// Signs checkpoints of the audit log, and never two that contradict each other: what
// it signed last stands in a file beside the key, durable before the signature
// leaves. That file and the key belong outside of backups; a journal restored from
// one is then older than the file and is found out.
//
// Each note has an Ed25519 line, which the format wants, and one with the broker's
// P-256 key, for where FIPS rules bind.
//
// Single-threaded: the audit log's thread.
class LogSigner {
 public:
  struct Options {
    std::string key_path;  // Ed25519, PEM; `<key_path>.last` is kept beside it.
    // The broker's signing key, PEM.
    std::string p256_key_path;
  };

  // Errors: INVALID_ARGUMENT, NOT_FOUND a file cannot be used; FAILED_PRECONDITION
  // the key is not the log's of `policy`; DATA_LOSS the file beside it is damaged.
  static absl::StatusOr<LogSigner> Load(const Options& options, const tlog::Policy& policy);

  const std::string& origin() const { return ed25519_name_.name(); }
  // What was signed last; nothing when it never signed.
  const std::optional<tlog::Checkpoint>& last() const { return last_; }

  // Returns the note. Errors: FAILED_PRECONDITION smaller than the last one, or
  // another root for its size; INTERNAL; UNAVAILABLE the file cannot be written.
  absl::StatusOr<std::string> Sign(const tlog::Checkpoint& checkpoint);

 private:
  LogSigner(std::string last_path, tlog::VerifierKey ed25519_name, crypto::Ed25519Key ed25519,
            tlog::VerifierKey p256_name, crypto::SigningKey p256)
      : last_path_(std::move(last_path)),
        ed25519_name_(std::move(ed25519_name)),
        ed25519_(std::move(ed25519)),
        p256_name_(std::move(p256_name)),
        p256_(std::move(p256)) {}

  absl::Status ReadLast();

  std::string last_path_;
  tlog::VerifierKey ed25519_name_;
  crypto::Ed25519Key ed25519_;
  tlog::VerifierKey p256_name_;
  crypto::SigningKey p256_;
  std::optional<tlog::Checkpoint> last_;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_LOG_LOG_SIGNER_H_
