#ifndef WAYSTATION_COMMON_CONFIG_CHECK_H_
#define WAYSTATION_COMMON_CONFIG_CHECK_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// What every service checks of its configuration. Each error is INVALID_ARGUMENT,
// or FAILED_PRECONDITION for what the file is there for and cannot be used, and
// begins with "config.<field>". Thread-safe functions.

namespace waystation::config {

absl::Status BadField(std::string_view field, std::string_view problem, std::string_view got,
                      std::string_view want);

// FAILED_PRECONDITION with the reason; OK stays OK.
absl::Status Unusable(std::string_view field, const absl::Status& why);

struct HostPort {
  std::string host;
  int port = 0;  // 0 to 65,535.
};
absl::StatusOr<HostPort> ParseHostPort(std::string_view field, std::string_view text);

// Fields and what they hold: none may be empty.
absl::Status CheckPresent(
    std::initializer_list<std::pair<std::string_view, const std::string*>> fields);

// Checks that nobody but its owner may read a file of a key. One that is not there
// passes: reading it says so better.
absl::Status CheckPrivate(std::string_view field, const std::string& path);

}  // namespace waystation::config

#endif  // WAYSTATION_COMMON_CONFIG_CHECK_H_
