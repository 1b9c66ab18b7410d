#include "services/audit/config.h"

#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/agency/config.h"
#include "common/config/file.h"
#include "common/config/text_proto.h"
#include "common/rpc/spiffe.h"
#include "common/status/status.h"

namespace waystation::audit {
namespace {

constexpr uint32_t kCrlGraceDefaultS = 86'400;
constexpr uint32_t kCrlGraceMaxS = 2'592'000;
constexpr size_t kPolicyBytesMax = 64 * 1024;
constexpr uint32_t kPortMax = 65'535;

absl::Status Bad(std::string_view field, std::string_view problem, std::string_view got,
                 std::string_view want) {
  return absl::InvalidArgumentError(
      Problem(absl::StrCat("config.", Absl(field)), problem, got, want));
}

absl::Status Unusable(std::string_view field, const absl::Status& why) {
  if (why.ok()) return why;
  return absl::FailedPreconditionError(absl::StrCat("config.", Absl(field), ": ", why.message()));
}

absl::StatusOr<std::pair<std::string, int>> ParseHostPort(std::string_view field,
                                                          const std::string& text) {
  const size_t colon = text.rfind(':');
  uint32_t port = kPortMax + 1;
  const bool number =
      colon != std::string::npos && colon > 0 && absl::SimpleAtoi(text.substr(colon + 1), &port);
  if (!number || port > kPortMax) return Bad(field, "not an address", Quoted(text), "host:port");
  return std::make_pair(text.substr(0, colon), static_cast<int>(port));
}

absl::Status CheckPresent(const AuditConfig& config) {
  const std::pair<std::string_view, const std::string*> fields[] = {
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
  };
  for (const auto& [name, value] : fields) {
    if (value->empty()) return Bad(name, "missing", "", "a value");
  }
  return absl::OkStatus();
}

absl::Status CheckIdentities(const AuditConfig& config) {
  absl::StatusOr<rpc::SpiffeId> own = rpc::ParseSpiffeId(config.identity());
  if (!own.ok()) {
    return Bad("identity", "not an identity", Quoted(config.identity()),
               "spiffe://<trust-domain>/auditor");
  }
  absl::StatusOr<rpc::SpiffeId> broker = rpc::ParseSpiffeId(config.broker_identity());
  if (broker.ok() && broker->trust_domain == own->trust_domain) return absl::OkStatus();
  return Bad("broker_identity", "not an identity of our trust domain",
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

absl::StatusOr<std::optional<client::CosignerKey>> LoadCosigner(const AuditConfig& config) {
  // By the same rules as an agency's.
  if (config.cosigner_key_path().empty()) return std::nullopt;
  agency::AgencyConfig files;
  files.set_cosigner_key_path(config.cosigner_key_path());
  files.set_audit_log_policy_path(config.audit_log_policy_path());
  return agency::LoadCosigner(files);
}

absl::StatusOr<std::shared_ptr<rpc::TrustSource>> LoadTrust(const AuditConfig& config,
                                                            const Clock& clock) {
  rpc::TrustSource::Options options;
  options.roots_path = config.roots_path();
  options.crl_path = config.crl_path();
  options.crl_grace =
      absl::Seconds(config.crl_grace_s() == 0 ? kCrlGraceDefaultS : config.crl_grace_s());
  auto trust = rpc::TrustSource::Create(options, clock);
  if (!trust.ok()) return Unusable("roots_path, crl_path", trust.status());
  return trust;
}

}  // namespace

absl::Status CheckConfig(const AuditConfig& config) {
  WS_RETURN_IF_ERROR(CheckPresent(config));
  WS_RETURN_IF_ERROR(CheckIdentities(config));
  WS_RETURN_IF_ERROR(ParseHostPort("broker_address", config.broker_address()).status());
  WS_RETURN_IF_ERROR(ParseHostPort("listen_address", config.listen_address()).status());
  if (config.crl_grace_s() > kCrlGraceMaxS) {
    return Bad("crl_grace_s", "too large", absl::StrCat(config.crl_grace_s()),
               absl::StrCat("at most ", kCrlGraceMaxS));
  }
  return absl::OkStatus();
}

absl::StatusOr<LoadedConfig> LoadConfig(const std::string& path, const Clock& clock) {
  AuditConfig parsed;
  WS_RETURN_IF_ERROR(config::LoadTextProto(path, &parsed));
  WS_RETURN_IF_ERROR(CheckConfig(parsed));
  WS_ASSIGN_OR_RETURN(rpc::SpiffeId own, rpc::ParseSpiffeId(parsed.identity()));
  WS_ASSIGN_OR_RETURN(auto listen, ParseHostPort("listen_address", parsed.listen_address()));
  WS_ASSIGN_OR_RETURN(auto trust, LoadTrust(parsed, clock));
  WS_ASSIGN_OR_RETURN(crypto::AeadKey store_key, agency::LoadStoreKey(parsed.store_key_path()));
  WS_ASSIGN_OR_RETURN(Rules rules, LoadRules(parsed));
  WS_ASSIGN_OR_RETURN(tlog::Policy policy, LoadPolicy(parsed));
  WS_ASSIGN_OR_RETURN(auto cosigner, LoadCosigner(parsed));
  rpc::TlsFiles tls{parsed.tls_certificate_path(), parsed.tls_key_path()};
  return LoadedConfig{.config = parsed,
                      .trust_domain = own.trust_domain,
                      .listen_host = listen.first,
                      .listen_port = listen.second,
                      .tls = std::move(tls),
                      .trust = std::move(trust),
                      .store_key = store_key,
                      .rules = std::move(rules),
                      .log_policy = std::move(policy),
                      .cosigner = std::move(cosigner)};
}

}  // namespace waystation::audit
