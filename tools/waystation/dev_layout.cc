#include "tools/waystation/dev_layout.h"

#include <filesystem>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "common/agency/config.pb.h"
#include "common/agency/memo.h"
#include "common/config/text_proto.h"
#include "common/crypto/random.h"
#include "common/status/status.h"
#include "tools/waystation/dev_audit_log.h"
#include "tools/waystation/dev_genesis.h"
#include "tools/waystation/exit_code.h"
#include "tools/waystation/files.h"
#include "tools/waystation/genesis.h"
#include "waystation/journal/v1/record.pb.h"

namespace waystation::cli {
namespace {

using crypto::KeyUse;

constexpr absl::Duration kRootLifetime = absl::Hours(24 * 31);
constexpr absl::Duration kCertificateLifetime = absl::Hours(24 * 30);
constexpr size_t kStoreKeyBytes = 32;
// Every certificate names it, and so does whatever carries one: letters, evidence.
constexpr std::string_view kRootName = "waystation development root, SYNTHETIC";
constexpr std::string_view kComment = "SYNTHETIC: a development bus; its keys are not for use.";

bool Exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

struct Need {
  std::string path;
  std::vector<KeyUse> uses;
};

std::vector<Need> Needed(const std::vector<std::string>& agencies,
                         const std::vector<DevOfficer>& officers) {
  const std::vector<KeyUse> mail = {KeyUse::kTls, KeyUse::kSign, KeyUse::kEncrypt,
                                    KeyUse::kRecovery, KeyUse::kArchive};
  std::vector<Need> needed = {{"/broker/1", {KeyUse::kTls, KeyUse::kSign}},
                              {"/operator", {KeyUse::kTls}},
                              {"/auditor", mail}};
  for (const std::string& agency : agencies) {
    needed.push_back({"/agency/" + agency, mail});
    needed.push_back({"/policy-admin/" + agency, {KeyUse::kSign}});
  }
  for (const DevOfficer& officer : officers) {
    needed.push_back(
        {absl::StrCat("/agency/", officer.agency, "/staff/", officer.staff_id), {KeyUse::kTls}});
  }
  return needed;
}

std::string Field(std::string_view name, std::string_view value) {
  return absl::StrCat(Absl(name), ": \"", absl::CEscape(Absl(value)), "\"\n");
}

}  // namespace

std::string DevIdentity(std::string_view path) {
  return absl::StrCat("spiffe://", Absl(kDevTrustDomain), Absl(path));
}

absl::StatusOr<DevLayout> DevLayout::Make(const std::string& dir, absl::Time now,
                                          const std::vector<v1::DevAgency>& agencies) {
  const std::string absolute = std::filesystem::absolute(dir).lexically_normal().string();
  const std::string pki_dir = absolute + "/pki";
  auto pki = Exists(pki_dir + "/root-key.pem")
                 ? PkiFolder::Open(pki_dir)
                 : PkiFolder::Init(pki_dir, kRootName, kRootLifetime, now, /*force=*/false);
  WS_RETURN_IF_ERROR(pki.status());
  DevLayout layout(absolute, *std::move(pki), agencies);
  const bool begun = Exists(layout.GenesisPath());
  if (begun) WS_RETURN_IF_ERROR(layout.CheckGenesis());
  WS_RETURN_IF_ERROR(layout.IssueMissing(now));
  WS_RETURN_IF_ERROR(layout.MakeMissingLogFiles());
  WS_RETURN_IF_ERROR(MakeFolder(absolute + "/log"));
  if (!begun) WS_RETURN_IF_ERROR(layout.WriteGenesis());
  return layout;
}

std::vector<std::string> DevLayout::agencies() const {
  std::vector<std::string> names;
  for (const v1::DevAgency& agency : agencies_) names.push_back(NameOf(agency));
  return names;
}

absl::Status DevLayout::IssueMissing(absl::Time now) {
  for (const v1::IssuedEntry& entry : pki_.issued().issued()) {
    if (absl::FromUnixSeconds(entry.not_after_s()) > now) continue;
    return WithNext(absl::FailedPreconditionError(
                        Problem(dir_, "certificates of this bus have run out", entry.identity(),
                                "a fresh folder: development keys last 30 days")),
                    "waystation dev");
  }
  for (const Need& need : Needed(agencies(), officers())) {
    for (KeyUse use : need.uses) {
      if (Exists(CertificatePath(need.path, use))) continue;
      WS_RETURN_IF_ERROR(
          pki_.Issue({DevIdentity(need.path), use, kCertificateLifetime, true, {}}, now).status());
    }
  }
  return absl::OkStatus();
}

absl::Status DevLayout::MakeMissingLogFiles() const {
  DevAuditLog log{.trust_domain = std::string(kDevTrustDomain),
                  .log_key_path = AuditLogKeyPath(),
                  .policy_path = AuditLogPolicyPath(),
                  .agencies = {},
                  .auditor = {"auditor", CosignerKeyPath("auditor")}};
  for (const std::string& name : agencies()) log.agencies.push_back({name, CosignerKeyPath(name)});
  return cli::MakeMissingLogFiles(log);
}

absl::Status DevLayout::WriteGenesis() const {
  journal::v1::Genesis genesis = MakeDevGenesis(agencies_, kDevTrustDomain);
  WS_RETURN_IF_ERROR(CompleteGenesis(pki_, &genesis));
  return WriteTextProto(GenesisPath(), kComment, genesis, FileMode::kPublic);
}

// The directory of a bus that has begun changes only by its administrators.
absl::Status DevLayout::CheckGenesis() const {
  journal::v1::Genesis genesis;
  WS_RETURN_IF_ERROR(config::LoadTextProto(GenesisPath(), &genesis));
  std::set<std::string> there;
  for (const bus::v1::Identity& one : genesis.directory().identities()) {
    there.insert(one.identity());
  }
  auto without = [this](std::string_view problem, std::string_view what) {
    return WithNext(absl::FailedPreconditionError(
                        Problem(dir_, problem, Quoted(what),
                                "a fresh folder: a directory is given with the first start")),
                    "waystation dev");
  };
  for (const std::string& name : agencies()) {
    if (there.contains(DevIdentity("/agency/" + name))) continue;
    return without("the bus in this folder is without an agency", name);
  }
  std::set<std::string> types;
  for (const bus::v1::MessageType& type : genesis.directory().types()) types.insert(type.name());
  for (std::string_view type : {agency::kComplianceMemo, agency::kFindingMemo}) {
    if (types.contains(std::string(type))) continue;
    return without("the bus in this folder is of an earlier release and without a message type",
                   type);
  }
  return absl::OkStatus();
}

std::string DevLayout::CertificatePath(std::string_view path, KeyUse use) const {
  return absl::StrCat(pki_.dir(), "/issued", Absl(path), "/", Absl(KeyUseName(use)), ".pem");
}

std::string DevLayout::KeyPath(std::string_view path, KeyUse use) const {
  return absl::StrCat(pki_.dir(), "/issued", Absl(path), "/", Absl(KeyUseName(use)), "-key.pem");
}

std::string DevLayout::CosignerKeyPath(std::string_view name) const {
  return absl::StrCat(pki_.dir(), "/cosigner-", Absl(name), "-key.pem");
}

std::string DevLayout::ConfigPath(std::string_view service) const {
  return absl::StrCat(dir_, "/", Absl(service), "/config.textproto");
}

std::string DevLayout::LogPath(std::string_view service) const {
  return absl::StrCat(dir_, "/log/", Absl(service), ".log");
}

absl::Status DevLayout::WriteBrokerConfig(std::string_view listen) const {
  // Written by hand: the broker's configuration is the broker's own type.
  const std::string home = dir_ + "/broker";
  WS_RETURN_IF_ERROR(MakeFolder(home + "/journal"));
  WS_RETURN_IF_ERROR(MakeFolder(home + "/projection"));
  WS_RETURN_IF_ERROR(MakeFolder(home + "/audit-log"));
  const std::string text = absl::StrCat(
      "# ", Absl(kComment), "\n", Field("identity", DevIdentity("/broker/1")),
      Field("listen_address", listen),
      Field("tls_certificate_path", CertificatePath("/broker/1", KeyUse::kTls)),
      Field("tls_key_path", KeyPath("/broker/1", KeyUse::kTls)),
      Field("sign_certificate_path", CertificatePath("/broker/1", KeyUse::kSign)),
      Field("sign_key_path", KeyPath("/broker/1", KeyUse::kSign)),
      Field("roots_path", pki_.roots_path()), Field("crl_path", pki_.crl_path()),
      Field("journal_dir", home + "/journal"), Field("projection_dir", home + "/projection"),
      Field("genesis_path", GenesisPath()), Field("audit_log_dir", home + "/audit-log"),
      Field("audit_log_key_path", AuditLogKeyPath()),
      Field("audit_log_policy_path", AuditLogPolicyPath()));
  return WriteFile(ConfigPath("broker"), text, FileMode::kPublic);
}

absl::Status DevLayout::WriteAgencyConfig(std::string_view agency, std::string_view broker_address,
                                          std::string_view listen,
                                          std::string_view auditor_address) const {
  const std::string home = absl::StrCat(dir_, "/", Absl(agency));
  const std::string path = absl::StrCat("/agency/", Absl(agency));
  agency::v1::AgencyConfig config;
  config.set_identity(DevIdentity(path));
  config.set_broker_address(std::string(broker_address));
  config.set_broker_identity(DevIdentity("/broker/1"));
  config.set_listen_address(std::string(listen));
  config.set_tls_certificate_path(CertificatePath(path, KeyUse::kTls));
  config.set_tls_key_path(KeyPath(path, KeyUse::kTls));
  config.set_sign_certificate_path(CertificatePath(path, KeyUse::kSign));
  config.set_sign_key_path(KeyPath(path, KeyUse::kSign));
  config.set_encrypt_certificate_path(CertificatePath(path, KeyUse::kEncrypt));
  config.set_encrypt_key_path(KeyPath(path, KeyUse::kEncrypt));
  config.set_roots_path(pki_.roots_path());
  config.set_crl_path(pki_.crl_path());
  config.set_store_path(home + "/store.db");
  config.set_store_key_path(home + "/store.key");
  config.set_cosigner_key_path(CosignerKeyPath(agency));
  config.set_audit_log_policy_path(AuditLogPolicyPath());
  if (!auditor_address.empty()) {
    config.set_auditor_address(std::string(auditor_address));
    config.set_auditor_identity(DevIdentity("/auditor"));
  }
  for (const DevOfficer& officer : officers()) {
    if (officer.agency != agency) continue;
    types::v1::ActingOfficial* staff = config.add_staff();
    staff->set_office(officer.office);
    staff->set_title(officer.title);
    staff->set_staff_id(officer.staff_id);
    staff->set_unit(officer.unit);
  }
  WS_RETURN_IF_ERROR(MakeStoreKey(config.store_key_path()));
  return WriteTextProto(ConfigPath(agency), kComment, config, FileMode::kPublic);
}

absl::Status DevLayout::WriteAuditConfig(std::string_view broker_address,
                                         std::string_view listen) const {
  // Written by hand, as the broker's.
  const std::string home = dir_ + "/audit";
  const std::string text = absl::StrCat(
      "# ", Absl(kComment), "\n", Field("identity", DevIdentity("/auditor")),
      Field("broker_address", broker_address), Field("broker_identity", DevIdentity("/broker/1")),
      Field("listen_address", listen),
      Field("tls_certificate_path", CertificatePath("/auditor", KeyUse::kTls)),
      Field("tls_key_path", KeyPath("/auditor", KeyUse::kTls)),
      Field("roots_path", pki_.roots_path()), Field("crl_path", pki_.crl_path()),
      Field("store_path", home + "/store.db"), Field("store_key_path", home + "/store.key"),
      Field("audit_log_policy_path", AuditLogPolicyPath()),
      Field("cosigner_key_path", CosignerKeyPath("auditor")),
      Field("sign_certificate_path", CertificatePath("/auditor", KeyUse::kSign)),
      Field("sign_key_path", KeyPath("/auditor", KeyUse::kSign)),
      Field("encrypt_certificate_path", CertificatePath("/auditor", KeyUse::kEncrypt)),
      Field("encrypt_key_path", KeyPath("/auditor", KeyUse::kEncrypt)));
  WS_RETURN_IF_ERROR(MakeFolder(home));
  WS_RETURN_IF_ERROR(MakeStoreKey(home + "/store.key"));
  return WriteFile(ConfigPath("audit"), text, FileMode::kPublic);
}

absl::Status DevLayout::MakeStoreKey(const std::string& path) const {
  if (Exists(path)) return absl::OkStatus();
  return WriteFile(path, crypto::RandomString(kStoreKeyBytes), FileMode::kPrivate);
}

v1::Credential DevLayout::CredentialOf(std::string_view path) const {
  v1::Credential credential;
  credential.set_identity(DevIdentity(path));
  credential.set_certificate_path(CertificatePath(path, KeyUse::kTls));
  credential.set_key_path(KeyPath(path, KeyUse::kTls));
  return credential;
}

v1::Profile DevLayout::MakeProfile(const std::map<std::string, std::string>& addresses) const {
  auto address = [&](const std::string& server) {
    auto it = addresses.find(server);
    return it == addresses.end() ? std::string() : it->second;
  };
  v1::Profile profile;
  profile.set_trust_domain(std::string(kDevTrustDomain));
  profile.set_roots_path(pki_.roots_path());
  profile.set_crl_path(pki_.crl_path());
  profile.set_synthetic(true);
  profile.set_audit_log_policy_path(AuditLogPolicyPath());
  profile.mutable_broker()->set_address(address("broker"));
  profile.mutable_broker()->set_identity(DevIdentity("/broker/1"));
  for (const std::string& name : agencies()) {
    v1::Agency* agency = profile.add_agencies();
    agency->set_name(name);
    agency->mutable_endpoint()->set_address(address(name));
    agency->mutable_endpoint()->set_identity(DevIdentity("/agency/" + name));
  }
  profile.mutable_audit()->set_address(address("audit"));
  profile.mutable_audit()->set_identity(DevIdentity("/auditor"));
  *profile.mutable_operator_() = CredentialOf("/operator");
  *profile.mutable_auditor() = CredentialOf("/auditor");
  for (const DevOfficer& officer : officers()) {
    v1::Staff* staff = profile.add_staff();
    staff->set_staff_id(officer.staff_id);
    staff->set_agency(officer.agency);
    staff->set_unit(officer.unit);
    staff->set_title(officer.title);
    *staff->mutable_credential() =
        CredentialOf(absl::StrCat("/agency/", officer.agency, "/staff/", officer.staff_id));
  }
  return profile;
}

}  // namespace waystation::cli
