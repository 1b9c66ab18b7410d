#ifndef WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_EVIDENCE_CHECK_H_
#define WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_EVIDENCE_CHECK_H_

#include <string>

#include "absl/status/status.h"
#include "common/crypto/trust.h"
#include "common/tlog/policy.h"
#include "tools/waystation/evidence/evidence_files.h"

namespace waystation::cli {

// Whom the verifier believes; never taken from the evidence unless the user says so.
struct EvidenceTrust {
  crypto::TrustStore trust;
  tlog::Policy policy;
  // The broker's identity; empty takes any whose path begins with "broker/".
  std::string broker;
};

// Verifies evidence offline from public keys alone: every signature and the chain of
// its certificate at the time of the record, every receipt against its message, every
// leaf against what it commits to and its place under the checkpoint, the
// checkpoint's signature and quorum, and that the steps are a way through the table
// of referrals without a gap. What does not hold is in `problems`, each naming its
// file; a report without problems means that everything held.
//
// Not proven by it: that no later step exists, and a payload's content.
// Thread-safe.
v1::EvidenceReport CheckEvidence(const Evidence& evidence, const EvidenceTrust& trust);

// OK when nothing failed. Errors: FAILED_PRECONDITION (exit code 6) with the first
// problem and how many there are.
absl::Status AllHeld(const v1::EvidenceReport& report);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_EVIDENCE_CHECK_H_
