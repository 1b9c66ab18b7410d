#ifndef WAYSTATION_TESTS_WIRE_FENCES_H_
#define WAYSTATION_TESTS_WIRE_FENCES_H_

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace waystation::wire {

// A named block of a Markdown file: "```hex header-1", its lines, "```".
struct Fence {
  std::string kind;  // "hex", "text" or "pem".
  std::string text;  // As it stands there.
};

// Reads every named fence; the name is kind and name, e.g. "hex header-1".
// Errors: INVALID_ARGUMENT a name stands there twice, or a fence has no end.
absl::StatusOr<std::map<std::string, Fence>> ReadFences(std::string_view markdown);

// The bytes of a hex fence, white space aside. Errors: INVALID_ARGUMENT.
absl::StatusOr<std::string> HexBytes(std::string_view hex);

// Reads a file below the root of the tests' data. Errors: NOT_FOUND.
absl::StatusOr<std::string> ReadDataFile(const std::string& path);

// Thread-safe functions.

}  // namespace waystation::wire

#endif  // WAYSTATION_TESTS_WIRE_FENCES_H_
