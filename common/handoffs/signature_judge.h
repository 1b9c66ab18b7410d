#ifndef WAYSTATION_COMMON_HANDOFFS_SIGNATURE_JUDGE_H_
#define WAYSTATION_COMMON_HANDOFFS_SIGNATURE_JUDGE_H_

#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/crypto/trust.h"
#include "common/evidence/directory.h"
#include "common/evidence/trust_cache.h"
#include "common/evidence/verifier.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::handoffs {

// Says whether what an enrolled identity signed holds: the signature by the
// directory's certificate, and the certificate by the reader's own roots and
// lists at a time.
//
//   SignatureJudge judge(directory, trust);
//   HandoffLog log([&](const auto&... a) { return judge.Receipts(a...); });
//
// Single-threaded: who folds.
class SignatureJudge {
 public:
  SignatureJudge(std::shared_ptr<const evidence::DirectoryView> directory, crypto::TrustStore trust)
      : directory_(std::move(directory)), verifier_(*directory_), trusted_(std::move(trust)) {}

  // A batch of receipts by `signer`, on the record at `at`. Errors: of
  // `Verifier::VerifyReceiptBatch` and `TrustCache::Check`.
  absl::Status Receipts(const bus::v1::ReceiptBatch& batch, std::string_view signer, absl::Time at);

  // Whether `signer`'s certificate was good at `at`. Errors: UNAUTHENTICATED
  // (CERTIFICATE_UNKNOWN) not enrolled; of `TrustCache::Check`.
  absl::Status Certificate(std::string_view signer, std::string_view certificate_sha256,
                           absl::Time at);

  const evidence::Verifier& verifier() const { return verifier_; }

 private:
  const std::shared_ptr<const evidence::DirectoryView> directory_;
  const evidence::Verifier verifier_;
  evidence::TrustCache trusted_;
};

}  // namespace waystation::handoffs

#endif  // WAYSTATION_COMMON_HANDOFFS_SIGNATURE_JUDGE_H_
