#ifndef WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_SOURCE_H_
#define WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_SOURCE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/tlog/policy.h"
#include "tools/waystation/connect.h"
#include "tools/waystation/evidence/evidence_export.h"
#include "waystation/audit/v1/log_service.grpc.pb.h"
#include "waystation/bus/v1/directory.grpc.pb.h"
#include "waystation/bus/v1/ledger.grpc.pb.h"

namespace waystation::cli {

// Asks the broker, as the auditor, for what one referral's evidence is made from.
//
// Single-threaded: the command.
class EvidenceSource {
 public:
  // Errors: of ConnectAsAuditor; FAILED_PRECONDITION the profile names no log policy;
  // INVALID_ARGUMENT that policy cannot be read.
  static absl::StatusOr<EvidenceSource> Open(const Session& session, const Profile& profile);

  // The referral as it stands now, with proofs for all of it under one checkpoint
  // that counts. The log is signed once a second and cosigned after that, so this
  // asks again until `patience` is over.
  // Errors: NOT_FOUND (UNKNOWN_REFERRAL); DEADLINE_EXCEEDED naming what has no proof
  // yet, or whose cosignatures are missing; of the calls.
  absl::StatusOr<EvidenceSources> Ask(const std::string& referral_id, absl::Duration patience);

  const tlog::Policy& policy() const { return policy_; }

 private:
  EvidenceSource(const Session& session, const Profile& profile, Remote remote,
                 tlog::Policy policy);

  absl::Status AskForProofs(EvidenceSources* sources);

  const Clock* clock_;
  Remote remote_;
  tlog::Policy policy_;
  EvidenceSources begun_;  // What the profile has.
  std::unique_ptr<bus::v1::LedgerService::Stub> ledger_;
  std::unique_ptr<bus::v1::DirectoryService::Stub> directory_;
  std::unique_ptr<audit::v1::LogService::Stub> log_;
};

// The file of the profile's log policy. Errors: FAILED_PRECONDITION it names none.
absl::StatusOr<std::string> LogPolicyPath(const Profile& profile);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_SOURCE_H_
