#ifndef WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_SIGNED_PARTS_H_
#define WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_SIGNED_PARTS_H_

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/evidence/verifier.h"
#include "tools/waystation/evidence/evidence_check.h"
#include "tools/waystation/evidence/evidence_record.h"

namespace waystation::cli {

// The certificates of a directory of evidence. Nobody vouches for a binding of
// identity and certificate but the authority: the one URI SAN says whose it is.
//
// Thread-compatible: finding notes what was used.
class EvidenceCertificates : public evidence::CertificateLookup {
 public:
  // Problems name the files that are no certificate or not the one of their name.
  EvidenceCertificates(const EvidenceFiles& files, std::vector<std::string>* problems);

  const crypto::Certificate* FindSigning(std::string_view signer,
                                         const crypto::Digest& sha256) const override;
  // Files whose certificate nothing named.
  std::vector<std::string> Unused() const;

 private:
  std::map<crypto::Digest, crypto::Certificate> certificates_;
  mutable std::set<crypto::Digest> used_;
};

// What is signed in the records of one referral. Each function checks one thing and
// its error names the file.
//
// Borrows all it is given. Thread-compatible.
class SignedParts {
 public:
  SignedParts(const EvidenceTrust& trust, const v1::EvidenceManifest& manifest,
              const EvidenceCertificates& certificates)
      : trust_(trust), manifest_(manifest), certificates_(certificates), verifier_(certificates) {}

  // The sender's signature over the header, its certificate at the accept time, and
  // that it is of this referral.
  absl::Status CheckMessage(const EvidenceRecord& record) const;
  // The broker's receipt for exactly that message and record.
  absl::Status CheckCustody(const EvidenceRecord& record) const;
  // Receipt `index` of a delivered record, for one of `messages`.
  absl::Status CheckDelivery(const EvidenceRecord& record, size_t index,
                             const std::vector<EvidenceRecord>& messages) const;

 private:
  absl::Status CheckChain(std::string_view signer, const bus::v1::Signature& signature,
                          absl::Time at) const;

  const EvidenceTrust& trust_;
  const v1::EvidenceManifest& manifest_;
  const EvidenceCertificates& certificates_;
  evidence::Verifier verifier_;
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_SIGNED_PARTS_H_
