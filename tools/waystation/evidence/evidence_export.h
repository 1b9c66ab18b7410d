#ifndef WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_EVIDENCE_EXPORT_H_
#define WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_EVIDENCE_EXPORT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/waystation/evidence/evidence_files.h"
#include "waystation/audit/v1/log_service.pb.h"
#include "waystation/bus/v1/directory.pb.h"
#include "waystation/bus/v1/ledger.pb.h"

namespace waystation::cli {

// What one referral's evidence is made from, as the bus answers it.
struct EvidenceSources {
  std::string referral_id;
  std::string broker;  // Identity.
  bus::v1::GetReferralHistoryResponse history;
  audit::v1::GetReferralProofsResponse proofs;
  bus::v1::GetDirectoryResponse directory;
  // Files of the profile.
  std::string roots_pem;
  std::string crl_pem;
  std::string log_policy;
};

// What of the history has no place under the checkpoint of `proofs` yet, in words:
// "record 12 (take up)". Empty when the evidence is whole. Thread-safe.
std::vector<std::string> WithoutProof(const EvidenceSources& sources);

// Lays the evidence out in files: this referral's records and nothing of another
// one, no payload, no opening of a link. Verifies nothing. Thread-safe.
// Errors: NOT_FOUND a record has no proof, or a certificate is not in the
// directory; DATA_LOSS the bus answered what cannot be read.
absl::StatusOr<Evidence> MakeEvidence(const EvidenceSources& sources);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_EVIDENCE_EXPORT_H_
