#include "common/log_follower/former_logs.h"

#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "common/config/file.h"
#include "common/status/status.h"
#include "common/tlog/policy.h"

namespace waystation {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPolicyBytesMax = size_t{64} * 1024;
constexpr std::string_view kSuffix = ".former";

absl::StatusOr<std::set<std::string>> FormerPaths(const fs::path& policy) {
  std::set<std::string> paths;
  const fs::path folder = policy.has_parent_path() ? policy.parent_path() : fs::path(".");
  const std::string prefix = policy.filename().string() + ".";
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(kSuffix)) paths.insert(it->path().string());
  }
  if (!error) return paths;
  return absl::UnavailableError(absl::StrCat(folder.string(), ": ", error.message()));
}

}  // namespace

absl::StatusOr<std::vector<tlog::VerifierKey>> LoadFormerLogKeys(const std::string& policy_path) {
  std::vector<tlog::VerifierKey> keys;
  WS_ASSIGN_OR_RETURN(const std::set<std::string> paths, FormerPaths(policy_path));
  for (const std::string& path : paths) {
    WS_ASSIGN_OR_RETURN(const std::string text, config::ReadFile(path, kPolicyBytesMax));
    absl::StatusOr<tlog::Policy> policy = tlog::Policy::Parse(text);
    if (!policy.ok()) return Prefixed(path, policy.status());
    keys.insert(keys.end(), policy->log_keys().begin(), policy->log_keys().end());
  }
  return keys;
}

}  // namespace waystation
