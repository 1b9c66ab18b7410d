#ifndef WAYSTATION_COMMON_EVIDENCE_VERIFIER_H_
#define WAYSTATION_COMMON_EVIDENCE_VERIFIER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/certificate.h"
#include "common/crypto/sha256.h"
#include "common/merkle/proved_nodes.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::evidence {

// Where the verifier finds enrolled certificates. `DirectoryView` is one.
//
// Thread-safe.
class CertificateLookup {
 public:
  virtual ~CertificateLookup() = default;

  // The certificate that is enrolled for `signer` to sign with, by its SHA-256;
  // null when there is none. Valid as long as this object.
  virtual const crypto::Certificate* FindSigning(std::string_view signer,
                                                 const crypto::Digest& sha256) const = 0;
};

// Batch statements that were verified a moment ago, so that a frame of 64
// messages costs one ECDSA verification and one hash for each node of its tree. An
// entry answers only for the same bytes of statement, signature, signer and
// certificate: a message that came with another signature would be no evidence by
// itself later.
//
// Limits: the last 8 statements, up to 70 KB each.
// Thread-compatible; one for each stream.
class BatchCache {
 public:
  // Verifications that the cache has spared.
  uint64_t hits() const { return hits_; }

 private:
  friend class Verifier;
  struct Entry {
    crypto::Digest certificate_sha256;
    std::string signature;
    std::string statement;
    std::string signer;
    merkle::ProvedNodes nodes;
  };
  static constexpr size_t kEntriesMax = 8;

  Entry* Find(const bus::v1::Signature& signature, std::string_view signer);
  void Put(Entry entry);

  std::vector<Entry> entries_;
  size_t next_ = 0;
  uint64_t hits_ = 0;
};

// Verifies that an enrolled identity signed a content. It says nothing of time
// or revocation: whoever admits asks `TrustCache` for the accept time.
//
//   Verifier verifier(*directory);
//   WS_RETURN_IF_ERROR(verifier.Verify(kHeaderContent, message.header(),
//                                      message.signature(), header.source(), &cache));
//
// Does not own the lookup.
//
// Errors of every function, by reason:
//   SIGNATURE_MISSING    INVALID_ARGUMENT  no signature, or no certificate named
//   SIGNATURE_INVALID    INVALID_ARGUMENT  malformed or beyond a limit
//                        UNAUTHENTICATED   it does not match
//   BATCH_PATH_INVALID   INVALID_ARGUMENT  index or path cannot be of that batch
//                        UNAUTHENTICATED   the content is not in the batch
//   CERTIFICATE_UNKNOWN  UNAUTHENTICATED   not enrolled for the signer
//
// Thread-safe; a BatchCache is the caller's own.
class Verifier {
 public:
  explicit Verifier(const CertificateLookup& lookup) : lookup_(lookup) {}

  // Verifies one signature of `signer` over `content`, alone or in a batch.
  // `cache` may be null.
  absl::Status Verify(std::string_view type, std::string_view content,
                      const bus::v1::Signature& signature, std::string_view signer,
                      BatchCache* cache = nullptr) const;

  // Verifies all receipts of the batch under one signature of `signer`; the
  // root is computed from the receipts.
  absl::Status VerifyReceiptBatch(const bus::v1::ReceiptBatch& batch,
                                  std::string_view signer) const;

  // A whole batch that travels without paths: its leaves, in order.
  struct WholeBatch {
    std::string_view statement;
    std::string_view signature;
    std::string_view certificate_sha256;
    std::vector<crypto::Digest> leaves;
  };
  // Verifies that `signer` signed exactly these leaves, see `LeafHash`. `thing`
  // is for the error's text.
  absl::Status VerifyWholeBatch(const WholeBatch& batch, std::string_view signer,
                                std::string_view thing) const;

 private:
  absl::Status VerifyBatched(const crypto::Digest& leaf, const bus::v1::Signature& signature,
                             const crypto::Certificate& certificate, std::string_view signer,
                             BatchCache* cache) const;

  const CertificateLookup& lookup_;
};

}  // namespace waystation::evidence

#endif  // WAYSTATION_COMMON_EVIDENCE_VERIFIER_H_
