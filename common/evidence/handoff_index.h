#ifndef WAYSTATION_COMMON_EVIDENCE_HANDOFF_INDEX_H_
#define WAYSTATION_COMMON_EVIDENCE_HANDOFF_INDEX_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/evidence/signer.h"
#include "common/evidence/verifier.h"
#include "waystation/audit/v1/index_service.pb.h"

// Pages of an agency's index of its handoffs: signed by the agency, verified as
// they came by the auditor. Thread-safe functions.

namespace waystation::evidence {

inline constexpr size_t kHandoffEntriesMax = 1000;

// Signs a page and its entries as one batch. `page` says all but the number of
// entries. Errors: INVALID_ARGUMENT more than 1,000 entries; INTERNAL OpenSSL failed.
absl::StatusOr<audit::v1::ListHandoffsResponse> SignHandoffIndex(
    const Signer& signer, audit::v1::HandoffPage page,
    const std::vector<audit::v1::HandoffEntry>& entries, absl::Time now);

// A page that its agency signed.
struct HandoffIndexPage {
  audit::v1::HandoffPage page;
  std::vector<audit::v1::HandoffEntry> entries;
};

// Verifies that `agency` signed the page that was asked for with `page_token`,
// and reads it. Whether the certificate was good is the caller's question, as
// with `Verifier`. Errors: of `Verifier::VerifyWholeBatch`; INVALID_ARGUMENT
// (INDEX_MALFORMED) it cannot be read in one way only, is another agency's or
// another page, or an entry breaks a rule of index_service.proto.
absl::StatusOr<HandoffIndexPage> ReadHandoffIndex(const Verifier& verifier,
                                                  const audit::v1::ListHandoffsResponse& response,
                                                  std::string_view agency,
                                                  std::string_view page_token);

}  // namespace waystation::evidence

#endif  // WAYSTATION_COMMON_EVIDENCE_HANDOFF_INDEX_H_
