#include "common/agency/config.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/agency/automatic.h"
#include "common/agency/identity_text.h"
#include "common/config/check.h"
#include "common/config/file.h"
#include "common/config/text_proto.h"
#include "common/crypto/certificate.h"
#include "common/crypto/ed25519.h"
#include "common/crypto/signing_key.h"
#include "common/rpc/spiffe.h"
#include "common/status/status.h"
#include "common/tlog/policy.h"

namespace waystation::agency {
namespace {

using config::BadField;
using config::CheckPrivate;
using config::ParseHostPort;
using config::Unusable;

constexpr int kStaffMax = 10'000;
constexpr size_t kStaffIdBytesMax = 64;
constexpr size_t kOfficeBytesMax = 4 * 200;
constexpr uint32_t kCrlGraceDefaultS = 86'400;
constexpr uint32_t kCrlGraceMaxS = 2'592'000;
constexpr size_t kPemBytesMax = 256 * 1024;
constexpr size_t kPolicyBytesMax = 64 * 1024;

absl::Status CheckPresent(const AgencyConfig& config) {
  return config::CheckPresent({
      {"identity", &config.identity()},
      {"broker_address", &config.broker_address()},
      {"broker_identity", &config.broker_identity()},
      {"listen_address", &config.listen_address()},
      {"tls_certificate_path", &config.tls_certificate_path()},
      {"tls_key_path", &config.tls_key_path()},
      {"sign_certificate_path", &config.sign_certificate_path()},
      {"sign_key_path", &config.sign_key_path()},
      {"encrypt_certificate_path", &config.encrypt_certificate_path()},
      {"encrypt_key_path", &config.encrypt_key_path()},
      {"roots_path", &config.roots_path()},
      {"crl_path", &config.crl_path()},
      {"store_path", &config.store_path()},
      {"store_key_path", &config.store_key_path()},
  });
}

absl::Status CheckCosigner(const AgencyConfig& config) {
  const bool has_key = !config.cosigner_key_path().empty();
  if (has_key == !config.audit_log_policy_path().empty()) return absl::OkStatus();
  if (has_key)
    return BadField("audit_log_policy_path", "missing", "", "one beside cosigner_key_path");
  return BadField("cosigner_key_path", "missing", "", "one beside audit_log_policy_path");
}

absl::Status CheckAuditor(const AgencyConfig& config, const std::string& trust_domain) {
  if (config.auditor_address().empty() && config.auditor_identity().empty()) {
    return absl::OkStatus();
  }
  absl::StatusOr<rpc::SpiffeId> auditor = rpc::ParseSpiffeId(config.auditor_identity());
  if (!auditor.ok() || auditor->trust_domain != trust_domain) {
    return BadField("auditor_identity", "not an identity of our trust domain",
                    Quoted(config.auditor_identity()), AuditorIdentity(trust_domain));
  }
  return ParseHostPort("auditor_address", config.auditor_address()).status();
}

absl::Status CheckIdentities(const AgencyConfig& config) {
  absl::StatusOr<rpc::SpiffeId> own = rpc::ParseSpiffeId(config.identity());
  if (!own.ok() || AgencyOf(config.identity()).empty()) {
    return BadField("identity", "not an agency", Quoted(config.identity()),
                    "spiffe://<trust-domain>/agency/<name>");
  }
  absl::StatusOr<rpc::SpiffeId> broker = rpc::ParseSpiffeId(config.broker_identity());
  if (broker.ok() && broker->trust_domain == own->trust_domain) {
    return CheckAuditor(config, own->trust_domain);
  }
  return BadField("broker_identity", "not an identity of our trust domain",
                  Quoted(config.broker_identity()),
                  absl::StrCat("spiffe://", own->trust_domain, "/broker/<number>"));
}

bool IsStaffId(std::string_view id) {
  if (id.empty() || id.size() > kStaffIdBytesMax) return false;
  for (char c : id) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  }
  return true;
}

absl::Status CheckOfficial(const std::string& field, const types::v1::ActingOfficial& official,
                           const std::string& agency) {
  if (!IsStaffId(official.staff_id())) {
    return BadField(field + ".staff_id", "wrong form", Quoted(official.staff_id()),
                    "1 to 64 of [a-z0-9-]");
  }
  if (official.staff_id() == kAutomaticStaffId) {
    return BadField(field + ".staff_id", "reserved for what no officer does",
                    Quoted(official.staff_id()), "an officer's own");
  }
  for (const std::string* text : {&official.title(), &official.office()}) {
    if (text->empty() || text->size() > kOfficeBytesMax) {
      return BadField(field + (text == &official.title() ? ".title" : ".office"), "wrong length",
                      absl::StrCat(text->size(), " bytes"), "1 to 200 characters");
    }
  }
  std::string_view unit = official.unit();
  if (unit.size() > agency.size() + 1 && unit.substr(0, agency.size() + 1) == agency + "/") {
    return absl::OkStatus();
  }
  return BadField(field + ".unit", "not a unit of ours", Quoted(unit), agency + "/<unit>");
}

absl::Status CheckStaff(const AgencyConfig& config) {
  if (config.staff_size() < 1 || config.staff_size() > kStaffMax) {
    return BadField("staff", "wrong count", absl::StrCat(config.staff_size()), "1 to 10000");
  }
  std::string agency = AgencyOf(config.identity());
  std::set<std::string_view> seen;
  for (int i = 0; i < config.staff_size(); ++i) {
    std::string field = absl::StrCat("staff[", i, "]");
    WS_RETURN_IF_ERROR(CheckOfficial(field, config.staff(i), agency));
    if (!seen.insert(config.staff(i).staff_id()).second) {
      return BadField(field + ".staff_id", "given twice", Quoted(config.staff(i).staff_id()), "");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadPem(std::string_view field, const std::string& path) {
  absl::StatusOr<std::string> pem = config::ReadFile(path, kPemBytesMax);
  if (!pem.ok()) return Unusable(field, pem.status());
  return pem;
}

absl::StatusOr<std::shared_ptr<const evidence::Signer>> LoadSigner(const AgencyConfig& config) {
  WS_ASSIGN_OR_RETURN(std::string certificate_pem,
                      ReadPem("sign_certificate_path", config.sign_certificate_path()));
  WS_ASSIGN_OR_RETURN(std::string key_pem, ReadPem("sign_key_path", config.sign_key_path()));
  // The file may hold intermediates behind the leaf, as TLS files do.
  absl::StatusOr<std::vector<crypto::Certificate>> chain = crypto::ParsePemChain(certificate_pem);
  if (!chain.ok()) return Unusable("sign_certificate_path", chain.status());
  absl::StatusOr<crypto::SigningKey> key = crypto::SigningKey::FromPem(key_pem);
  if (!key.ok()) return Unusable("sign_key_path", key.status());
  absl::StatusOr<evidence::Signer> signer =
      evidence::Signer::Create(config.identity(), *std::move(key), chain->front());
  if (!signer.ok()) return Unusable("sign_certificate_path", signer.status());
  return std::make_shared<const evidence::Signer>(*std::move(signer));
}

absl::StatusOr<std::shared_ptr<const crypto::DecryptionKey>> LoadDecryption(
    const AgencyConfig& config) {
  WS_ASSIGN_OR_RETURN(std::string certificate_pem,
                      ReadPem("encrypt_certificate_path", config.encrypt_certificate_path()));
  WS_ASSIGN_OR_RETURN(std::string key_pem, ReadPem("encrypt_key_path", config.encrypt_key_path()));
  absl::StatusOr<std::vector<crypto::Certificate>> chain = crypto::ParsePemChain(certificate_pem);
  if (!chain.ok()) return Unusable("encrypt_certificate_path", chain.status());
  absl::StatusOr<crypto::DecryptionKey> key =
      crypto::DecryptionKey::FromPem(key_pem, chain->front().ToPem());
  if (!key.ok()) return Unusable("encrypt_key_path", key.status());
  return std::make_shared<const crypto::DecryptionKey>(*std::move(key));
}

}  // namespace

absl::Status CheckConfig(const AgencyConfig& config) {
  WS_RETURN_IF_ERROR(CheckPresent(config));
  WS_RETURN_IF_ERROR(CheckCosigner(config));
  WS_RETURN_IF_ERROR(CheckIdentities(config));
  WS_RETURN_IF_ERROR(ParseHostPort("broker_address", config.broker_address()).status());
  WS_RETURN_IF_ERROR(ParseHostPort("listen_address", config.listen_address()).status());
  if (config.crl_grace_s() > kCrlGraceMaxS) {
    return BadField("crl_grace_s", "too large", absl::StrCat(config.crl_grace_s()),
                    absl::StrCat("at most ", kCrlGraceMaxS));
  }
  return CheckStaff(config);
}

absl::StatusOr<Identity> LoadIdentity(const AgencyConfig& config, const Clock& clock) {
  Identity identity;
  identity.spiffe_id = config.identity();
  WS_ASSIGN_OR_RETURN(rpc::SpiffeId parsed, rpc::ParseSpiffeId(config.identity()));
  identity.trust_domain = parsed.trust_domain;
  const std::string& name = parsed.path;
  identity.agency = name.substr(name.rfind('/') + 1);
  WS_ASSIGN_OR_RETURN(identity.signer, LoadSigner(config));
  WS_ASSIGN_OR_RETURN(identity.decryption, LoadDecryption(config));
  rpc::TrustSource::Options options;
  options.roots_path = config.roots_path();
  options.crl_path = config.crl_path();
  uint32_t grace = config.crl_grace_s() == 0 ? kCrlGraceDefaultS : config.crl_grace_s();
  options.crl_grace = absl::Seconds(grace);
  absl::StatusOr<std::shared_ptr<rpc::TrustSource>> trust =
      rpc::TrustSource::Create(options, clock);
  if (!trust.ok()) return Unusable("roots_path, crl_path", trust.status());
  identity.trust = *std::move(trust);
  for (const types::v1::ActingOfficial& official : config.staff()) {
    identity.staff.emplace(official.staff_id(), official);
  }
  return identity;
}

absl::StatusOr<crypto::AeadKey> LoadStoreKey(const std::string& path) {
  WS_RETURN_IF_ERROR(CheckPrivate("store_key_path", path));
  absl::StatusOr<std::string> bytes = config::ReadFile(path, crypto::AeadKey::kBytes);
  if (!bytes.ok()) return Unusable("store_key_path", bytes.status());
  absl::StatusOr<crypto::AeadKey> key = crypto::AeadKey::FromBytes(*bytes);
  if (!key.ok()) return Unusable("store_key_path", key.status());
  return key;
}

absl::StatusOr<std::optional<client::CosignerKey>> LoadCosigner(const AgencyConfig& config) {
  if (config.cosigner_key_path().empty()) return std::nullopt;
  WS_RETURN_IF_ERROR(CheckPrivate("cosigner_key_path", config.cosigner_key_path()));
  WS_ASSIGN_OR_RETURN(std::string pem, ReadPem("cosigner_key_path", config.cosigner_key_path()));
  absl::StatusOr<crypto::Ed25519Key> key = crypto::Ed25519Key::FromPem(pem);
  if (!key.ok()) return Unusable("cosigner_key_path", key.status());
  absl::StatusOr<std::string> text =
      config::ReadFile(config.audit_log_policy_path(), kPolicyBytesMax);
  if (!text.ok()) return Unusable("audit_log_policy_path", text.status());
  absl::StatusOr<tlog::Policy> policy = tlog::Policy::Parse(*text);
  if (!policy.ok()) return Unusable("audit_log_policy_path", policy.status());
  auto unusable = [&](std::string_view problem, std::string_view want) {
    return absl::FailedPreconditionError(Problem("config.audit_log_policy_path", problem,
                                                 Quoted(config.audit_log_policy_path()), want));
  };
  if (policy->log_keys().empty()) return unusable("names no log", "a log line");
  const auto& cosigners = policy->cosigners();
  const auto ours = std::find_if(cosigners.begin(), cosigners.end(), [&](const auto& cosigner) {
    return cosigner.key.key() == key->public_key();
  });
  if (ours == cosigners.end()) {
    return unusable("does not name our key", "the key of cosigner_key_path in a witness line");
  }
  const tlog::VerifierKey name = ours->key;
  return client::CosignerKey{name, *std::move(key), *std::move(policy)};
}

absl::StatusOr<LoadedConfig> LoadConfig(const std::string& path, const Clock& clock) {
  AgencyConfig parsed;
  WS_RETURN_IF_ERROR(config::LoadTextProto(path, &parsed));
  WS_RETURN_IF_ERROR(CheckConfig(parsed));
  WS_ASSIGN_OR_RETURN(Identity identity, LoadIdentity(parsed, clock));
  WS_ASSIGN_OR_RETURN(crypto::AeadKey store_key, LoadStoreKey(parsed.store_key_path()));
  WS_ASSIGN_OR_RETURN(std::optional<client::CosignerKey> cosigner, LoadCosigner(parsed));
  WS_ASSIGN_OR_RETURN(config::HostPort listen,
                      ParseHostPort("listen_address", parsed.listen_address()));
  rpc::TlsFiles tls{parsed.tls_certificate_path(), parsed.tls_key_path()};
  return LoadedConfig{parsed,         std::move(identity), store_key,  std::move(cosigner),
                      std::move(tls), listen.host,         listen.port};
}

}  // namespace waystation::agency
