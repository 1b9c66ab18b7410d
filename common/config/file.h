#ifndef WAYSTATION_COMMON_CONFIG_FILE_H_
#define WAYSTATION_COMMON_CONFIG_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace waystation::config {

// The bytes of a file of at most `bytes_max`: configurations and the
// certificates and keys that they name. Thread-safe.
// Errors: NOT_FOUND there is no such file; PERMISSION_DENIED it may not be
// read; INVALID_ARGUMENT it is too large or no regular file.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t bytes_max);

}  // namespace waystation::config

#endif  // WAYSTATION_COMMON_CONFIG_FILE_H_
