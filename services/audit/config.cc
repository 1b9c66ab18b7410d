#include "services/audit/config.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/agency/config.h"
#include "common/config/check.h"
#include "common/config/file.h"
#include "common/config/text_proto.h"
#include "common/log_follower/former_logs.h"
#include "common/rpc/spiffe.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

using config::BadField;
using config::ParseHostPort;
using config::Unusable;

constexpr uint32_t kCrlGraceMaxS = 2'592'000;
constexpr size_t kPolicyBytesMax = size_t{64} * 1024;

absl::Status CheckPresent(const AuditConfig& config) {
  return config::CheckPresent({
      {"identity", &config.identity()},
      {"broker_address", &config.broker_address()},
      {"broker_identity", &config.broker_identity()},
      {"listen_address", &config.listen_address()},
      {"tls_certificate_path", &config.tls_certificate_path()},
      {"tls_key_path", &config.tls_key_path()},
      {"roots_path", &config.roots_path()},
      {"crl_path", &config.crl_path()},
      {"store_path", &config.store_path()},
      {"store_key_path", &config.store_key_path()},
      {"audit_log_policy_path", &config.audit_log_policy_path()},
      {"sign_certificate_path", &config.sign_certificate_path()},
      {"sign_key_path", &config.sign_key_path()},
      {"encrypt_certificate_path", &config.encrypt_certificate_path()},
      {"encrypt_key_path", &config.encrypt_key_path()},
  });
}

absl::Status CheckIdentities(const AuditConfig& config) {
  absl::StatusOr<rpc::SpiffeId> own = rpc::ParseSpiffeId(config.identity());
  if (!own.ok()) {
    return BadField("identity", "not an identity", Quoted(config.identity()),
                    "spiffe://<trust-domain>/auditor");
  }
  absl::StatusOr<rpc::SpiffeId> broker = rpc::ParseSpiffeId(config.broker_identity());
  if (broker.ok() && broker->trust_domain == own->trust_domain) return absl::OkStatus();
  return BadField("broker_identity", "not an identity of our trust domain",
                  Quoted(config.broker_identity()),
                  absl::StrCat("spiffe://", own->trust_domain, "/broker/<number>"));
}

absl::StatusOr<Rules> LoadRules(const AuditConfig& config) {
  if (config.rules_path().empty()) return Rules::Default();
  v1::RuleTable table;
  absl::Status loaded = config::LoadTextProto(config.rules_path(), &table);
  if (!loaded.ok()) return Unusable("rules_path", loaded);
  absl::StatusOr<Rules> rules = Rules::Create(table);
  if (!rules.ok()) return Unusable("rules_path", rules.status());
  return rules;
}

absl::StatusOr<tlog::Policy> LoadPolicy(const AuditConfig& config) {
  absl::StatusOr<std::string> text =
      config::ReadFile(config.audit_log_policy_path(), kPolicyBytesMax);
  if (!text.ok()) return Unusable("audit_log_policy_path", text.status());
  absl::StatusOr<tlog::Policy> policy = tlog::Policy::Parse(*text);
  if (!policy.ok()) return Unusable("audit_log_policy_path", policy.status());
  if (!policy->log_keys().empty()) return policy;
  return absl::FailedPreconditionError(Problem("config.audit_log_policy_path", "names no log",
                                               Quoted(config.audit_log_policy_path()),
                                               "a log line"));
}

// The files that it has as an agency has them, which are judged by the same rules.
agency::AgencyConfig AsAgency(const AuditConfig& config) {
  agency::AgencyConfig files;
  files.set_identity(config.identity());
  files.set_sign_certificate_path(config.sign_certificate_path());
  files.set_sign_key_path(config.sign_key_path());
  files.set_encrypt_certificate_path(config.encrypt_certificate_path());
  files.set_encrypt_key_path(config.encrypt_key_path());
  files.set_roots_path(config.roots_path());
  files.set_crl_path(config.crl_path());
  files.set_crl_grace_s(config.crl_grace_s());
  files.set_cosigner_key_path(config.cosigner_key_path());
  files.set_audit_log_policy_path(config.audit_log_policy_path());
  return files;
}

}  // namespace

absl::Status CheckConfig(const AuditConfig& config) {
  WS_RETURN_IF_ERROR(CheckPresent(config));
  WS_RETURN_IF_ERROR(CheckIdentities(config));
  WS_RETURN_IF_ERROR(ParseHostPort("broker_address", config.broker_address()).status());
  WS_RETURN_IF_ERROR(ParseHostPort("listen_address", config.listen_address()).status());
  if (config.crl_grace_s() > kCrlGraceMaxS) {
    return BadField("crl_grace_s", "too large", absl::StrCat(config.crl_grace_s()),
                    absl::StrCat("at most ", kCrlGraceMaxS));
  }
  return absl::OkStatus();
}

absl::StatusOr<LoadedConfig> LoadConfig(const std::string& path, const Clock& clock) {
  AuditConfig parsed;
  WS_RETURN_IF_ERROR(config::LoadTextProto(path, &parsed));
  WS_RETURN_IF_ERROR(CheckConfig(parsed));
  const agency::AgencyConfig files = AsAgency(parsed);
  WS_ASSIGN_OR_RETURN(agency::Identity identity, agency::LoadIdentity(files, clock));
  WS_ASSIGN_OR_RETURN(config::HostPort listen,
                      ParseHostPort("listen_address", parsed.listen_address()));
  WS_ASSIGN_OR_RETURN(crypto::AeadKey store_key, agency::LoadStoreKey(parsed.store_key_path()));
  WS_ASSIGN_OR_RETURN(Rules rules, LoadRules(parsed));
  WS_ASSIGN_OR_RETURN(tlog::Policy policy, LoadPolicy(parsed));
  absl::StatusOr<std::vector<tlog::VerifierKey>> former =
      LoadFormerLogKeys(parsed.audit_log_policy_path());
  if (!former.ok()) return Unusable("audit_log_policy_path", former.status());
  std::optional<client::CosignerKey> cosigner;
  if (!parsed.cosigner_key_path().empty()) {
    WS_ASSIGN_OR_RETURN(cosigner, agency::LoadCosigner(files));
  }
  rpc::TlsFiles tls{parsed.tls_certificate_path(), parsed.tls_key_path()};
  return LoadedConfig{.config = parsed,
                      .identity = std::move(identity),
                      .listen_host = listen.host,
                      .listen_port = listen.port,
                      .tls = std::move(tls),
                      .store_key = store_key,
                      .rules = std::move(rules),
                      .log_policy = std::move(policy),
                      .former_log_keys = *std::move(former),
                      .cosigner = std::move(cosigner)};
}

}  // namespace waystation::audit
