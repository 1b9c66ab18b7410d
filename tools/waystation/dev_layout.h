#ifndef WAYSTATION_TOOLS_WAYSTATION_DEV_LAYOUT_H_
#define WAYSTATION_TOOLS_WAYSTATION_DEV_LAYOUT_H_

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/waystation/dev_agencies.h"
#include "tools/waystation/pki.h"
#include "tools/waystation/profile.pb.h"

namespace waystation::cli {

inline constexpr std::string_view kDevTrustDomain = "waystation.example";

// "/agency/ins" -> "spiffe://waystation.example/agency/ins".
std::string DevIdentity(std::string_view path);

// The files of one development bus. Keys of throwaway quality: never for
// production.
//
//   DIR/pki/...                    authority, certificates, keys
//   DIR/genesis.textproto          directory and policy
//   DIR/audit-log-policy           log, cosigners and quorum, c2sp.org/tlog-policy
//   DIR/broker/config.textproto    journal/, projection/ and audit-log/ beside it
//   DIR/doj/config.textproto       store.db and store.key beside it
//   DIR/audit/config.textproto     likewise
//   DIR/profile.textproto          how the waystation command reaches it
//   DIR/log/<service>.log
//
//   WS_ASSIGN_OR_RETURN(auto layout, DevLayout::Make(dir, now));
//   WS_RETURN_IF_ERROR(layout.WriteBrokerConfig("127.0.0.1:0"));
//   ... start the broker, learn its address ...
//   WS_RETURN_IF_ERROR(layout.WriteAgencyConfig("doj", broker_address, "127.0.0.1:0"));
//
// Writing is by rename; a file that is there stays or is replaced whole.
// Thread-compatible; one process for each folder.
class DevLayout {
 public:
  // Makes what is missing in `dir` and takes up what is there, so that a kept
  // bus goes on with its keys. Only `agencies` are on the bus: in its directory,
  // with officers, in its profile. Errors: FAILED_PRECONDITION its certificates
  // have run out, it began without one of the agencies, or a file cannot be
  // written.
  static absl::StatusOr<DevLayout> Make(const std::string& dir, absl::Time now,
                                        const std::vector<v1::DevAgency>& agencies = DevAgencies());

  // Who is on this bus, in the order of the profile.
  std::vector<std::string> agencies() const;
  const std::vector<v1::DevAgency>& dev_agencies() const { return agencies_; }
  std::vector<DevOfficer> officers() const { return OfficersOf(agencies_); }

  // Text-protos that the services read. `listen` is "host:port".
  absl::Status WriteBrokerConfig(std::string_view listen) const;
  // Without `auditor_address` an agency keeps what it should tell the auditor.
  absl::Status WriteAgencyConfig(std::string_view agency, std::string_view broker_address,
                                 std::string_view listen,
                                 std::string_view auditor_address = "") const;
  absl::Status WriteAuditConfig(std::string_view broker_address, std::string_view listen) const;

  // The profile of a bus whose servers are at `addresses`: "broker", "doj", ...,
  // "audit". All paths are absolute.
  v1::Profile MakeProfile(const std::map<std::string, std::string>& addresses) const;

  std::string ConfigPath(std::string_view service) const;
  std::string LogPath(std::string_view service) const;
  std::string ProfilePath() const { return dir_ + "/profile.textproto"; }
  std::string GenesisPath() const { return dir_ + "/genesis.textproto"; }
  std::string AuditLogPolicyPath() const { return dir_ + "/audit-log-policy"; }
  // Keys of the log and of its cosigners: "doj", ..., "auditor".
  std::string AuditLogKeyPath() const { return pki_.dir() + "/audit-log-key.pem"; }
  std::string CosignerKeyPath(std::string_view name) const;
  const std::string& dir() const { return dir_; }

  // The authority, to issue or revoke more: tests of refusals do.
  PkiFolder& pki() { return pki_; }

  // Paths of the certificate of `path` ("/agency/ins") for a use, and its key.
  std::string CertificatePath(std::string_view path, crypto::KeyUse use) const;
  std::string KeyPath(std::string_view path, crypto::KeyUse use) const;

 private:
  DevLayout(std::string dir, PkiFolder pki, std::vector<v1::DevAgency> agencies)
      : dir_(std::move(dir)), pki_(std::move(pki)), agencies_(std::move(agencies)) {}

  absl::Status IssueMissing(absl::Time now);
  absl::Status MakeMissingLogFiles() const;
  absl::Status WriteGenesis() const;
  absl::Status CheckGenesis() const;
  absl::Status MakeStoreKey(const std::string& path) const;
  v1::Credential CredentialOf(std::string_view path) const;

  std::string dir_;
  PkiFolder pki_;
  std::vector<v1::DevAgency> agencies_;
};

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_DEV_LAYOUT_H_
