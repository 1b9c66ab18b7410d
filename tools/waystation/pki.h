#ifndef WAYSTATION_TOOLS_WAYSTATION_PKI_H_
#define WAYSTATION_TOOLS_WAYSTATION_PKI_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/authority.h"
#include "tools/waystation/pki_register.pb.h"

namespace waystation::cli {

// Where an issued certificate and its key are.
struct IssuedPaths {
  std::string certificate_path;
  std::string key_path;
  std::string certificate_pem;
  std::string serial;
};

struct IssueOptions {
  std::string identity;  // "spiffe://waystation.example/agency/ins"
  crypto::KeyUse use = crypto::KeyUse::kTls;
  absl::Duration lifetime = absl::Hours(24 * 90);
  bool force = false;
  // Further URI SANs: a certificate that the bus refuses, for tests of that.
  std::vector<std::string> more_identities = {};
};

// A certificate authority in a folder:
//
//   root.pem  root-key.pem (0600)  crl.pem  register.textproto
//   issued/agency/ins/tls.pem  issued/agency/ins/tls-key.pem (0600)  ...
//
//   WS_ASSIGN_OR_RETURN(auto pki, PkiFolder::Init(dir, "dev root", lifetime, now, false));
//   WS_ASSIGN_OR_RETURN(IssuedPaths ins, pki.Issue({.identity = id}, now));
//
// The register is written before what it registers, so that nothing is issued
// that cannot be revoked. Each change makes files by rename, which running
// services notice within seconds.
// Thread-compatible; one process at a time for each folder.
class PkiFolder {
 public:
  // How long a revocation list counts.
  static constexpr absl::Duration kCrlLifetime = absl::Hours(24 * 30);

  // Makes the root and an empty revocation list.
  // Errors: ALREADY_EXISTS the folder has a root and `force` is not set.
  static absl::StatusOr<PkiFolder> Init(const std::string& dir, std::string_view common_name,
                                        absl::Duration lifetime, absl::Time now, bool force);

  // Errors: NOT_FOUND no authority there; INVALID_ARGUMENT a damaged one.
  static absl::StatusOr<PkiFolder> Open(const std::string& dir);

  // Makes key and certificate. TLS certificates of servers also carry the DNS
  // name localhost and the address 127.0.0.1. Errors: ALREADY_EXISTS the file
  // is there; INVALID_ARGUMENT the identity is no SPIFFE ID.
  absl::StatusOr<IssuedPaths> Issue(const IssueOptions& options, absl::Time now);

  // Revokes one certificate and makes a new list. Idempotent: a second call
  // keeps the first time. Errors: NOT_FOUND no such serial was issued.
  absl::Status Revoke(std::string_view serial, absl::Time now);

  // Makes a new list with the same entries.
  absl::Status RenewCrl(absl::Time now);

  std::string roots_path() const { return dir_ + "/root.pem"; }
  std::string crl_path() const { return dir_ + "/crl.pem"; }
  const std::string& dir() const { return dir_; }
  std::string root_pem() const { return authority_.cert_pem(); }
  const v1::PkiRegister& issued() const { return register_; }

 private:
  PkiFolder(std::string dir, crypto::CertificateAuthority authority)
      : dir_(std::move(dir)), authority_(std::move(authority)) {}

  absl::Status SaveRegister() const;

  std::string dir_;
  crypto::CertificateAuthority authority_;
  v1::PkiRegister register_;
};

// "tls" -> kTls and so on. Errors: INVALID_ARGUMENT.
absl::StatusOr<crypto::KeyUse> ParseKeyUse(std::string_view name);

// What is wrong with a certificate by itself, in words; empty when nothing is.
std::vector<std::string> CertificateProblems(const crypto::Certificate& certificate,
                                             absl::Time now);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_PKI_H_
