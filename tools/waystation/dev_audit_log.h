#ifndef WAYSTATION_TOOLS_WAYSTATION_DEV_AUDIT_LOG_H_
#define WAYSTATION_TOOLS_WAYSTATION_DEV_AUDIT_LOG_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace waystation::cli {

// A cosigner of a development bus and the file of its key.
struct DevCosigner {
  std::string name;  // "doj", "auditor"
  std::string key_path;
};

// Where the audit log of a development bus has its keys and its policy.
struct DevAuditLog {
  std::string trust_domain;
  std::string log_key_path;
  std::string policy_path;
  std::vector<DevCosigner> agencies;
  DevCosigner auditor;
};

// Makes the keys that are missing, and then the policy (c2sp.org/tlog-policy)
// when it is: at least two thirds of the agencies and the auditor are a quorum.
// The policy of a bus that has begun stays as it is, and so do its keys: another
// key would be another log.
// Thread-compatible; one process for each folder. Errors: INVALID_ARGUMENT a file
// that holds no such key; those of WriteFile.
absl::Status MakeMissingLogFiles(const DevAuditLog& log);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_DEV_AUDIT_LOG_H_
