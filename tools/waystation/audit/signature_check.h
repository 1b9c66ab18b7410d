#ifndef WAYSTATION_TOOLS_WAYSTATION_AUDIT_SIGNATURE_CHECK_H_
#define WAYSTATION_TOOLS_WAYSTATION_AUDIT_SIGNATURE_CHECK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/evidence/directory.h"
#include "common/evidence/trust_cache.h"
#include "common/evidence/verifier.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::cli {

// The signatures inside a journal's records: each message's by its sender, each
// block's custody receipts by the broker, each batch of delivery receipts by its
// receiver, all by certificates that were good at the record's time. The directory
// is the journal's own; whom to believe is the caller's.
//
// Errors name the record. Thread-compatible.
class SignatureCheck {
 public:
  explicit SignatureCheck(crypto::TrustStore trust) : trust_(std::move(trust)) {}

  // Takes the next record, the genesis first. Errors: UNAUTHENTICATED or
  // INVALID_ARGUMENT a signature does not hold; DATA_LOSS a record cannot be read.
  absl::Status Take(std::string_view record);

  // Signatures verified; a batch counts once for each message in it.
  uint64_t verified() const { return verified_; }

 private:
  absl::Status Check(const journal::v1::Record& record);
  absl::Status TakeBroker(const std::string& broker);
  absl::Status CheckAccepted(const journal::v1::Record& record);
  absl::Status CheckCustody(const journal::v1::Record& record);
  absl::Status CheckDelivered(const journal::v1::Record& record);
  absl::Status CheckChain(std::string_view signer, std::string_view certificate_sha256,
                          int64_t time_us);

  evidence::TrustCache trust_;
  std::string broker_;  // The one that writes now.
  std::string bus_id_;
  std::shared_ptr<const evidence::DirectoryView> directory_;
  std::optional<evidence::Verifier> verifier_;
  evidence::BatchCache cache_;
  // Custody receipts of the block so far.
  std::vector<std::string> custody_;
  uint64_t verified_ = 0;
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_AUDIT_SIGNATURE_CHECK_H_
