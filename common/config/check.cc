#include "common/config/check.h"

#include <sys/stat.h>

#include <charconv>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace waystation::config {
namespace {

constexpr int kPortMax = 65'535;

std::string Named(std::string_view field) { return absl::StrCat("config.", Absl(field)); }

}  // namespace

absl::Status BadField(std::string_view field, std::string_view problem, std::string_view got,
                      std::string_view want) {
  return absl::InvalidArgumentError(Problem(Named(field), problem, got, want));
}

absl::Status Unusable(std::string_view field, const absl::Status& why) {
  if (why.ok()) return why;
  return absl::FailedPreconditionError(absl::StrCat(Named(field), ": ", why.message()));
}

absl::StatusOr<HostPort> ParseHostPort(std::string_view field, std::string_view text) {
  const size_t colon = text.rfind(':');
  int port = -1;
  if (colon != std::string_view::npos && colon > 0) {
    const char* end = text.data() + text.size();
    auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
    if (error != std::errc() || stop != end) port = -1;
  }
  if (port < 0 || port > kPortMax) {
    return BadField(field, "not an address", Quoted(text), "host:port");
  }
  return HostPort{std::string(text.substr(0, colon)), port};
}

absl::Status CheckPresent(
    std::initializer_list<std::pair<std::string_view, const std::string*>> fields) {
  for (const auto& [name, value] : fields) {
    if (value->empty()) return BadField(name, "missing", "", "a value");
  }
  return absl::OkStatus();
}

absl::Status CheckPrivate(std::string_view field, const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & (S_IRWXG | S_IRWXO)) == 0) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      Problem(Named(field), "the key is open to others", Quoted(path), "mode 0600"));
}

}  // namespace waystation::config
