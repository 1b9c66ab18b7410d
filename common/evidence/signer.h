#ifndef WAYSTATION_COMMON_EVIDENCE_SIGNER_H_
#define WAYSTATION_COMMON_EVIDENCE_SIGNER_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/certificate.h"
#include "common/crypto/sha256.h"
#include "common/crypto/signing_key.h"
#include "common/merkle/tree.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::evidence {

// One signature over many contents, whose proofs are taken out one by one: the
// broker signs a block once and answers each message with its own path.
//
// Thread-compatible; const use is safe from any thread.
class SignedBatch {
 public:
  size_t size() const { return tree_.size(); }
  // Serialized BatchStatement, as signed.
  const std::string& statement() const { return statement_; }
  // ASN.1 DER ECDSA signature over the statement.
  const std::string& signature() const { return signature_; }
  const crypto::Digest& certificate_sha256() const { return certificate_sha256_; }
  const merkle::Tree& tree() const { return tree_; }

  // Writes the whole Signature of leaf `index`, which must be below `size()`.
  void FillSignature(size_t index, bus::v1::Signature* out) const;

 private:
  friend class Signer;
  SignedBatch(std::string statement, std::string signature,
              const crypto::Digest& certificate_sha256, merkle::Tree tree)
      : statement_(std::move(statement)),
        signature_(std::move(signature)),
        certificate_sha256_(certificate_sha256),
        tree_(std::move(tree)) {}

  std::string statement_;
  std::string signature_;
  crypto::Digest certificate_sha256_;
  merkle::Tree tree_;
};

// Signs messages and receipts as one identity.
//
//   WS_ASSIGN_OR_RETURN(Signer signer, Signer::Create(identity, std::move(key), certificate));
//   WS_ASSIGN_OR_RETURN(*message.mutable_signature(),
//                       signer.SignOne(kHeaderContent, message.header()));
//
// Signatures are randomised: sign once, keep the bytes, and resend them.
// Limits: 1 to 1,024 leaves in a batch.
//
// Thread-safe.
class Signer {
 public:
  // Errors: INVALID_ARGUMENT the certificate is not for signing, does not carry
  // `identity` as its only URI SAN, or is of another key.
  static absl::StatusOr<Signer> Create(std::string identity, crypto::SigningKey key,
                                       crypto::Certificate certificate);

  const std::string& identity() const { return identity_; }
  const crypto::Certificate& certificate() const { return certificate_; }

  // Signs one content. Errors: INTERNAL OpenSSL failed.
  absl::StatusOr<bus::v1::Signature> SignOne(std::string_view type, std::string_view content) const;

  // Signs all contents at once; the result has one Signature for each, in
  // order. Errors: INVALID_ARGUMENT none or more than 1,024.
  absl::StatusOr<std::vector<bus::v1::Signature>> SignBatch(
      std::string_view type, std::span<const std::string_view> contents, absl::Time now) const;

  // Signs leaves that are hashed already, see `LeafHash`. Errors: as SignBatch.
  absl::StatusOr<SignedBatch> SignBatchDetached(std::span<const crypto::Digest> leaf_hashes,
                                                absl::Time now) const;

  // Signs serialized DeliveryReceipts as one batch. Errors: as SignBatch.
  absl::StatusOr<bus::v1::ReceiptBatch> SignReceipts(std::vector<std::string> receipts,
                                                     absl::Time now) const;

 private:
  Signer(std::string identity, crypto::SigningKey key, crypto::Certificate certificate)
      : identity_(std::move(identity)),
        key_(std::move(key)),
        certificate_(std::move(certificate)) {}

  std::string identity_;
  crypto::SigningKey key_;
  crypto::Certificate certificate_;
};

}  // namespace waystation::evidence

#endif  // WAYSTATION_COMMON_EVIDENCE_SIGNER_H_
