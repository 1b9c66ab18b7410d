#ifndef WAYSTATION_TOOLS_WAYSTATION_LETTER_CHECK_H_
#define WAYSTATION_TOOLS_WAYSTATION_LETTER_CHECK_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/certificate.h"
#include "common/crypto/trust.h"
#include "waystation/hhs/v1/hhs_service.pb.h"

// A letter of HHS judged from its file alone: what anybody can do who has the
// file and knows whom to believe, without asking a server. That HHS issued it
// says nothing of whether it still holds: only HHS can tell that.
// Thread-compatible.

namespace waystation::cli {

// A letter whose signature holds.
struct CheckedLetter {
  hhs::v1::Letter letter;
  std::string signer;
  crypto::Certificate certificate;
};

// Reads a SignedLetter and verifies its signature with the certificate that it
// carries, which must be HHS's by its own words. Whether to believe the
// certificate is the next question. Errors: Unverified.
absl::StatusOr<CheckedLetter> CheckLetterSignature(std::string_view file);

// Whether `certificate` is the one that the caller believes. Errors: Unverified.
absl::Status CheckPinned(const CheckedLetter& letter, const crypto::Certificate& pinned);

// Whether the roots carry the certificate: on the day of issue, since a letter
// outlives it, and not revoked now, since whoever stole its key writes any day
// into a letter. Errors: Unverified.
absl::Status CheckRooted(const CheckedLetter& letter, const crypto::TrustStore& trust,
                         std::string_view trust_domain, absl::Time now);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_LETTER_CHECK_H_
