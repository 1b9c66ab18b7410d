#include "common/handoffs/signature_judge.h"

#include "common/crypto/sha256.h"
#include "common/status/status.h"

namespace waystation::handoffs {

absl::Status SignatureJudge::Receipts(const bus::v1::ReceiptBatch& batch, std::string_view signer,
                                      absl::Time at) {
  WS_RETURN_IF_ERROR(verifier_.VerifyReceiptBatch(batch, signer));
  return Certificate(signer, batch.certificate_sha256(), at);
}

absl::Status SignatureJudge::Certificate(std::string_view signer,
                                         std::string_view certificate_sha256, absl::Time at) {
  std::optional<crypto::Digest> digest = crypto::DigestFrom(certificate_sha256);
  const crypto::Certificate* certificate =
      digest.has_value() ? directory_->FindSigning(signer, *digest) : nullptr;
  if (certificate == nullptr) {
    return Refusal(absl::StatusCode::kUnauthenticated, "CERTIFICATE_UNKNOWN",
                   Problem("signing certificate", "not enrolled for " + Quoted(signer)));
  }
  return trusted_.Check(*certificate, at);
}

}  // namespace waystation::handoffs
