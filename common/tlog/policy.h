#ifndef WAYSTATION_COMMON_TLOG_POLICY_H_
#define WAYSTATION_COMMON_TLOG_POLICY_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/tlog/checkpoint.h"
#include "common/tlog/note.h"

namespace waystation::tlog {

// A cosigner as a policy knows it ("witness" in the words of the format).
struct PolicyCosigner {
  std::string name;
  VerifierKey key;
};

// A cosignature that verified.
struct Cosigned {
  std::string name;  // The policy's.
  absl::Time time;
};

// Which checkpoints of which log count: c2sp.org/tlog-policy. Logs of several
// keys are one log here, so they bear one origin.
//
//   WS_ASSIGN_OR_RETURN(Policy policy, Policy::Parse(file));
//   WS_ASSIGN_OR_RETURN(SignedCheckpoint checkpoint, policy.OpenCosigned(bytes));
//
// Limits: 32 logs, 32 cosigners and 32 groups, 64 KiB.
// Thread-safe: immutable.
class Policy {
 public:
  // Errors: INVALID_ARGUMENT naming the line.
  static absl::StatusOr<Policy> Parse(std::string_view text);

  const std::vector<VerifierKey>& log_keys() const { return log_keys_; }
  const std::vector<PolicyCosigner>& cosigners() const { return cosigners_; }
  // The origin of the log; empty when the policy names none.
  const std::string& origin() const;

  // Signed by the log, whoever else has signed. Errors: of OpenCheckpoint.
  absl::StatusOr<SignedCheckpoint> Open(std::string_view bytes) const;
  // Signed by the log and cosigned by a quorum. Errors: of OpenCheckpoint;
  // FAILED_PRECONDITION (NO_QUORUM) naming who cosigned.
  absl::StatusOr<SignedCheckpoint> OpenCosigned(std::string_view bytes) const;

  // The policy's cosigners whose line in the note verifies, once each.
  std::vector<Cosigned> CosignersOf(const Note& note) const;
  bool IsQuorum(const std::vector<Cosigned>& cosigned) const;

 private:
  struct Group {
    std::string name;
    size_t wanted = 0;
    std::vector<std::string> members;
  };
  class Parser;

  Policy() = default;
  bool Holds(const std::string& name, const std::set<std::string>& cosigned) const;

  std::vector<VerifierKey> log_keys_;
  std::vector<PolicyCosigner> cosigners_;
  std::vector<Group> groups_;
  std::optional<std::string> quorum_;  // "" is `none`.
};

}  // namespace waystation::tlog

#endif  // WAYSTATION_COMMON_TLOG_POLICY_H_
