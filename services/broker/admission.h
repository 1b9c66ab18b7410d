#ifndef WAYSTATION_SERVICES_BROKER_ADMISSION_H_
#define WAYSTATION_SERVICES_BROKER_ADMISSION_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/crypto/sha256.h"
#include "common/evidence/directory.h"
#include "common/evidence/verifier.h"
#include "common/rpc/trust_source.h"
#include "services/broker/core/decide.h"
#include "services/broker/core/policy.h"
#include "waystation/bus/v1/message.pb.h"

namespace waystation::broker {

// A message that passed every check that needs no state of the bus.
struct AdmittedMessage {
  std::string header_bytes;  // As received.
  bus::v1::Header header;
  std::string signature_bytes;  // Serialized Signature.
  crypto::Digest certificate_sha256{};
  std::string payload;
  MessageId id{};
  crypto::Digest envelope_hash{};
  std::optional<ReferralId> parent;
  std::optional<ReferralId> replaces;
  uint64_t crl_number = 0;
};

// What admission knows of the bus; replaced as a whole when it changes.
struct AdmissionRules {
  std::shared_ptr<const evidence::DirectoryView> directory;
  std::shared_ptr<const PolicyView> policy;
};

// Admits the messages and receipts of one stream: syntax, identity, policy,
// signature, payload digest. Everything here runs before the sequencer, on the
// threads of the streams, so that signatures are verified side by side.
//
//   AdmissionSession session(rules, trust, clock, caller.identity);
//   absl::StatusOr<std::shared_ptr<AdmittedMessage>> admitted = session.Admit(&message);
//
// Thread-compatible: one for each stream.
class AdmissionSession {
 public:
  AdmissionSession(AdmissionRules rules, std::shared_ptr<rpc::TrustSource> trust,
                   const Clock& clock, std::string identity);

  // Takes header and payload out of a message that it admits. Errors: those of
  // evidence::ParseHeader, CheckHeader, CheckPayload, CheckLinks and Verifier; PERMISSION_DENIED
  // (SOURCE_MISMATCH, POLICY_DENIED); INVALID_ARGUMENT (UNKNOWN_TYPE); NOT_FOUND
  // (UNKNOWN_RECIPIENT); UNAUTHENTICATED (CERTIFICATE_REVOKED,
  // CERTIFICATE_EXPIRED, CERTIFICATE_UNTRUSTED).
  absl::StatusOr<std::shared_ptr<AdmittedMessage>> Admit(bus::v1::SignedMessage* message);

  // Verifies a batch of receipts for the caller's own queue.
  // Errors: of Verifier; INVALID_ARGUMENT (RECEIPT_MISMATCH, FRAME_LIMIT).
  absl::StatusOr<std::vector<ReceiptView>> AdmitReceipts(const bus::v1::ReceiptBatch& batch);

  const std::string& identity() const { return identity_; }

 private:
  absl::Status CheckAgainstDirectory(const bus::v1::Header& header);
  absl::Status CheckPolicy(const bus::v1::Header& header);
  // The certificate must be good at the time of acceptance, which is now.
  absl::Status CheckCertificateNow(std::string_view certificate_sha256);

  const AdmissionRules rules_;
  const std::shared_ptr<rpc::TrustSource> trust_;
  const Clock& clock_;
  const std::string identity_;
  const evidence::Verifier verifier_;
  evidence::BatchCache cache_;
  // Answers of the policy by type and recipients; a stream asks few questions.
  absl::flat_hash_map<std::string, absl::Status> policy_answers_;
  // Certificates found good, and until when that is believed.
  absl::flat_hash_map<std::string, absl::Duration> good_until_;
  uint64_t crl_number_ = 0;
};

}  // namespace waystation::broker

#endif  // WAYSTATION_SERVICES_BROKER_ADMISSION_H_
