#ifndef WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_EVIDENCE_FILES_H_
#define WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_EVIDENCE_FILES_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/waystation/evidence/evidence.pb.h"

namespace waystation::cli {

inline constexpr std::string_view kEvidenceFormat = "waystation-evidence/1";

// Names of the files that every directory has.
inline constexpr char kCheckpointFile[] = "checkpoint";
inline constexpr char kLogPolicyFile[] = "log-policy";
inline constexpr char kRootsFile[] = "roots.pem";
inline constexpr char kCrlFile[] = "crl.pem";

// Bytes by path, without manifest.json.
using EvidenceFiles = std::map<std::string, std::string>;

// One directory of evidence in memory. Its format: protos/README.md, "Evidence".
struct Evidence {
  v1::EvidenceManifest manifest;
  EvidenceFiles files;
};

// "records/000000000012/leaf.bin".
std::string RecordFile(uint64_t sequence, std::string_view name);
// "certificates/<64 hexadecimal digits>.pem".
std::string CertificateFile(std::string_view sha256);

// Lists the files in the manifest, with their hashes.
void ListFiles(Evidence* evidence);

// Writes the directory, whole or not at all. Errors: ALREADY_EXISTS something is
// there; FAILED_PRECONDITION or PERMISSION_DENIED it cannot be written.
absl::Status WriteEvidence(const std::string& directory, const Evidence& evidence);

// Reads a directory and holds it against its manifest: every file of it there, no
// other one, each with its hash. Errors: NOT_FOUND no such directory;
// FAILED_PRECONDITION (VERIFICATION_FAILED) naming the file.
absl::StatusOr<Evidence> ReadEvidence(const std::string& directory);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_EVIDENCE_EVIDENCE_FILES_H_
