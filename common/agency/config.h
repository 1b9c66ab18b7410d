#ifndef WAYSTATION_COMMON_AGENCY_CONFIG_H_
#define WAYSTATION_COMMON_AGENCY_CONFIG_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/agency/config.pb.h"
#include "common/client/cosign_stream.h"
#include "common/clock/clock.h"
#include "common/crypto/aead.h"
#include "common/crypto/cms.h"
#include "common/evidence/signer.h"
#include "common/rpc/tls.h"
#include "common/rpc/trust_source.h"
#include "waystation/types/v1/official.pb.h"

namespace waystation::agency {

using v1::AgencyConfig;

// Who this agency is: name, keys, trust, staff. Immutable.
struct Identity {
  std::string spiffe_id;     // "spiffe://waystation.example/agency/doj"
  std::string trust_domain;  // "waystation.example"
  std::string agency;        // "doj"; "auditor"
  std::shared_ptr<const evidence::Signer> signer;
  std::shared_ptr<const crypto::DecryptionKey> decryption;
  std::shared_ptr<rpc::TrustSource> trust;
  std::map<std::string, types::v1::ActingOfficial, std::less<>> staff;  // By staff_id.
};

// A configuration that was found good, with everything it names loaded.
struct LoadedConfig {
  AgencyConfig config;
  Identity identity;
  crypto::AeadKey store_key;
  std::optional<client::CosignerKey> cosigner;  // Nothing: it cosigns nothing.
  rpc::TlsFiles tls;
  std::string listen_host;
  int listen_port = 0;
};

// Reads and judges a configuration and every file that it names. `clock` must
// outlive the result. Errors: INVALID_ARGUMENT naming the field;
// FAILED_PRECONDITION a file that cannot be used, naming the field.
absl::StatusOr<LoadedConfig> LoadConfig(const std::string& path, const Clock& clock);

// The same rules without files. Errors: INVALID_ARGUMENT naming the field.
absl::Status CheckConfig(const AgencyConfig& config);

// Loads the keys and the trust of a configuration whose fields were checked, and
// its staff. Errors: as LoadConfig.
absl::StatusOr<Identity> LoadIdentity(const AgencyConfig& config, const Clock& clock);

// Reads a store key: exactly 32 bytes, in a file that only its owner may read.
// Errors: FAILED_PRECONDITION.
absl::StatusOr<crypto::AeadKey> LoadStoreKey(const std::string& path);

// Reads the key with which the agency cosigns and the policy that names it: the
// name of the key, and the log. Nothing when they are not configured.
// Errors: FAILED_PRECONDITION naming the field: a file that cannot be used, a key
// that others may read, a policy without a log or without this key.
absl::StatusOr<std::optional<client::CosignerKey>> LoadCosigner(const AgencyConfig& config);

}  // namespace waystation::agency

#endif  // WAYSTATION_COMMON_AGENCY_CONFIG_H_
