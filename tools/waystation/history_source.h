#ifndef WAYSTATION_TOOLS_WAYSTATION_HISTORY_SOURCE_H_
#define WAYSTATION_TOOLS_WAYSTATION_HISTORY_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/waystation/connect.h"
#include "tools/waystation/history.h"
#include "waystation/bus/v1/directory.grpc.pb.h"
#include "waystation/bus/v1/ledger.grpc.pb.h"

namespace waystation::cli {

// A referral's history as fetched and verified.
struct VerifiedHistory {
  bus::v1::Referral referral;
  std::vector<v1::VerifiedStep> steps;
};

// Reads a directory for the verifier. It may come from anybody: certificates are
// looked up in it, and whom to believe is judged by the roots and lists of the
// profile alone. Errors: INVALID_ARGUMENT it cannot be read; FAILED_PRECONDITION
// roots or lists cannot be used.
absl::StatusOr<HistoryVerifier> VerifierBy(const bus::v1::GetDirectoryResponse& directory,
                                           const v1::Profile& profile, const Clock& clock);

// The broker's ledger and directory, as the auditor sees them.
//
// Single-threaded: the command.
class HistorySource {
 public:
  // Errors: of ConnectAsAuditor.
  static absl::StatusOr<HistorySource> Open(const Session& session, const Profile& profile);

  // Where the referral stands. Errors: NOT_FOUND (UNKNOWN_REFERRAL).
  absl::StatusOr<bus::v1::Referral> Referral(const std::string& referral_id);

  // Fetches and verifies. Problems of evidence are in the steps; errors are of
  // the calls, or INVALID_ARGUMENT a directory that cannot be read.
  absl::StatusOr<VerifiedHistory> History(const std::string& referral_id);

  // The directory as the broker has it.
  absl::StatusOr<bus::v1::GetDirectoryResponse> Directory();

 private:
  HistorySource(const Session& session, const Profile& profile, Remote remote);

  const Clock* clock_;
  v1::Profile profile_;
  Remote remote_;
  std::unique_ptr<bus::v1::LedgerService::Stub> ledger_;
  std::unique_ptr<bus::v1::DirectoryService::Stub> directory_;
};

// The steps as a table: when, who, what, signature, evidence.
Table StepTable(const std::vector<v1::VerifiedStep>& steps);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_HISTORY_SOURCE_H_
