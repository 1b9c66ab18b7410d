#ifndef WAYSTATION_COMMON_CLIENT_EVIDENCE_CHECKER_H_
#define WAYSTATION_COMMON_CLIENT_EVIDENCE_CHECKER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/client/directory_cache.h"
#include "common/crypto/sha256.h"
#include "common/evidence/trust_cache.h"
#include "common/evidence/verifier.h"
#include "common/rpc/trust_source.h"
#include "waystation/bus/v1/message.pb.h"
#include "waystation/bus/v1/subscriber.pb.h"

namespace waystation::client {

// A delivery whose sender is proven.
struct VerifiedDelivery {
  bus::v1::SignedMessage message;
  bus::v1::Header header;
  crypto::Digest envelope_hash;
  uint32_t attempt = 0;
  absl::Time accept_time;
};

// Verifies what a stream from the broker brings: signature, enrolment, and that
// the signing certificate was good at the accept time by the agency's own roots
// and revocation lists. What the directory at hand does not know makes it ask
// for a newer one, once.
//
// Does not own the cache and the trust source.
// Single-threaded: the reader of one stream.
class EvidenceChecker {
 public:
  EvidenceChecker(DirectoryCache& directory, rpc::TrustSource& trust);

  // Errors: of evidence::VerifyCustodyReceipt and TrustCache; UNAVAILABLE the
  // directory could not be fetched.
  absl::StatusOr<bus::v1::CustodyReceipt> CheckCustody(const bus::v1::SignedReceipt& receipt,
                                                       std::string_view broker,
                                                       std::string_view message_id,
                                                       const crypto::Digest& envelope_hash);

  // Takes the message out of `delivery` when it is good. Errors: INVALID_ARGUMENT
  // and UNAUTHENTICATED with the reasons of `evidence` for a bad message,
  // UNKNOWN_TYPE, RECIPIENTS_INVALID when `recipient` is not among the
  // recipients; UNAVAILABLE the directory could not be fetched.
  absl::StatusOr<VerifiedDelivery> CheckDelivery(bus::v1::Delivery* delivery,
                                                 std::string_view recipient);

 private:
  using Check = std::function<absl::Status(const evidence::DirectoryView&)>;

  absl::Status WithNewestDirectory(const Check& check);
  absl::Status CheckTrust(const evidence::DirectoryView& view, std::string_view signer,
                          std::string_view certificate_sha256, absl::Time at);

  DirectoryCache& directory_;
  rpc::TrustSource& trust_;
  evidence::BatchCache batches_;
  std::optional<evidence::TrustCache> trusted_;
  uint64_t trusted_generation_ = 0;
};

}  // namespace waystation::client

#endif  // WAYSTATION_COMMON_CLIENT_EVIDENCE_CHECKER_H_
