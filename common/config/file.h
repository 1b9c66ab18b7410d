#ifndef WAYSTATION_COMMON_CONFIG_FILE_H_
#define WAYSTATION_COMMON_CONFIG_FILE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace waystation::config {

// The bytes of a file of at most `bytes_max`: configurations and the
// certificates and keys that they name. Thread-safe.
// Errors: NOT_FOUND there is no such file; PERMISSION_DENIED it may not be
// read; INVALID_ARGUMENT it is too large or no regular file.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t bytes_max);

// Writes a file whole, mode 0600: beside it, synced, renamed over it, and its
// folder synced. When it returns OK the bytes survive a loss of power; after an
// error the file is the old one or the new one, never a part. Thread-compatible:
// one writer for each path.
// Errors: NOT_FOUND there is no such folder; PERMISSION_DENIED it may not be
// written; UNAVAILABLE the disk did not take it.
absl::Status WriteFileDurably(const std::string& path, std::string_view bytes);

}  // namespace waystation::config

#endif  // WAYSTATION_COMMON_CONFIG_FILE_H_
