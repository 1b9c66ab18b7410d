#ifndef WAYSTATION_COMMON_EVIDENCE_DIRECTORY_H_
#define WAYSTATION_COMMON_EVIDENCE_DIRECTORY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/certificate.h"
#include "common/crypto/trust.h"
#include "common/evidence/content_types.h"
#include "common/evidence/verifier.h"
#include "waystation/bus/v1/directory.pb.h"

namespace waystation::evidence {

// One version of the directory, read and indexed. It does not change; a new
// version is a new view.
//
//   WS_ASSIGN_OR_RETURN(std::shared_ptr<const DirectoryView> directory,
//                       DirectoryView::Create(response.directory()));
//
// Pointers that it gives live as long as the view.
// Limits: 10,000 identities, 1,000 certificates for each.
//
// Thread-safe.
class DirectoryView : public CertificateLookup {
 public:
  // Errors: INVALID_ARGUMENT a certificate cannot be read, is enrolled for what
  // it is not for, does not carry its identity as the only URI SAN, or an
  // identity, certificate or type stands there twice.
  static absl::StatusOr<std::shared_ptr<const DirectoryView>> Create(bus::v1::Directory directory);

  const bus::v1::Directory& directory() const { return directory_; }
  uint64_t version() const { return directory_.version(); }

  // Null when not enrolled.
  const bus::v1::Identity* Find(std::string_view identity) const;

  const crypto::Certificate* FindSigning(std::string_view signer,
                                         const crypto::Digest& sha256) const override;

  // Every certificate of `identity` for `use`, past ones too, in the order of
  // enrolment; empty when there is none.
  std::vector<crypto::Certificate> Certificates(std::string_view identity,
                                                bus::v1::CertificateUse use) const;

  // The certificate to use at `now`: the last enrolled of `use` that `trust`
  // finds good. Errors: NOT_FOUND (CERTIFICATE_UNKNOWN) there is none; the text
  // tells why the last one was not good.
  absl::StatusOr<crypto::Certificate> Current(std::string_view identity,
                                              bus::v1::CertificateUse use,
                                              const crypto::TrustStore& trust,
                                              absl::Time now) const;

  // The form of messages of `type`; nothing for an unknown type.
  std::optional<MessageForm> FormOf(std::string_view type) const;

  // Null when the identity has no such unit.
  const bus::v1::Unit* FindUnit(std::string_view identity, std::string_view unit) const;
  bool UnitHas(std::string_view identity, std::string_view unit, std::string_view attribute) const;

 private:
  struct Enrolled {
    crypto::Certificate certificate;
    bus::v1::CertificateUse use;
  };
  struct Member {
    const bus::v1::Identity* identity;
    std::vector<Enrolled> certificates;
    // Place in `certificates` of each sign certificate. Few; searched in order.
    std::vector<size_t> signing;
  };

  DirectoryView() = default;
  absl::Status Index();
  absl::Status AddIdentity(const bus::v1::Identity& identity);
  const Member* FindMember(std::string_view identity) const;

  bus::v1::Directory directory_;
  absl::flat_hash_map<std::string, Member> members_;
  absl::flat_hash_map<std::string, MessageForm> forms_;
};

// The use of a key as X.509 has it for an enrolled use; nothing for UNSPECIFIED
// and values that are not known.
std::optional<crypto::KeyUse> KeyUseOf(bus::v1::CertificateUse use);

}  // namespace waystation::evidence

#endif  // WAYSTATION_COMMON_EVIDENCE_DIRECTORY_H_
