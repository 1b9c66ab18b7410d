#include "common/rpc/spiffe.h"

#include <algorithm>

#include "absl/strings/str_split.h"
#include "common/limits/limits.h"
#include "common/status/status.h"

namespace waystation::rpc {
namespace {

constexpr std::string_view kScheme = "spiffe://";

bool IsDigitOrDash(char c) { return (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'; }

bool IsTrustDomain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || IsDigitOrDash(c);
  });
}

bool IsSegment(std::string_view text) {
  return !text.empty() && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigitOrDash(c);
         });
}

bool IsPath(std::string_view path) {
  if (!path.starts_with('/')) return false;
  for (absl::string_view segment : absl::StrSplit(Absl(path.substr(1)), '/')) {
    if (!IsSegment(Std(segment))) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<SpiffeId> ParseSpiffeId(std::string_view text) {
  if (text.size() <= kIdentityBytesMax && text.starts_with(kScheme)) {
    const std::string_view rest = text.substr(kScheme.size());
    const size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view domain = rest.substr(0, slash);
    const std::string_view path = rest.substr(slash);
    if (IsTrustDomain(domain) && IsPath(path)) {
      return SpiffeId{std::string(domain), std::string(path)};
    }
  }
  return absl::InvalidArgumentError(Problem("identity", "not a SPIFFE ID", Quoted(text),
                                            "spiffe://<trust domain>/<path>, at most 256 bytes"));
}

}  // namespace waystation::rpc
