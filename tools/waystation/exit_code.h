#ifndef WAYSTATION_TOOLS_WAYSTATION_EXIT_CODE_H_
#define WAYSTATION_TOOLS_WAYSTATION_EXIT_CODE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

// What the command says when it fails: an exit code for scripts, and a text
// that names the thing, the problem, what came, what is wanted and the next
// command. Thread-safe functions.

namespace waystation::cli {

// The codes that README.md documents. They never change their meaning.
enum class ExitCode {
  kOk = 0,
  kFailure = 1,
  kUsage = 2,
  kNotFound = 3,
  kDenied = 4,
  kUnreachable = 5,
  kUnverified = 6,
};

ExitCode ExitCodeOf(const absl::Status& status);

// The command line itself is wrong.
absl::Status UsageError(const std::string& text);

// A signature, receipt or check did not hold.
absl::Status Unverified(const std::string& text);

// Names the command to try next, e.g. "waystation doctor". A prefix drops it,
// so add it last; a hint that is there already stays. OK stays OK.
absl::Status WithNext(absl::Status status, std::string_view command);

// The hint of `WithNext`, else one by the kind of error, else "".
std::string NextOf(const absl::Status& status);

// How the user calls this command: "tools/ws" from a checkout, else "waystation".
std::string CommandName();

// `command` with its leading "waystation" as the user calls it.
std::string AsTyped(std::string_view command);

// "waystation: <text>" and, when known, lines with reason and next command.
std::string FormatError(const absl::Status& status);

// The same as one JSON object on one line.
std::string FormatErrorJson(const absl::Status& status);

}  // namespace waystation::cli

#endif  // WAYSTATION_TOOLS_WAYSTATION_EXIT_CODE_H_
