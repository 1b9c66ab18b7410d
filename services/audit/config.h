#ifndef WAYSTATION_SERVICES_AUDIT_CONFIG_H_
#define WAYSTATION_SERVICES_AUDIT_CONFIG_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/agency/config.h"
#include "common/client/cosign_stream.h"
#include "common/clock/clock.h"
#include "common/crypto/aead.h"
#include "common/rpc/tls.h"
#include "common/tlog/policy.h"
#include "services/audit/config.pb.h"
#include "services/audit/rules/rule_table.h"

namespace waystation::audit {

using v1::AuditConfig;

// A configuration that was found good, with everything it names loaded.
struct LoadedConfig {
  AuditConfig config;
  agency::Identity identity;  // Without staff.
  std::string listen_host;
  int listen_port = 0;
  rpc::TlsFiles tls;
  crypto::AeadKey store_key;
  Rules rules;
  tlog::Policy log_policy;
  std::vector<tlog::VerifierKey> former_log_keys;
  std::optional<client::CosignerKey> cosigner;  // Nothing: it cosigns nothing.
};

// Reads and judges a configuration and every file that it names. `clock` must
// outlive the result. Thread-safe. Errors: INVALID_ARGUMENT naming the field;
// FAILED_PRECONDITION a file that cannot be used, naming the field.
absl::StatusOr<LoadedConfig> LoadConfig(const std::string& path, const Clock& clock);

// The same rules without files. Errors: INVALID_ARGUMENT naming the field.
absl::Status CheckConfig(const AuditConfig& config);

}  // namespace waystation::audit

#endif  // WAYSTATION_SERVICES_AUDIT_CONFIG_H_
