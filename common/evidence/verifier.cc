#include "common/evidence/verifier.h"

#include <optional>
#include <utility>

#include "common/crypto/dsse.h"
#include "common/evidence/content_types.h"
#include "common/evidence/leaf.h"
#include "common/evidence/wire.h"
#include "common/limits/limits.h"
#include "common/merkle/tree.h"
#include "common/status/status.h"

namespace waystation::evidence {
namespace {

constexpr std::string_view kMissing = "SIGNATURE_MISSING";
constexpr std::string_view kInvalid = "SIGNATURE_INVALID";
constexpr std::string_view kPathInvalid = "BATCH_PATH_INVALID";

absl::Status Malformed(std::string_view reason, std::string_view thing, std::string_view problem,
                       size_t got, std::string_view want) {
  return Refusal(absl::StatusCode::kInvalidArgument, reason,
                 Problem(thing, problem, absl::StrCat(got), want));
}

absl::Status CheckShape(std::string_view certificate_sha256, std::string_view signature) {
  if (signature.empty() || certificate_sha256.empty()) {
    return Refusal(absl::StatusCode::kInvalidArgument, kMissing,
                   Problem("signature", "missing",
                           absl::StrCat(signature.size(), " bytes of signature and ",
                                        certificate_sha256.size(), " of certificate_sha256"),
                           "both"));
  }
  if (certificate_sha256.size() != kDigestBytes) {
    return Malformed(kInvalid, "certificate_sha256", "wrong size", certificate_sha256.size(),
                     "32 bytes");
  }
  if (signature.size() > kSignatureBytesMax) {
    return Malformed(kInvalid, "signature", "too long", signature.size(), "at most 72 bytes");
  }
  return absl::OkStatus();
}

absl::Status CheckEcdsa(const crypto::Certificate& certificate, std::string_view type,
                        std::string_view content, std::string_view signature) {
  absl::Status status =
      certificate.VerifySignature(crypto::PreAuthDigest(type, content), signature);
  if (status.ok()) return status;
  return Refusal(absl::StatusCode::kUnauthenticated, kInvalid, std::string(status.message()));
}

absl::StatusOr<const crypto::Certificate*> FindCertificate(const CertificateLookup& lookup,
                                                           std::string_view signer,
                                                           std::string_view sha256) {
  const crypto::Certificate* certificate = lookup.FindSigning(signer, *crypto::DigestFrom(sha256));
  if (certificate != nullptr) return certificate;
  return Refusal(absl::StatusCode::kUnauthenticated, "CERTIFICATE_UNKNOWN",
                 Problem("signing certificate", "not enrolled for the signer", crypto::Hex(sha256),
                         "one that is enrolled for " + Quoted(signer)));
}

struct Statement {
  uint32_t size;
  crypto::Digest root;
};

absl::StatusOr<Statement> ReadStatement(std::string_view bytes, std::string_view signer) {
  if (bytes.size() > kBatchStatementBytesMax) {
    return Malformed(kInvalid, "batch statement", "too long", bytes.size(), "at most 512 bytes");
  }
  bus::v1::BatchStatement statement;
  if (!ParseStrictly(bytes, UnknownFields::kRefuse, &statement)) {
    return Malformed(kInvalid, "batch statement", "malformed", bytes.size(), "a BatchStatement");
  }
  auto root = crypto::DigestFrom(statement.root());
  if (!root.has_value() || statement.size() < 1 || statement.size() > kBatchLeavesMax ||
      !statement.has_time() || !IsValidTime(statement.time())) {
    return Malformed(kInvalid, "batch statement", "wrong size, root or time", statement.size(),
                     "1 to 1,024 leaves, a root of 32 bytes, a time");
  }
  // Without this, what one agency signed could stand under another's name as
  // soon as both have the same certificate enrolled.
  if (statement.signer() != signer) {
    return Refusal(absl::StatusCode::kUnauthenticated, kInvalid,
                   Problem("batch statement", "of another signer", Quoted(statement.signer()),
                           Quoted(signer)));
  }
  return Statement{statement.size(), *root};
}

absl::Status CheckPath(const crypto::Digest& leaf, const bus::v1::BatchProof& proof,
                       merkle::ProvedNodes& nodes) {
  if (proof.path().size() > kBatchPathBytesMax) {
    return Malformed(kPathInvalid, "batch path", "too long", proof.path().size(),
                     "at most 320 bytes");
  }
  absl::Status status = nodes.VerifyInclusion(leaf, proof.leaf_index(), proof.path());
  if (status.ok()) return status;
  return Refusal(status.code(), kPathInvalid, std::string(status.message()));
}

}  // namespace

BatchCache::Entry* BatchCache::Find(const bus::v1::Signature& signature, std::string_view signer) {
  for (Entry& entry : entries_) {
    if (entry.signature == signature.signature() &&
        entry.statement == signature.batch().statement() &&
        crypto::AsBytes(entry.certificate_sha256) == signature.certificate_sha256() &&
        entry.signer == signer) {
      ++hits_;
      return &entry;
    }
  }
  return nullptr;
}

void BatchCache::Put(Entry entry) {
  if (entries_.size() < kEntriesMax) return entries_.push_back(std::move(entry));
  entries_[next_] = std::move(entry);
  next_ = (next_ + 1) % kEntriesMax;
}

absl::Status Verifier::Verify(std::string_view type, std::string_view content,
                              const bus::v1::Signature& signature, std::string_view signer,
                              BatchCache* cache) const {
  WS_RETURN_IF_ERROR(CheckShape(signature.certificate_sha256(), signature.signature()));
  WS_ASSIGN_OR_RETURN(const crypto::Certificate* certificate,
                      FindCertificate(lookup_, signer, signature.certificate_sha256()));
  if (!signature.has_batch()) {
    return CheckEcdsa(*certificate, type, content, signature.signature());
  }
  return VerifyBatched(LeafHash(type, content), signature, *certificate, signer, cache);
}

absl::Status Verifier::VerifyBatched(const crypto::Digest& leaf,
                                     const bus::v1::Signature& signature,
                                     const crypto::Certificate& certificate,
                                     std::string_view signer, BatchCache* cache) const {
  const bus::v1::BatchProof& proof = signature.batch();
  BatchCache::Entry* known = cache == nullptr ? nullptr : cache->Find(signature, signer);
  if (known != nullptr) return CheckPath(leaf, proof, known->nodes);
  WS_ASSIGN_OR_RETURN(Statement statement, ReadStatement(proof.statement(), signer));
  merkle::ProvedNodes nodes(statement.size, statement.root);
  WS_RETURN_IF_ERROR(CheckPath(leaf, proof, nodes));
  WS_RETURN_IF_ERROR(
      CheckEcdsa(certificate, kBatchContent, proof.statement(), signature.signature()));
  if (cache != nullptr) {
    cache->Put({certificate.sha256(), signature.signature(), proof.statement(), std::string(signer),
                std::move(nodes)});
  }
  return absl::OkStatus();
}

absl::Status Verifier::VerifyReceiptBatch(const bus::v1::ReceiptBatch& batch,
                                          std::string_view signer) const {
  WholeBatch whole{batch.statement(), batch.signature(), batch.certificate_sha256(), {}};
  whole.leaves.reserve(static_cast<size_t>(batch.receipts_size()));
  for (const auto& receipt : batch.receipts()) {
    whole.leaves.push_back(LeafHash(kDeliveryReceiptContent, receipt));
  }
  return VerifyWholeBatch(whole, signer, "receipt batch");
}

absl::Status Verifier::VerifyWholeBatch(const WholeBatch& batch, std::string_view signer,
                                        std::string_view thing) const {
  WS_RETURN_IF_ERROR(CheckShape(batch.certificate_sha256, batch.signature));
  WS_ASSIGN_OR_RETURN(const crypto::Certificate* certificate,
                      FindCertificate(lookup_, signer, batch.certificate_sha256));
  WS_ASSIGN_OR_RETURN(Statement statement, ReadStatement(batch.statement, signer));
  if (size_t{statement.size} != batch.leaves.size()) {
    return Malformed(kPathInvalid, thing, "wrong number of leaves", batch.leaves.size(),
                     absl::StrCat(statement.size, " as signed"));
  }
  const crypto::Digest root = merkle::Tree(batch.leaves).root();
  if (root != statement.root) {
    return Refusal(absl::StatusCode::kUnauthenticated, kPathInvalid,
                   Problem(thing, "its contents are not the signed ones",
                           "root " + crypto::Hex(crypto::AsBytes(root)),
                           "root " + crypto::Hex(crypto::AsBytes(statement.root))));
  }
  return CheckEcdsa(*certificate, kBatchContent, batch.statement, batch.signature);
}

}  // namespace waystation::evidence
