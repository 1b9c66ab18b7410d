#include "common/evidence/signer.h"

#include <utility>

#include "common/crypto/dsse.h"
#include "common/evidence/content_types.h"
#include "common/evidence/leaf.h"
#include "common/evidence/wire.h"
#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::evidence {
namespace {

absl::Status CheckSize(size_t leaves) {
  if (leaves >= 1 && leaves <= kBatchLeavesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Problem("batch", "wrong number of contents", absl::StrCat(leaves), "1 to 1,024"));
}

absl::Status CheckCertificate(std::string_view identity, const crypto::SigningKey& key,
                              const crypto::Certificate& certificate) {
  if (!certificate.Allows(crypto::KeyUse::kSign)) {
    return absl::InvalidArgumentError(Problem("signing certificate", "not for signing"));
  }
  if (certificate.uri_sans().size() != 1 || certificate.uri_sans().front() != identity) {
    return absl::InvalidArgumentError(
        Problem("signing certificate", "not of this identity",
                certificate.uri_sans().empty() ? "" : Quoted(certificate.uri_sans().front()),
                Quoted(identity)));
  }
  if (certificate.public_key_der() != key.public_key_der()) {
    return absl::InvalidArgumentError(Problem("signing certificate", "of another key"));
  }
  return absl::OkStatus();
}

}  // namespace

void SignedBatch::FillSignature(size_t index, bus::v1::Signature* out) const {
  WS_CHECK(index < size());
  out->set_certificate_sha256(certificate_sha256_.data(), certificate_sha256_.size());
  out->set_signature(signature_);
  bus::v1::BatchProof* proof = out->mutable_batch();
  proof->set_statement(statement_);
  proof->set_leaf_index(static_cast<uint32_t>(index));
  proof->clear_path();
  tree_.AppendPath(index, proof->mutable_path());
}

absl::StatusOr<Signer> Signer::Create(std::string identity, crypto::SigningKey key,
                                      crypto::Certificate certificate) {
  WS_RETURN_IF_ERROR(CheckCertificate(identity, key, certificate));
  return Signer(std::move(identity), std::move(key), std::move(certificate));
}

absl::StatusOr<bus::v1::Signature> Signer::SignOne(std::string_view type,
                                                   std::string_view content) const {
  bus::v1::Signature out;
  WS_ASSIGN_OR_RETURN(*out.mutable_signature(),
                      key_.SignDigest(crypto::PreAuthDigest(type, content)));
  out.set_certificate_sha256(certificate_.sha256().data(), certificate_.sha256().size());
  return out;
}

absl::StatusOr<SignedBatch> Signer::SignBatchDetached(std::span<const crypto::Digest> leaf_hashes,
                                                      absl::Time now) const {
  WS_RETURN_IF_ERROR(CheckSize(leaf_hashes.size()));
  merkle::Tree tree(leaf_hashes);
  bus::v1::BatchStatement statement;
  statement.set_signer(identity_);
  statement.set_size(static_cast<uint32_t>(leaf_hashes.size()));
  statement.set_root(tree.root().data(), tree.root().size());
  *statement.mutable_time() = ToProtoTime(now);
  std::string bytes = statement.SerializeAsString();
  WS_CHECK(bytes.size() <= kBatchStatementBytesMax);
  WS_ASSIGN_OR_RETURN(std::string signature,
                      key_.SignDigest(crypto::PreAuthDigest(kBatchContent, bytes)));
  return SignedBatch(std::move(bytes), std::move(signature), certificate_.sha256(),
                     std::move(tree));
}

absl::StatusOr<std::vector<bus::v1::Signature>> Signer::SignBatch(
    std::string_view type, std::span<const std::string_view> contents, absl::Time now) const {
  WS_RETURN_IF_ERROR(CheckSize(contents.size()));
  std::vector<crypto::Digest> leaves;
  leaves.reserve(contents.size());
  for (std::string_view content : contents) leaves.push_back(LeafHash(type, content));
  WS_ASSIGN_OR_RETURN(SignedBatch batch, SignBatchDetached(leaves, now));
  std::vector<bus::v1::Signature> out(contents.size());
  for (size_t i = 0; i < out.size(); ++i) batch.FillSignature(i, &out[i]);
  return out;
}

absl::StatusOr<bus::v1::ReceiptBatch> Signer::SignReceipts(std::vector<std::string> receipts,
                                                           absl::Time now) const {
  WS_RETURN_IF_ERROR(CheckSize(receipts.size()));
  std::vector<crypto::Digest> leaves;
  leaves.reserve(receipts.size());
  for (const auto& receipt : receipts) leaves.push_back(LeafHash(kDeliveryReceiptContent, receipt));
  WS_ASSIGN_OR_RETURN(SignedBatch batch, SignBatchDetached(leaves, now));
  bus::v1::ReceiptBatch out;
  out.set_statement(batch.statement());
  out.set_signature(batch.signature());
  out.set_certificate_sha256(batch.certificate_sha256().data(), batch.certificate_sha256().size());
  for (auto& receipt : receipts) out.add_receipts(std::move(receipt));
  return out;
}

}  // namespace waystation::evidence
