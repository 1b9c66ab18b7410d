#ifndef WAYSTATION_TOOLS_WAYSTATION_FILES_H_
#define WAYSTATION_TOOLS_WAYSTATION_FILES_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

// Files as the command writes them: whole or not at all. Thread-safe functions;
// two writers of one file leave one of the two contents.

namespace waystation::cli {

enum class FileMode {
  kPublic,   // 0644
  kPrivate,  // 0600: keys, and whatever names staff.
};

// Writes beside `path`, syncs, and renames over it; makes missing folders
// (0700). Errors: PERMISSION_DENIED, or FAILED_PRECONDITION naming the path.
absl::Status WriteFile(const std::string& path, std::string_view content, FileMode mode);

// As WriteFile, but refuses to replace a file unless `force`.
// Errors: ALREADY_EXISTS.
absl::Status WriteNewFile(const std::string& path, std::string_view content, FileMode mode,
                          bool force);

// The message as text-proto with `comment` as its first line.
absl::Status WriteTextProto(const std::string& path, std::string_view comment,
                            const google::protobuf::Message& message, FileMode mode);

// Errors: as config::ReadFile; at most 4 MiB.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

// Makes a folder and its parents, mode 0700. OK when it is there.
absl::Status MakeFolder(const std::string& path);

// The last line of a text file that is not empty, at most 512 bytes; "" when
// there is none.
std::string LastLine(const std::string& path);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_FILES_H_
