#ifndef WAYSTATION_TOOLS_WAYSTATION_HISTORY_H_
#define WAYSTATION_TOOLS_WAYSTATION_HISTORY_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/crypto/sha256.h"
#include "common/crypto/trust.h"
#include "common/evidence/directory.h"
#include "common/evidence/verifier.h"
#include "tools/waystation/history.pb.h"
#include "waystation/bus/v1/ledger.pb.h"

namespace waystation::cli {

// Verifies the evidence of one referral from scratch, believing nothing that the
// broker says of it: message signatures, custody receipts and delivery receipts
// by certificates of the directory, whose chains are judged by the reader's own
// roots and revocation lists; that each names the others' hashes; that versions
// rise without a gap.
//
//   HistoryVerifier verifier(directory, trust, {broker, bus_id});
//   std::vector<v1::VerifiedStep> steps = verifier.Verify(history, referral_id);
//
// Not proven by it: that the broker left no later step out (that needs a
// checkpoint), and the order of steps that no message carries.
//
// Thread-safe.
class HistoryVerifier {
 public:
  struct Bus {
    std::string broker;  // The identity that must have signed custody receipts.
    std::string bus_id;
  };

  HistoryVerifier(std::shared_ptr<const evidence::DirectoryView> directory,
                  crypto::TrustStore trust, Bus bus)
      : directory_(std::move(directory)),
        trust_(std::move(trust)),
        bus_(std::move(bus)),
        verifier_(*directory_) {}

  // One step for each entry, in order. Nothing here fails: what does not hold
  // is a problem of its step.
  std::vector<v1::VerifiedStep> Verify(const bus::v1::GetReferralHistoryResponse& history,
                                       std::string_view referral_id) const;

 private:
  // A message of this history, by its id.
  struct Known {
    crypto::Digest envelope_hash;
    bus::v1::Header header;
    absl::Time accepted;
  };
  using KnownMessages = std::map<std::string, Known, std::less<>>;

  absl::Status CheckChain(std::string_view signer, std::string_view certificate_sha256,
                          absl::Time at) const;
  absl::Status CheckMessage(const bus::v1::HistoryEntry& entry, std::string_view referral_id,
                            KnownMessages* known) const;
  absl::Status CheckCustody(const bus::v1::HistoryEntry& entry, const KnownMessages& known) const;
  absl::Status CheckDelivery(const bus::v1::SignedReceipt& signed_receipt,
                             const KnownMessages& known, v1::VerifiedStep* step) const;
  void VerifyEntry(const bus::v1::HistoryEntry& entry, std::string_view referral_id,
                   KnownMessages* known, v1::VerifiedStep* step) const;

  std::shared_ptr<const evidence::DirectoryView> directory_;
  crypto::TrustStore trust_;
  Bus bus_;
  evidence::Verifier verifier_;
};

// OK when no step has a problem. Errors: FAILED_PRECONDITION (exit code 6).
absl::Status AllVerified(const std::vector<v1::VerifiedStep>& steps);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_HISTORY_H_
